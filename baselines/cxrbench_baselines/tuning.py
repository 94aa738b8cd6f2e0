"""Searching a recipe's hyper-parameters: Bayesian proposals, HyperBand, early stopping, and which of them mattered.

As Danilov et al. 2022, "Hyperparameter tuning" and "Hyperparameter correlation and importance": tree-structured Parzen
estimators propose (optuna), HyperBand ends what lags behind, and the validated quality of one stage is maximised. A
study is a journal file: an interrupted one goes on where it was, and makes the proposals that it would have made.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import optuna
import yaml
from cxrbench.errors import CxrbenchError, UsageError
from cxrbench.registry import make_unknown_name_error
from numpy.typing import NDArray
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState
from pydantic import Field, ValidationError

from cxrbench_baselines.recipe import PACKAGE, Recipe, Stopping, StrictModel, load_recipe
from cxrbench_baselines.training.fit import train_recipe
from cxrbench_baselines.training.memory import TooLargeError
from cxrbench_baselines.training.settings import Progress, TrainingSettings

Floats = NDArray[np.float64]
JOURNAL_FILE = "study.journal"
ENDED = (TrialState.COMPLETE, TrialState.PRUNED)
TREES = 200


class Range(StrictModel):
    """Any number from `low` to `high`, uniform; uniform in the logarithm where `log` is set."""

    low: float
    high: float
    log: bool = False


class Rungs(StrictModel):
    """HyperBand's epochs: the first at which a trial may be ended, and the factor from each to the next."""

    first: Annotated[int, Field(ge=1)]
    factor: Annotated[int, Field(ge=2)]


class SearchSpace(StrictModel):
    """What is searched: places in the recipe to their values, and how each trial of `stage` is trained."""

    stage: str
    paper: str = ""
    where: str = ""
    epochs: Annotated[int, Field(ge=1)]
    batch: Annotated[int, Field(ge=1)]
    stopping: Stopping | None = None
    rungs: Rungs
    search: Annotated[dict[str, tuple[str | bool | int | float, ...] | Range], Field(min_length=1)]
    not_stated: tuple[str, ...] = ()

    def changes(self) -> list[str]:
        """How a trial's training differs from the recipe's, as `--set` spells it."""
        stopping = None if self.stopping is None else self.stopping.model_dump()
        settings = {"epochs": self.epochs, "steps": None, "batch": self.batch, "stopping": stopping}
        return [f"stages.{self.stage}.{key}={json.dumps(value)}" for key, value in settings.items()]


@dataclass(frozen=True, slots=True)
class Search:
    """A recipe by its name or path, what is changed in it beforehand, what is searched, and how it is trained."""

    recipe: str
    changes: tuple[str, ...]
    space: SearchSpace
    settings: TrainingSettings

    @property
    def name(self) -> str:
        """The study's name: HyperBand draws a trial's bracket from it, so it is the same for the same search."""
        return f"{Path(self.recipe).stem}-{self.space.stage}-{self.settings.seed}"


def load_space(system: str, file: Path | None) -> SearchSpace:
    """A search space from a file, or the one that comes with a system.

    Args:
        system: Name of the system.
        file: The file; None for the packaged space.

    Returns:
        The checked space.

    Raises:
        UsageError: The system has no packaged space, or the file is unreadable or does not fit.
    """
    packaged = {path.stem: path for path in PACKAGE.glob("systems/*/spaces/*.yaml")}
    if file is None and system not in packaged:
        raise make_unknown_name_error("packaged search space", system, packaged)
    path = file or packaged[system]
    try:
        return SearchSpace.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"the search space cannot be read ({error})", str(path), "correct it") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole file"
        raise UsageError(
            f"the search space does not fit ({first['msg']})", f"{path.name}, {place}", "correct it"
        ) from error


def run_search(search: Search, trials: int, progress: Progress) -> optuna.Study:
    """Run the study until it has this many trials that came to an end; those of an interrupted run count.

    A trial that does not fit into memory counts as ended early.

    Args:
        search: What is searched.
        trials: Trials in all.
        progress: Called with the number of trials that came to an end.

    Returns:
        The study.

    Raises:
        UsageError: The recipe, a track or the stage's validation does not fit.
        DataError: Data are missing or unreadable.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = _open_study(search)
    _requeue_interrupted(study)
    while (done := len(study.get_trials(deepcopy=False, states=ENDED))) < trials:
        progress("tuning", done, trials)
        study.sampler = optuna.samplers.TPESampler(seed=search.settings.seed + done)
        study.optimize(lambda trial: _run_trial(search, trial), n_trials=1)
    progress("tuning", trials, trials)
    return study


def _open_study(search: Search) -> optuna.Study:
    search.settings.out.mkdir(parents=True, exist_ok=True)
    rungs, epochs = search.space.rungs, search.space.epochs
    pruner = optuna.pruners.HyperbandPruner(min(rungs.first, epochs), epochs, rungs.factor)
    storage = JournalStorage(JournalFileBackend(str(search.settings.out / JOURNAL_FILE)))
    return optuna.create_study(
        storage=storage, pruner=pruner, study_name=search.name, direction="maximize", load_if_exists=True
    )


def _requeue_interrupted(study: optuna.Study) -> None:
    """Trials that a killed run left are proposed again; their training goes on after its last epoch."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)


