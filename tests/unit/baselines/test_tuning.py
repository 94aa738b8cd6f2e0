"""The search: resumable, with the effect of each hyper-parameter, and through the real command on the phantom."""

import json

import numpy as np
import optuna
import pytest
import yaml
from cxrbench.errors import UsageError
from cxrbench_baselines import tuning
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.training.settings import TrainingSettings
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import create_trial

SMALL = """
stage: lungs
epochs: 2
batch: 16
rungs: {first: 1, factor: 2}
search:
  stages.lungs.loss.seg: [bce, dice]
  stages.lungs.optimizer.lr: {low: 0.0001, high: 0.01, log: true}
"""


@pytest.fixture
def space(tmp_path):
    file = tmp_path / "space.yaml"
    file.write_text(SMALL)
    return file


@pytest.fixture
def search(space, tmp_path):
    settings = TrainingSettings(data=None, out=tmp_path / "study", seed=3)
    return tuning.Search("lung-pspnet", (), tuning.load_space("danilov-lungs", space), settings)


def surrogate(monkeypatch, calls, fail_at=None):
    """Training that is a formula: the nearer the rate to 0.001 the better, Dice better than cross-entropy."""

    def train(recipe, settings, progress):
        stage = recipe.stage("lungs")
        calls.append((stage.loss["seg"], stage.optimizer.lr))
        if len(calls) == fail_at:
            raise KeyboardInterrupt
        settings.out.mkdir(parents=True)
        quality = 0.9 - 0.1 * abs(np.log10(stage.optimizer.lr / 0.001)) + 0.05 * (stage.loss["seg"] == "dice")
        for epoch in range(1, stage.epochs + 1):
            settings.watch("lungs", epoch, quality * epoch / stage.epochs)

    monkeypatch.setattr(tuning, "train_recipe", train)


def quiet(*_):
    pass


def test_an_interrupted_search_goes_on_to_the_same_trials(search, monkeypatch, tmp_path):
    whole, resumed = [], []
    surrogate(monkeypatch, whole)
    tuning.run_search(search, 6, quiet)
    again = tuning.Search(search.recipe, (), search.space, TrainingSettings(data=None, out=tmp_path / "other", seed=3))
    surrogate(monkeypatch, resumed, fail_at=4)
    with pytest.raises(KeyboardInterrupt):
        tuning.run_search(again, 6, quiet)
    study = tuning.run_search(again, 6, quiet)
    assert resumed[:3] == whole[:3]
    assert resumed[3] == resumed[4] == whole[3]
    assert len(study.get_trials(states=tuning.ENDED)) == 6
    tuning.run_search(again, 6, quiet)
    assert len(resumed) == 7  # nothing was left to do


def test_a_trial_of_a_killed_process_is_proposed_again(search, monkeypatch):
    study = tuning._open_study(search)
    left = study.ask()
    proposed = tuning.propose_changes(search.space.search, left)
    calls = []
    surrogate(monkeypatch, calls)
    study = tuning.run_search(search, 1, quiet)
    assert tuning.list_changes(tuning.find_best_trial(study)) == proposed


def test_the_trials_are_trained_as_the_space_says(search):
    recipe = load_recipe("lung-pspnet", search.space.changes())
    assert (recipe.stage("lungs").epochs, recipe.stage("lungs").batch) == (2, 16)
    assert recipe.stage("lungs").stopping is None


def make_trials(count=60):
    """Trials whose quality is a line in the rate's logarithm, with an encoder that does nothing."""
    rng = np.random.default_rng(0)
    rates, encoders = {"rate": FloatDistribution(-4, -1)}, {"encoder": CategoricalDistribution(("a", "b"))}
    trials = []
    for _ in range(count):
        params = {"rate": float(rng.uniform(-4, -1)), "encoder": str(rng.choice(["a", "b"]))}
        quality = 0.5 - 0.1 * params["rate"] + float(rng.normal(0, 0.001))
        attrs = {"epochs": int(rng.integers(1, 16))}
        trials.append(create_trial(value=quality, params=params, distributions=rates | encoders, user_attrs=attrs))
    return trials


def test_effects_show_which_hyper_parameters_matter():
    rows = {row.name: row for row in tuning.compute_effects(make_trials())}
    assert set(rows) == {"rate", "encoder=a", "encoder=b", "epochs"}
    assert rows["rate"].correlation == pytest.approx(-1, abs=0.01)
    assert rows["rate"].importance > 0.9
    assert max(rows[name].importance for name in rows if name != "rate") <= 0.05
    assert sum(row.importance for row in rows.values()) == pytest.approx(1)


def test_effects_of_too_few_trials_are_undefined():
    assert {(row.correlation, row.importance) for row in tuning.compute_effects(make_trials(2))} == {(None, None)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SMALL + "more: 1\n", "space.yaml, more"),
        (SMALL.replace("epochs: 2", "epochs: 0"), "space.yaml, epochs"),
        ("- a\n", "does not fit"),
        ("a: [", "cannot be read"),
    ],
)
def test_a_space_that_does_not_fit_is_an_error(space, text, words):
    space.write_text(text)
    with pytest.raises(UsageError, match=words):
        tuning.load_space("danilov-lungs", space)


@pytest.mark.parametrize("system", ["danilov-lungs", "danilov-disease"])
def test_the_packaged_spaces_are_the_papers(system):
    space = tuning.load_space(system, None)
    assert (space.epochs, space.rungs.factor, space.batch) == (16, 2, 4)
    pruner = optuna.pruners.SuccessiveHalvingPruner(space.rungs.first, space.rungs.factor)
    assert [pruner._min_resource * 2**rung for rung in (0, 1)] == [4, 8]
    recipe = "lung-unet" if system == "danilov-lungs" else "mtl-unet"
    for place, values in space.search.items():
        for value in values:
            load_recipe(recipe, [*space.changes(), f"{place}={json.dumps(value)}"])


def test_an_unknown_space_names_the_nearest():
    with pytest.raises(UsageError, match="danilov-lungs"):
        tuning.load_space("danilov-lung", None)


def test_three_trials_write_the_best_as_a_recipe(command, space, tmp_path):
    out = tmp_path / "study"
    small = ("input.size=32", "network.encoder=efficientnet-b0", "network.pretrained=none")
    changes = [word for change in (*small, "stages.lungs.augmentation=[]") for word in ("--set", change)]
    track = ("--track", "lung-segmentation/phantom/train")
    done = command("tune", "lung-pspnet", *track, *changes, "--space", space, "--trials", 3, "--out", out, "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert sum(report["trials"].values()) == 3
    assert 0 <= report["quality"] <= 1
    best = load_recipe(out / "best.yaml")
    assert best == load_recipe("lung-pspnet", [*small, "stages.lungs.augmentation=[]", *report["changes"]])
    assert best.stage("lungs").batch == load_recipe("lung-pspnet").stage("lungs").batch
    assert {row["name"] for row in report["effects"]} >= {"epochs", "stages.lungs.optimizer.lr"}
    assert yaml.safe_load((out / "best.yaml").read_text())["system"] == "danilov-lungs"
    assert not list(out.glob("trials/*"))
