"""How a recipe is trained: everything that is not in the recipe itself."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cxrbench_baselines.examples.pixels import CacheUse

Progress = Callable[[str, int, int], None]
"""Called with the name of the work, how much of it is done and how much there is."""
QualityWatcher = Callable[[str, int, float], None]
"""Called with a stage, an epoch (from 1) and its validated quality; it ends the run by raising."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """Where the data are and where the run goes, on which device, from which seed.

    `start` are weight files to begin with: part of the network (or "" for all) to safetensors file. A part that has
    the name of a stage is taken as that stage left it: the stage is not run. `workers` are processes that load ahead;
    `threads` is torch's. `cache` says whether pixels may come from the image cache ("auto") or are always decoded
    ("off").
    """

    data: str | None
    out: Path
    tracks: tuple[str, ...] = ()
    device: str = "cpu"
    seed: int = 0
    fresh: bool = False
    workers: int = 0
    threads: int = 1
    cache: CacheUse = "auto"
    start: dict[str, Path] = field(default_factory=dict)
    watch: QualityWatcher | None = None
