"""`cxrbench tune`: search a recipe's hyper-parameters, and write the best of them as a recipe."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from cxrbench.cli.output import data_option, json_option, note, print_json, print_table
from cxrbench.errors import CxrbenchError

from cxrbench_baselines.cli.train import Bars, need_torch, start_of

if TYPE_CHECKING:
    import optuna

    from cxrbench_baselines.tuning import Search


@click.command()
@click.argument("recipe")
@click.option("--track", "tracks", multiple=True, metavar="TRACK", help="Learn from its dataset; may be repeated.")
@data_option
@click.option("--space", type=click.Path(path_type=Path, dir_okay=False), help="Search space (default: its system's).")
@click.option(
    "--trials", type=click.IntRange(1), default=100, show_default=True, help="In all, with those done before."
)
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change the recipe before the search.")
@click.option("--start", "starts", multiple=True, metavar="PART=FILE", help="First weights of a part.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--seed", default=0, show_default=True)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Of torch.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Default: tuning/RECIPE.")
@json_option
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
    out: Path | None,
    as_json: bool,
) -> None:
    """Search the hyper-parameters of RECIPE; the same command goes on with a search that was ended."""
    from cxrbench_baselines.recipe import load_recipe

    loaded = load_recipe(recipe, changes)
    need_torch()
    if find_spec("optuna") is None:
        raise CxrbenchError("tuning needs the extra tune", "optuna", "pip install 'cxrbench[tune]'")
    from cxrbench.runner.device import chosen_device

    from cxrbench_baselines import tuning
    from cxrbench_baselines.training.fit import Settings

    settings = Settings(
        data=data,
        out=out or Path("tuning") / Path(recipe).stem,
        tracks=tracks,
        device=chosen_device(device),
        seed=seed,
        threads=threads,
        start=dict(start_of(one) for one in starts),
    )
    search = tuning.Search(recipe, changes, tuning.load_space(loaded.system, space), settings)
    with Bars() as bars:
        study = tuning.tune(search, trials, bars.show)
    _tell(search, study, as_json=as_json)


def _tell(search: "Search", study: "optuna.Study", *, as_json: bool) -> None:
    """Write the best recipe, and print what was found."""
    from cxrbench_baselines import tuning
    from cxrbench_baselines.recipe import dump, load_recipe

    best = tuning.best_trial(study)
    found = tuning.changes_of(best)
    file = search.settings.out / "best.yaml"
    file.write_text(dump(load_recipe(search.recipe, (*search.changes, *found))), "utf-8")
    rows = tuning.effects(study.get_trials(deepcopy=False), search.settings.seed)
    if as_json:
        effects = [{"name": row.name, "correlation": row.correlation, "importance": row.importance} for row in rows]
        print_json(
            {**_summary(study), "quality": best.value, "changes": found, "effects": effects, "recipe": str(file)}
        )
        return
    print_table(
        ("hyper-parameter", "correlation", "importance"),
        [(row.name, _number(row.correlation), _number(row.importance)) for row in rows],
        flexible=("hyper-parameter",),
    )
    click.echo(f"best quality {best.value:.4f}: {' '.join(found)}")
    note(f"cxrbench train {file}")


def _summary(study: "optuna.Study") -> dict[str, Any]:
    trials = study.get_trials(deepcopy=False)
    states = [trial.state.name.lower() for trial in trials]
    return {"trials": {name: states.count(name) for name in sorted(set(states))}}


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
