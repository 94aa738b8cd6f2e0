import numpy as np
import pytest
from cxrbench.case import Case, Targets
from cxrbench.scoring.subgroups import MIN_CASES, MIN_PATIENTS, memberships, restricted, subgroups
from cxrbench.stats import intervals, patient_codes
from cxrbench.tasks import tasks

RNG = np.random.default_rng(11)
SEED = 7


def case(i, patient, **told):
    targets = {key: told.pop(key) for key in list(told) if key in Targets.__dataclass_fields__}
    return Case(id=f"c{i}", patient=patient, dataset="d", targets=Targets(**targets), meta=told)


@pytest.mark.parametrize(
    ("told", "name"),
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
def test_what_a_dataset_tells_of_a_case_names_its_subgroup(told, name):
    other = case(1, "b", sex="x", age="50+", view="other", site="other", extent=8 if name != "severity=high" else 1)
    twin = case(2, "c", sex="F" if name == "sex=male" else "M", age=5)
    assert memberships([case(0, "a", **told), other, twin])[name].tolist() == [0]


def test_what_is_not_told_is_in_no_subgroup_and_one_value_makes_none():
    found = memberships([case(0, "a", sex="M", view="PA"), case(1, "b", view="PA"), case(2, "c", sex="F")])
    assert {name: rows.tolist() for name, rows in found.items()} == {"sex=male": [0], "sex=female": [2]}


def cases_of(n, **tell):
    return [case(i, f"p{i % (n // 2):03}", **{key: fn(i) for key, fn in tell.items()}) for i in range(n)]


def told_by(task, n=120):
    """Cases of a task with two sexes, and predictions for them."""
    sex = {"sex": lambda i: "M" if i % 3 else "F"}
    truth, pred = RNG.integers(0, 7, n).astype(float), RNG.uniform(0, 6, n)
    if task == "zone-severity":
        cases = cases_of(n, zone_severity=lambda i: truth[i], finding=lambda i: truth[i] > 0, **sex)
        return cases, [{"zone_severity": np.array(one)} for one in pred]
    if task == "detection":
        cases = cases_of(n, finding=lambda i: bool(truth[i] > 3), **sex)
        return cases, [{"probability": np.array(one / 6)} for one in pred]
    if task == "outcome":
        cases = cases_of(n, icu=lambda i: bool(i % (n // 2) % 2), death=lambda i: bool(i % (n // 2) % 5 == 0), **sex)
        return cases, [{"icu": np.array(one / 6), "death": np.array(one / 6)} for one in pred]
    cases = cases_of(n, brixia=lambda i: tuple(RNG.integers(0, 4, 6).tolist()), **sex)
    return cases, [{"brixia": RNG.uniform(0, 3, 6)} for _ in range(n)]


def made(task, cases, predictions):
    by_id = {one.id: prediction for one, prediction in zip(cases, predictions, strict=True)}

    def measure(chosen):
        return tasks[task].measure(chosen, [by_id[one.id] for one in chosen], [one.patient for one in chosen])

    whole = measure(cases)
    patients = [one.patient for one in cases]
    return subgroups(cases, patients, whole, measure, seed=SEED, primary=tasks[task].primary), whole, measure


@pytest.mark.parametrize("task", ["zone-severity", "detection", "outcome", "brixia-severity"])
def test_a_subgroup_has_the_values_of_its_cases_scored_alone(task):
    cases, predictions = told_by(task)
    found, _, measure = made(task, cases, predictions)
    women = [one for one in cases if one.meta["sex"] == "F"]
    alone = {key: one for key, one in measure(women).items() if "[" not in key}
    assert set(found["sex=female"]) == set(alone)
    patients = len({one.patient for one in women})
    for key, one in alone.items():
        value = one.estimator(np.ones((1, patients)))[0]
        metric = found["sex=female"][key]
        assert metric.value == pytest.approx(value, abs=1e-9), key
        assert (metric.n, metric.n_patients) == (len(women), patients), key
        assert metric.low <= metric.value <= metric.high


def test_it_meets_the_draws_of_the_whole():
    """A subgroup of every case but the untold has the interval of the whole where nothing is untold."""
    cases, predictions = told_by("zone-severity")
    _, whole, _ = made("zone-severity", cases, predictions)
    everyone = np.ones(len(cases), bool)
    codes = patient_codes([one.patient for one in cases])
    again = restricted(whole["mae"], everyone, codes)
    sides = {"whole": whole["mae"].estimator, "again": again.estimator}
    found = intervals(sides, n=len(cases), n_patients=60, seed=SEED)
    assert found["whole"].low == pytest.approx(found["again"].low, abs=1e-12)
    assert found["whole"].high == pytest.approx(found["again"].high, abs=1e-12)


@pytest.mark.parametrize(("few", "patients"), [(MIN_CASES - 1, MIN_CASES), (MIN_CASES + 5, MIN_PATIENTS - 1)])
def test_a_small_subgroup_is_suppressed_with_its_size(few, patients):
    cases = [case(i, f"m{i}", zone_severity=float(i % 7), sex="M") for i in range(60)]
    cases += [case(60 + i, f"f{i % patients}", zone_severity=float(i % 7), sex="F") for i in range(few)]
    predictions = [{"zone_severity": np.array(3.0)} for _ in cases]
    found, _, _ = made("zone-severity", cases, predictions)
    assert set(found["sex=female"]) == {"mae"}
    metric = found["sex=female"]["mae"]
    assert (metric.value, metric.low, metric.n, metric.better) == (None, None, few, "lower")
    assert metric.undefined.startswith("suppressed: fewer than 20 cases or 10 patients")
    assert found["sex=male"]["mae"].value is not None
