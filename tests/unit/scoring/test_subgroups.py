"""Subgroups: which cases they have, and metrics equal to those of their cases scored alone."""

import numpy as np
import pytest
from cxrbench.case import Case, Targets
from cxrbench.scoring.subgroups import MIN_CASES, MIN_PATIENTS, group_cases, score_subgroups
from cxrbench.stats import compute_intervals
from cxrbench.tasks import tasks

RNG = np.random.default_rng(11)
SEED = 7


def case(i, patient, **given):
    targets = {key: given.pop(key) for key in list(given) if key in Targets.__dataclass_fields__}
    return Case(id=f"c{i}", patient=patient, dataset="d", targets=Targets(**targets), meta=given)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"sex": "M"}, "sex=male"),
        ({"sex": "female"}, "sex=female"),
        ({"age": 59}, "age=40-59"),
        ({"age": 60.5}, "age=60-79"),
        ({"view": "AP Supine"}, "view=AP Supine"),
        ({"site": "a", "source": "b"}, "site=a"),
        ({"source": "b"}, "site=b"),
        ({"brixia": (0,) * 6}, "severity=none"),
        ({"brixia": (1,) * 6}, "severity=low"),
        ({"zone_severity": 2.5}, "severity=middle"),
        ({"ct_grade": 4}, "severity=high"),
    ],
)
def test_what_a_dataset_gives_of_a_case_names_its_subgroup(given, name):
    other = case(1, "b", sex="x", age="50+", view="other", site="other", extent=8 if name != "severity=high" else 1)
    twin = case(2, "c", sex="F" if name == "sex=male" else "M", age=5)
    assert group_cases([case(0, "a", **given), other, twin])[name].tolist() == [0]


def test_a_missing_or_constant_key_makes_no_subgroup():
    groups = group_cases([case(0, "a", sex="M", view="PA"), case(1, "b", view="PA"), case(2, "c", sex="F")])
    assert {name: rows.tolist() for name, rows in groups.items()} == {"sex=male": [0], "sex=female": [2]}


def make_cases(n, **keys):
    return [case(i, f"p{i % (n // 2):03}", **{key: fn(i) for key, fn in keys.items()}) for i in range(n)]


def make_predicted(task, n=120):
    """Cases of a task with two sexes, and predictions for them."""
    sex = {"sex": lambda i: "M" if i % 3 else "F"}
    truth, pred = RNG.integers(0, 7, n).astype(float), RNG.uniform(0, 6, n)
    if task == "zone-severity":
        cases = make_cases(n, zone_severity=lambda i: truth[i], finding=lambda i: truth[i] > 0, **sex)
        return cases, [{"zone_severity": np.array(value)} for value in pred]
    if task == "detection":
        cases = make_cases(n, finding=lambda i: bool(truth[i] > 3), **sex)
        return cases, [{"probability": np.array(value / 6)} for value in pred]
    if task == "outcome":
        cases = make_cases(n, icu=lambda i: bool(i % (n // 2) % 2), death=lambda i: bool(i % (n // 2) % 5 == 0), **sex)
        return cases, [{"icu": np.array(value / 6), "death": np.array(value / 6)} for value in pred]
    cases = make_cases(n, brixia=lambda i: tuple(RNG.integers(0, 4, 6).tolist()), **sex)
    return cases, [{"brixia": RNG.uniform(0, 3, 6)} for _ in range(n)]


def score(task, cases, predictions):
    by_id = {scored.id: prediction for scored, prediction in zip(cases, predictions, strict=True)}

    def measure(chosen):
        return tasks[task].measure(
            chosen, [by_id[scored.id] for scored in chosen], [scored.patient for scored in chosen]
        )

    whole = measure(cases)
    patients = [scored.patient for scored in cases]
    return score_subgroups(cases, patients, whole, measure, seed=SEED, primary=tasks[task].primary), whole, measure


@pytest.mark.parametrize("task", ["zone-severity", "detection", "outcome", "brixia-severity"])
def test_a_subgroup_has_the_values_of_its_cases_scored_alone(task):
    cases, predictions = make_predicted(task)
    subgroups, _, measure = score(task, cases, predictions)
    women = [scored for scored in cases if scored.meta["sex"] == "F"]
    alone = {key: metric for key, metric in measure(women).items() if "[" not in key}
    assert set(subgroups["sex=female"]) == set(alone)
    patients = len({scored.patient for scored in women})
    for key, expected in alone.items():
        metric = subgroups["sex=female"][key]
        assert metric.value == pytest.approx(expected.estimator.point(), abs=1e-9), key
        assert (metric.n, metric.n_patients) == (len(women), patients), key
        assert metric.low <= metric.value <= metric.high


def test_a_subgroup_of_all_cases_has_the_same_interval():
    cases, predictions = make_predicted("zone-severity")
    _, whole, _ = score("zone-severity", cases, predictions)
    restricted = whole["mae"].restrict(np.ones(len(cases), bool))
    sides = {"whole": whole["mae"].estimator, "restricted": restricted.estimator}
    intervals = compute_intervals(sides, n=len(cases), n_patients=60, seed=SEED)
    assert intervals["whole"].low == pytest.approx(intervals["restricted"].low, abs=1e-12)
    assert intervals["whole"].high == pytest.approx(intervals["restricted"].high, abs=1e-12)


@pytest.mark.parametrize(("few", "patients"), [(MIN_CASES - 1, MIN_CASES), (MIN_CASES + 5, MIN_PATIENTS - 1)])
def test_a_small_subgroup_is_suppressed_with_its_size(few, patients):
    cases = [case(i, f"m{i}", zone_severity=float(i % 7), sex="M") for i in range(60)]
    cases += [case(60 + i, f"f{i % patients}", zone_severity=float(i % 7), sex="F") for i in range(few)]
    predictions = [{"zone_severity": np.array(3.0)} for _ in cases]
    subgroups, _, _ = score("zone-severity", cases, predictions)
    assert set(subgroups["sex=female"]) == {"mae"}
    metric = subgroups["sex=female"]["mae"]
    assert (metric.value, metric.low, metric.n, metric.better) == (None, None, few, "lower")
    assert metric.undefined.startswith("suppressed: fewer than 20 cases or 10 patients")
    assert subgroups["sex=male"]["mae"].value is not None
