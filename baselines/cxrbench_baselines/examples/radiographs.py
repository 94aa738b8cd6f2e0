"""Training examples of radiographs: read and preprocessed once, kept in memory, augmented anew in every epoch."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from cxrbench.case import Case
from numpy.typing import NDArray
from torch.utils.data import Dataset

from cxrbench_baselines.examples.augmentation import Augmentation
from cxrbench_baselines.examples.pixels import Caches, PixelSource
from cxrbench_baselines.examples.targets import MAP_TARGETS, read_targets
from cxrbench_baselines.framing import View, normalise_square, to_square
from cxrbench_baselines.recipe import InputSpec, Step

Batch = dict[str, torch.Tensor]
Bytes = NDArray[np.uint8]
Arrays = dict[str, NDArray[Any]]
ViewFinder = Callable[[NDArray[np.float32]], View]
Done = Callable[[int, int], None]


class RadiographDataset(Dataset[Batch]):
    """Examples as dicts: `image` float32 `[C, S, S]` and the stage's targets (see `examples.targets`).

    `epoch` moves the random changes on. Example i of epoch e of a seed is the same whenever and by whichever worker it
    is read, so a resumed run sees what an uninterrupted one would.
    """

    def __init__(self, examples: Sequence[Arrays], spec: InputSpec, steps: Sequence[Step] = (), seed: int = 0) -> None:
        self.examples, self.input, self.seed, self.epoch = examples, spec, seed, 0
        self.augmentation = Augmentation(steps, spec.size, tuple(MAP_TARGETS)) if steps else None

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Batch:
        """Example `index`, changed at random where the stage augments."""
        example = dict(self.examples[index])
        if self.augmentation is not None:
            example = self.augmentation(example, derive_seed(self.seed, self.epoch, index))
        example["image"] = normalise_square(example["image"], self.input)
        return {key: torch.from_numpy(np.array(value, order="C")) for key, value in example.items()}


def derive_seed(seed: int, epoch: int, index: int) -> int:
    """One seed for one example of one epoch.

    Args:
        seed: Seed of the run.
        epoch: Number of the epoch, from 0.
        index: Number of the example.

    Returns:
        A number in 0...2**32 - 1.

    Example:
        >>> derive_seed(0, 1, 2) == derive_seed(0, 1, 2), derive_seed(0, 1, 2) == derive_seed(0, 2, 1)
        (True, False)
    """
    return int(np.random.SeedSequence((seed, epoch, index)).generate_state(1)[0])


def read_examples(
    cases: Sequence[Case],
    spec: InputSpec,
    targets: tuple[str, ...],
    look: ViewFinder | None,
    done: Done,
    *,
    source: PixelSource | None = None,
) -> list[Arrays]:
    """Each case as its square and its targets.

    Args:
        cases: Radiographs.
        spec: What the network sees.
        targets: Names of the targets (see `examples.targets`).
        look: What of a radiograph `[H, W]` is seen; None for all of it.
        done: Called with the number of cases read and the number of cases.
        source: Where pixels may come from; the image cache is read only where all of a radiograph is seen. Without it
            every file is decoded.

    Returns:
        One dict per case: `image` uint8 `[S, S]`, and one array per target.

    Raises:
        DataError: A file is unreadable.
    """
    source = source or PixelSource()
    caches = {name: source.find_caches(name) for name in dict.fromkeys(case.dataset for case in cases)}
    examples = []
    for number, case in enumerate(cases, 1):
        image = None if look is not None else _read_cached(case, spec, source, caches[case.dataset])
        square, view = image or _decode(case, spec, look or _view_all)
        examples.append({"image": square, **read_targets(case, targets, view, spec.size)})
        done(number, len(cases))
    return examples


def _view_all(pixels: NDArray[np.float32]) -> View:
    return View.whole(pixels.shape)


def _read_cached(case: Case, spec: InputSpec, source: PixelSource, caches: Caches) -> tuple[Bytes, View] | None:
    """A whole radiograph's square from the cache, and its view in the pixels of its file; None where none serves."""
    cached = source.read_cached(case, caches, spec.size)
    if cached is None:
        return None
    return to_square(cached.pixels, _view_all(cached.pixels), spec), View.whole(cached.shape)


def _decode(case: Case, spec: InputSpec, look: ViewFinder) -> tuple[Bytes, View]:
    """A radiograph's square from its file, and what of it is seen."""
    pixels = np.asarray(case.image().pixels, np.float32)
    view = look(pixels)
    return to_square(pixels, view, spec), view
