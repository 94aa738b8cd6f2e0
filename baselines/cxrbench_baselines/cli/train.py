"""`cxrbench train`: a recipe and data in, a submission folder out."""

import json
import platform
import shlex
import sys
import time
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click
from cxrbench.cli.output import data_option, json_option, note, print_json, print_table, progress_bar
from cxrbench.errors import CxrbenchError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cxrbench_baselines.recipe import Recipe
    from cxrbench_baselines.training.fit import Outcome, Settings


@click.command()
@click.argument("recipe", required=False)
@click.option("--track", "tracks", multiple=True, metavar="TRACK", help="Learn from its dataset; may be repeated.")
@data_option
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change the recipe: input.size=128.")
@click.option("--start", "starts", multiple=True, metavar="PART=FILE", help="First weights of a part.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--seed", default=0, show_default=True)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Of torch.")
@click.option("--workers", type=click.IntRange(0, 64), default=0, show_default=True, help="Processes that load.")
@click.option("--resume/--fresh", default=True, help="Go on where a run that died was, or start over.")
@click.option("--name", help="The submission's name (default: the recipe's).")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Default: submissions/NAME.")
@click.option("--list", "listing", is_flag=True, help="List the recipes that come with the package.")
@json_option
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
    resume: bool,
    name: str | None,
    out: Path | None,
    listing: bool,
    as_json: bool,
) -> None:
    """Train RECIPE (a name, or a YAML file) and write a submission that is ready to be evaluated."""
    from cxrbench_baselines.recipe import load_recipe

    if listing or recipe is None:
        _list(as_json)
        return
    loaded = load_recipe(recipe, changes)
    own = name or Path(recipe).stem
    folder = out or Path("submissions") / own
    need_torch()
    from cxrbench.runner.device import chosen_device

    from cxrbench_baselines.training.fit import Settings

    settings = Settings(
        data=data,
        out=folder,
        tracks=tracks,
        device=chosen_device(device),
        seed=seed,
        fresh=not resume,
        workers=workers,
        threads=threads,
        start=dict(start_of(one) for one in starts),
    )
    story = _train(loaded, settings, own)
    if as_json:
        print_json({"name": own, "folder": str(folder), **story})
    else:
        click.echo(f"{folder}: ready; cxrbench evaluate {folder}/submission.py")


def _list(as_json: bool) -> None:
    from cxrbench_baselines.recipe import load_recipe, packaged

    recipes = {name: load_recipe(name) for name in packaged()}
    if as_json:
        print_json({name: one.model_dump(mode="json") for name, one in recipes.items()})
        return
    rows = [(name, one.paper, one.title) for name, one in recipes.items()]
    print_table(("recipe", "paper", "title"), rows, flexible=("title",))


def need_torch() -> None:
    """Raise `CxrbenchError` where the packages that training needs are absent."""
    missing = [name for name in ("torch", "lightning", "segmentation_models_pytorch") if find_spec(name) is None]
    if missing:
        raise CxrbenchError(
            "training needs the extra baselines", ", ".join(missing), "pip install 'cxrbench[baselines]'"
        )


def start_of(text: str) -> tuple[str, Path]:
    """A part of the network and its weight file, from PART=FILE or PART=FOLDER. Raises `UsageError` for other text."""
    part, equals, file = text.partition("=")
    if not equals:
        raise UsageError("a start is written PART=FILE", text, "correct --start")
    path = Path(file)
    return part, path / "weights.safetensors" if path.is_dir() else path


def _told(stage: dict[str, Any]) -> str:
    """A stage in a line: the epoch that was kept, its loss, its quality where it was measured."""
    if not stage["epochs"]:
        return f"{stage['stage']}: {stage['cases'] + stage['validation_cases']} cases, solved"
    kept = next((one for one in stage["epochs"] if one["epoch"] == stage["kept_epoch"]), stage["epochs"][-1])
    quality = f", quality {kept['quality']:.3f}" if "quality" in kept else ""
    epochs = f"epoch {stage['kept_epoch'] + 1} of {len(stage['epochs'])} kept"
    return f"{stage['stage']}: {stage['cases']} cases, {epochs}, loss {kept['loss']:.4f}{quality}"


def _train(recipe: "Recipe", settings: "Settings", name: str) -> dict[str, Any]:
    """Run every stage, save the submission, and return its story."""
    from cxrbench_baselines.saved import save_system
    from cxrbench_baselines.training.fit import train as run

    started = time.monotonic()
    with Bars() as bars:
        outcome = run(recipe, settings, bars.show)
    story = _story(outcome, settings, round(time.monotonic() - started))
    save_system(outcome.system, settings.out, name, outcome.parts, story)
    for one in outcome.story:
        note(_told(one))
    return story


def _story(outcome: "Outcome", settings: "Settings", seconds: int) -> dict[str, Any]:
    import torch
    from cxrbench.results.provenance import cpu_name

    gpu = torch.cuda.get_device_name() if settings.device.startswith("cuda") else None
    return {
        "command": shlex.join(["cxrbench", *sys.argv[1:]]),
        "seed": settings.seed,
        "seconds": seconds,
        "hardware": gpu or f"{settings.threads} threads of {cpu_name()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "learnt_from": list(outcome.parts),
        "stages": json.loads(json.dumps(outcome.story)),
    }


class Bars:
    """One progress bar after the other, on stderr: a new one whenever the words change."""

    def __init__(self) -> None:
        self.stack, self.words = ExitStack(), ""
        self.update: Callable[[int, int], None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.stack.close()

    def show(self, words: str, done: int, all_: int) -> None:
        """How much of what is done."""
        if words != self.words:
            self.stack.close()
            self.words, self.update = words, self.stack.enter_context(progress_bar(words))
        if self.update is not None:
            self.update(done, all_)
