"""`cxrbench tune`: search a recipe's hyper-parameters, and write the best of them as a recipe."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from cxrbench.cli.output import add_data_option, add_json_option, print_json, print_note, print_table
from cxrbench.errors import CxrbenchError

from cxrbench_baselines.cli.train import ProgressBars, parse_start, require_torch

if TYPE_CHECKING:
    import optuna

    from cxrbench_baselines.examples.pixels import CacheUse
    from cxrbench_baselines.tuning import Search


@click.command()
@click.argument("recipe")
@click.option("--track", "tracks", multiple=True, metavar="TRACK", help="Learn from its dataset; may be repeated.")
@add_data_option
@click.option("--space", type=click.Path(path_type=Path, dir_okay=False), help="Search space (default: its system's).")
@click.option(
    "--trials", type=click.IntRange(1), default=100, show_default=True, help="In all, with those done before."
)
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change the recipe before the search.")
@click.option("--start", "starts", multiple=True, metavar="PART=FILE", help="First weights of a part.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--seed", default=0, show_default=True)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Of torch.")
@click.option(
    "--cache",
    type=click.Choice(["auto", "off"]),
    default="auto",
    show_default=True,
    help="Read whole radiographs from the image cache of `datasets prepare` where it fits, or always decode.",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Default: tuning/RECIPE.")
@add_json_option
def tune(
    recipe: str,
    tracks: tuple[str, ...],
    data: str | None,
    space: Path | None,
    trials: int,
    changes: tuple[str, ...],
    starts: tuple[str, ...],
    device: str,
    seed: int,
    threads: int,
    cache: "CacheUse",
    out: Path | None,
    as_json: bool,
) -> None:
    """Search the hyper-parameters of RECIPE; the same command goes on with a search that was ended."""
    from cxrbench_baselines.recipe import load_recipe

    loaded = load_recipe(recipe, changes)
    require_torch()
    if find_spec("optuna") is None:
        raise CxrbenchError("tuning needs the extra baselines", "optuna", "pip install 'cxrbench[baselines]'")
    from cxrbench.runner.device import choose_device

    from cxrbench_baselines import tuning
    from cxrbench_baselines.training.settings import TrainingSettings

    settings = TrainingSettings(
        data=data,
        out=out or Path("tuning") / Path(recipe).stem,
        tracks=tracks,
        device=choose_device(device),
        seed=seed,
        threads=threads,
        cache=cache,
        start=dict(parse_start(start) for start in starts),
    )
    search = tuning.Search(recipe, changes, tuning.load_space(loaded.system, space), settings)
    with ProgressBars() as bars:
        study = tuning.run_search(search, trials, bars.show)
    _report_search(search, study, as_json=as_json)


def _report_search(search: "Search", study: "optuna.Study", *, as_json: bool) -> None:
    """Write the best recipe, and print its changes and which hyper-parameters mattered."""
    from cxrbench_baselines import tuning
    from cxrbench_baselines.recipe import dump_recipe, load_recipe

    best = tuning.find_best_trial(study)
    changes = tuning.list_changes(best)
    file = search.settings.out / "best.yaml"
    file.write_text(dump_recipe(load_recipe(search.recipe, (*search.changes, *changes))), "utf-8")
    rows = tuning.compute_effects(study.get_trials(deepcopy=False), search.settings.seed)
    if as_json:
        effects = [{"name": row.name, "correlation": row.correlation, "importance": row.importance} for row in rows]
        print_json(
            {**_count_states(study), "quality": best.value, "changes": changes, "effects": effects, "recipe": str(file)}
        )
        return
    print_table(
        ("hyper-parameter", "correlation", "importance"),
        [(row.name, _format_number(row.correlation), _format_number(row.importance)) for row in rows],
        flexible=("hyper-parameter",),
    )
    click.echo(f"best quality {best.value:.4f}: {' '.join(changes)}")
    print_note(f"cxrbench train {file}")


def _count_states(study: "optuna.Study") -> dict[str, Any]:
    trials = study.get_trials(deepcopy=False)
    states = [trial.state.name.lower() for trial in trials]
    return {"trials": {name: states.count(name) for name in sorted(set(states))}}


def _format_number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