def _run_trial(search: Search, trial: optuna.Trial) -> float:
    """Train one proposal; its best validated quality. Raises `TrialPruned` where it lags behind or does not fit."""
    changes = propose_changes(search.space.search, trial)
    text = json.dumps(changes, sort_keys=True)
    folder = search.settings.out / "trials" / hashlib.sha256(text.encode()).hexdigest()[:16]
    best: list[float] = []

    def watch(stage: str, epoch: int, quality: float) -> None:
        if stage != search.space.stage:
            return
        best.append(quality)
        trial.report(quality, epoch)
        trial.set_user_attr("epochs", epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

    recipe = load_recipe(search.recipe, (*search.changes, *search.space.changes(), *changes))
    _check_validation(recipe, search.space)
    try:
        train_recipe(recipe, replace(search.settings, out=folder, watch=watch), lambda *_: None)
    except TooLargeError as error:
        trial.set_user_attr("reason", error.line)
        raise optuna.TrialPruned from error
    except optuna.TrialPruned:
        shutil.rmtree(folder)
        raise
    shutil.rmtree(folder)
    return max(best)


def _check_validation(recipe: Recipe, space: SearchSpace) -> None:
    if recipe.stage(space.stage).validation == 0:
        raise UsageError("tuning needs a validation", f"stages.{space.stage}.validation", "set it above 0")


def propose_changes(search: Mapping[str, Sequence[str | bool | int | float] | Range], trial: optuna.Trial) -> list[str]:
    """A trial's values as changes of the recipe.

    Args:
        search: Places in the recipe to their values.
        trial: Proposes one value per place.

    Returns:
        One change per place, as `--set` spells it.
    """
    changes = []
    for place, values in search.items():
        if isinstance(values, Range):
            value: Any = trial.suggest_float(place, values.low, values.high, log=values.log)
        else:
            value = trial.suggest_categorical(place, values)
        changes.append(f"{place}={json.dumps(value)}")
    return changes


def find_best_trial(study: optuna.Study) -> FrozenTrial:
    """The ended trial of the highest quality.

    Args:
        study: A study that was run.

    Returns:
        The trial.

    Raises:
        CxrbenchError: No trial was validated even once.
    """
    ended = [trial for trial in study.get_trials(deepcopy=False, states=ENDED) if trial.value is not None]
    if not ended:
        raise CxrbenchError("no trial was validated", study.study_name, "search smaller networks or images")
    return max(ended, key=lambda trial: trial.value or 0.0)


def list_changes(trial: FrozenTrial) -> list[str]:
    """A trial's values as changes of the recipe.

    Args:
        trial: A trial that was run.

    Returns:
        One change per place, as `--set` spells it.
    """
    return [f"{place}={json.dumps(value)}" for place, value in trial.params.items()]


@dataclass(frozen=True, slots=True)
class Effect:
    """How one hyper-parameter (or one value of it, for words) is related to the quality; None where undefined.

    `correlation` is Pearson's, in [-1, 1]; `importance` the fraction of a random forest's decrease of variance.
    """

    name: str
    correlation: float | None
    importance: float | None


def compute_effects(trials: Sequence[FrozenTrial], seed: int = 0) -> list[Effect]:
    """Each hyper-parameter, and the epochs trained, against the quality of the ended trials.

    Args:
        trials: Trials in any state; those that ended with a quality count.
        seed: Of the random forest.

    Returns:
        One row per hyper-parameter, most important first; undefined for fewer than 3 trials or a constant quality.
    """
    ended = [trial for trial in trials if trial.state in ENDED and trial.value is not None]
    names, table = _make_table(ended)
    quality = np.array([trial.value for trial in ended], np.float64)
    if len(ended) < 3 or quality.std() == 0:
        return [Effect(name, None, None) for name in names]
    from sklearn.ensemble import RandomForestRegressor

    shares = RandomForestRegressor(TREES, random_state=seed).fit(table, quality).feature_importances_
    rows = [
        Effect(name, _correlate(column, quality), float(share))
        for name, column, share in zip(names, table.T, shares, strict=True)
    ]
    return sorted(rows, key=lambda row: -(row.importance or 0))


def _correlate(column: Floats, quality: Floats) -> float | None:
    return float(np.corrcoef(column, quality)[0, 1]) if column.std() else None


def _make_table(trials: Sequence[FrozenTrial]) -> tuple[list[str], Floats]:
    """One row per trial: numbers as they are, a column of 0 and 1 for each word that occurs, and the epochs trained."""
    columns: dict[str, list[float]] = {"epochs": [float(trial.user_attrs.get("epochs", 0)) for trial in trials]}
    for place in dict.fromkeys(name for trial in trials for name in trial.params):
        values = [trial.params.get(place) for trial in trials]
        if all(isinstance(value, int | float) for value in values):
            columns[place] = [float(value or 0) for value in values]
            continue
        for word in dict.fromkeys(values):
            columns[f"{place}={word}"] = [float(value == word) for value in values]
    return list(columns), np.array(list(columns.values()), np.float64).T
