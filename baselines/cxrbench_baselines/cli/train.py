"""`cxrbench train`: a recipe and data in, a submission folder out."""

import json
import platform
import shlex
import sys
import time
from collections import Counter
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click
from cxrbench.cli.output import add_data_option, add_json_option, print_json, print_note, print_table, show_progress
from cxrbench.errors import CxrbenchError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cxrbench_baselines.examples.pixels import CacheUse
    from cxrbench_baselines.recipe import Recipe
    from cxrbench_baselines.training.fit import TrainingOutcome
    from cxrbench_baselines.training.settings import TrainingSettings


@click.command()
@click.argument("recipe", required=False)
@click.option("--track", "tracks", multiple=True, metavar="TRACK", help="Learn from its dataset; may be repeated.")
@add_data_option
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change the recipe: input.size=128.")
@click.option("--start", "starts", multiple=True, metavar="PART=FILE", help="First weights of a part.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--seed", default=0, show_default=True)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Of torch.")
@click.option("--workers", type=click.IntRange(0, 64), default=0, show_default=True, help="Processes that load.")
@click.option(
    "--cache",
    type=click.Choice(["auto", "off"]),
    default="auto",
    show_default=True,
    help="Read whole radiographs from the image cache of `datasets prepare` where it fits, or always decode.",
)
@click.option("--resume/--fresh", default=True, help="Go on where a run that died was, or start over.")
@click.option("--name", help="The submission's name (default: the recipe's).")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Default: submissions/NAME.")
@click.option("--list", "listing", is_flag=True, help="List the recipes that come with the package.")
@add_json_option
def train(
    recipe: str | None,
    tracks: tuple[str, ...],
    data: str | None,
    changes: tuple[str, ...],
    starts: tuple[str, ...],
    device: str,
    seed: int,
    threads: int,
    workers: int,
    cache: "CacheUse",
    resume: bool,
    name: str | None,
    out: Path | None,
    listing: bool,
    as_json: bool,
) -> None:
    """Train RECIPE (a name, or a YAML file) and write a submission that is ready to be evaluated."""
    from cxrbench_baselines.recipe import load_recipe

    if listing or recipe is None:
        _print_recipes(as_json)
        return
    loaded = load_recipe(recipe, changes)
    submission = name or Path(recipe).stem
    folder = out or Path("submissions") / submission
    require_torch()
    from cxrbench.runner.device import choose_device

    from cxrbench_baselines.training.settings import TrainingSettings

    settings = TrainingSettings(
        data=data,
        out=folder,
        tracks=tracks,
        device=choose_device(device),
        seed=seed,
        fresh=not resume,
        workers=workers,
        threads=threads,
        cache=cache,
        start=dict(parse_start(start) for start in starts),
    )
    record = _run_training(loaded, settings, submission)
    if as_json:
        print_json({"name": submission, "folder": str(folder), **record})
    else:
        click.echo(f"{folder}: ready; cxrbench evaluate {folder}/submission.py")


def _print_recipes(as_json: bool) -> None:
    from cxrbench_baselines.recipe import list_recipes, load_recipe

    recipes = {name: load_recipe(name) for name in list_recipes()}
    if as_json:
        print_json({name: recipe.model_dump(mode="json") for name, recipe in recipes.items()})
        return
    rows = [(name, recipe.paper, recipe.title) for name, recipe in recipes.items()]
    print_table(("recipe", "paper", "title"), rows, flexible=("title",))


def require_torch() -> None:
    """Raise `CxrbenchError` where the packages that training needs are absent."""
    missing = [name for name in ("torch", "lightning", "segmentation_models_pytorch") if find_spec(name) is None]
    if missing:
        raise CxrbenchError(
            "training needs the extra baselines", ", ".join(missing), "pip install 'cxrbench[baselines]'"
        )


def parse_start(text: str) -> tuple[str, Path]:
    """A part of the network and its weight file.

    Args:
        text: PART=FILE or PART=FOLDER.

    Returns:
        The part's name and the file.

    Raises:
        UsageError: The text has no equals sign.

    Example:
        >>> parse_start("lungs=weights.safetensors")[0]
        'lungs'
    """
    part, equals, file = text.partition("=")
    if not equals:
        raise UsageError("a start is written PART=FILE", text, "correct --start")
    path = Path(file)
    return part, path / "weights.safetensors" if path.is_dir() else path


def _describe_stage(stage: dict[str, Any]) -> str:
    """A stage in a line: the epoch that was kept, its loss, its quality where it was measured."""
    if not stage["epochs"]:
        return f"{stage['stage']}: {stage['cases'] + stage['validation_cases']} cases, solved"
    epochs = stage["epochs"]
    kept = next((epoch for epoch in epochs if epoch["epoch"] == stage["kept_epoch"]), epochs[-1])
    quality = f", quality {kept['quality']:.3f}" if "quality" in kept else ""
    which = f"epoch {stage['kept_epoch'] + 1} of {len(epochs)} kept"
    return f"{stage['stage']}: {stage['cases']} cases, {which}, loss {kept['loss']:.4f}{quality}"


def _describe_pixels(stages: list[dict[str, Any]]) -> str | None:
    """How many images of all stages came from the image cache, in a line; None where all were decoded."""
    counts: Counter[str] = Counter()
    for stage in stages:
        counts.update(stage.get("pixels", {}))
    caches = sorted(name for name in counts if name != "decoded")
    if not caches:
        return None
    cached = sum(counts[name] for name in caches)
    return f"pixels: {cached} of {counts.total()} images read from the image cache ({', '.join(caches)})"


def _run_training(recipe: "Recipe", settings: "TrainingSettings", name: str) -> dict[str, Any]:
    """Run every stage, save the submission, and return its record."""
    from cxrbench_baselines.saved import save_system
    from cxrbench_baselines.training.fit import train_recipe

    started = time.monotonic()
    with ProgressBars() as bars:
        outcome = train_recipe(recipe, settings, bars.show)
    record = _make_record(outcome, settings, round(time.monotonic() - started))
    save_system(outcome.system, settings.out, name, outcome.parts, record)
    pixels = _describe_pixels(outcome.stages)
    for line in [_describe_stage(stage) for stage in outcome.stages] + ([pixels] if pixels else []):
        print_note(line)
    return record


def _make_record(outcome: "TrainingOutcome", settings: "TrainingSettings", seconds: int) -> dict[str, Any]:
    import torch
    from cxrbench.results.provenance import read_cpu_name

    gpu = torch.cuda.get_device_name() if settings.device.startswith("cuda") else None
    return {
        "command": shlex.join(["cxrbench", *sys.argv[1:]]),
        "seed": settings.seed,
        "seconds": seconds,
        "hardware": gpu or f"{settings.threads} threads of {read_cpu_name()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "learnt_from": list(outcome.parts),
        "stages": json.loads(json.dumps(outcome.stages)),
    }


class ProgressBars:
    """One progress bar after the other, on stderr: a new one whenever the name of the work changes."""

    def __init__(self) -> None:
        self.stack, self.words = ExitStack(), ""
        self.update: Callable[[int, int], None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.stack.close()

    def show(self, words: str, done: int, total: int) -> None:
        """Show progress.

        Args:
            words: Name of the work.
            done: How much of it is done.
            total: How much there is.
        """
        if words != self.words:
            self.stack.close()
            self.words, self.update = words, self.stack.enter_context(show_progress(words))
        if self.update is not None:
            self.update(done, total)
