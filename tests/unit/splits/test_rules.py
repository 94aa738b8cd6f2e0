"""Splits that are rules: the parts follow from the copy, the same on every copy."""

import numpy as np
import pytest
from cxrbench.case import Case, Targets
from cxrbench.datasets import Dataset
from cxrbench.errors import DataError, UsageError
from cxrbench.scoring import score as scoring
from cxrbench.splits import load_split, registered_split
from cxrbench.splits.rules import position, rule_hash, rules
from cxrbench.tasks.track import Track


def brixia_cases(n_subjects=2_000):
    """Two images a subject; every twentieth subject has a consensus image."""
    return [
        Case(
            id=f"{subject}-{image}",
            patient=str(subject),
            dataset="brixia",
            targets=Targets(brixia=(0, 1, 2, 3, subject % 4, image)),
            meta={"consensus": subject % 20 == 0 and image == 0},
        )
        for subject in range(n_subjects)
        for image in range(2)
    ]


def test_brixia_tests_on_the_consensus_images_alone():
    cases = brixia_cases()
    split = load_split("brixia", cases=cases)
    assert set(split.cases("test")) == {case.id for case in cases if case.meta["consensus"]}
    assert set(split.cases("unused")) == {f"{subject}-1" for subject in range(0, 2_000, 20)}
    assert split.shared_patients() == {}


def test_brixia_train_and_val_have_the_published_ratio():
    split = load_split("brixia", cases=brixia_cases())
    n_train, n_val = len(split.cases("train")), len(split.cases("val"))
    assert n_val / (n_train + n_val) == pytest.approx(945 / 4256, abs=0.02)


def test_the_part_of_a_subject_does_not_depend_on_the_rest_of_the_copy():
    cases = brixia_cases()
    whole = load_split("brixia", cases=cases).part_of
    some = [case for i, case in enumerate(cases[::-1]) if case.meta["consensus"] or i % 3]
    found = load_split("brixia", cases=some).part_of
    assert 2_500 < len(found) < len(whole)
    assert found == {name: whole[name] for name in found}


def test_positions_are_spread_evenly_and_pinned():
    found = np.array([position("brixia-v1", str(i)) for i in range(5_000)])
    counts, _ = np.histogram(found, bins=10, range=(0, 1))
    assert counts.min() > 420
    assert position("brixia-v1", "17") == pytest.approx(0.48835256, abs=1e-8)


def test_brixia_without_consensus_is_an_error():
    with pytest.raises(DataError, match=r"no image is marked as consensus.*metadata_consensus_v1"):
        load_split("brixia", cases=[Case(id="a", patient="1", dataset="brixia")])


def lungs(dataset, stem, n_normal, n_ill, without_mask=()):
    names = [f"{stem}_{i:04d}_{int(i > n_normal)}" for i in range(1, n_normal + n_ill + 1)]
    mask = np.zeros((2, 2), np.uint8)
    return [
        Case(
            id=name,
            patient=name,
            dataset=dataset,
            targets=Targets(lung_mask=None if i in without_mask else lambda: mask),
        )
        for i, name in enumerate(names)
    ]


def test_montgomery_tests_on_50_in_proportion():
    split = load_split("montgomery", cases=lungs("montgomery", "MCUCXR", 80, 58)[::-1])
    test = split.cases("test")
    assert (len(split.cases("train")), len(test)) == (88, 50)
    assert sum(name.endswith("_0") for name in test) == 29
    assert "MCUCXR_0029_0" in test
    assert "MCUCXR_0030_0" not in test


def test_first_50_is_literal():
    split = load_split("montgomery", "first-50", lungs("montgomery", "MCUCXR", 80, 58)[::-1])
    assert split.cases("test") == tuple(f"MCUCXR_{i:04d}_0" for i in range(1, 51))


@pytest.mark.parametrize("name", ["default", "first-50"])
def test_shenzhen_leaves_out_what_has_no_mask(name):
    cases = lungs("shenzhen", "CHNCXR", 326, 336, without_mask=range(0, 662, 7))
    split = load_split("shenzhen", name, cases)
    assert len(split.cases("test")) == 50
    assert len(split.cases("unused")) == 95
    assert len(split.cases("all")) == 567


def test_a_lung_name_without_class_is_refused():
    mask = np.zeros((2, 2), np.uint8)
    case = Case(id="MCUCXR_0001", patient="1", dataset="montgomery", targets=Targets(lung_mask=lambda: mask))
    with pytest.raises(DataError, match=r"_0 \(normal\) or _1"):
        load_split("montgomery", cases=[case])


@pytest.mark.parametrize("label", list(rules))
def test_the_hash_of_a_rule_pins_its_wording(label):
    plan = rules[label]
    assert plan.label == label
    assert plan.sha256 == rule_hash(label, plan.version, plan.note)
    assert rule_hash(label, plan.version, plan.note + ".") != plan.sha256
    assert rule_hash(label, plan.version + 1, plan.note) != plan.sha256


def test_a_rule_may_not_invent_parts():
    plan = registered_split("brixia")
    changed = type(plan)(**{**vars(plan), "assign": lambda cases: {cases[0].id: "holdout"}})
    with pytest.raises(ValueError, match="holdout"):
        changed.split(brixia_cases(1))


def test_tracks_know_the_parts_of_a_rule_without_data():
    assert str(Track.parse("brixia-severity/brixia/test")) == "brixia-severity/brixia/test"
    with pytest.raises(UsageError, match=r"tset.*did you mean test"):
        Track.parse("brixia-severity/brixia/tset")
    with pytest.raises(DataError, match="--data"):
        Track.parse("brixia-severity/brixia/test").load_split()


def test_a_track_on_a_rule_is_laid_out_on_the_copy(monkeypatch):
    cases = tuple(brixia_cases(40))
    monkeypatch.setattr(scoring, "load", lambda name, data: Dataset(name, cases))
    ground = scoring.lay_out(Track.parse("brixia-severity/brixia/test"), None)
    assert [case.id for case in ground.cases] == ["0-0", "20-0"]
    assert ground.patients == ["0", "20"]
    assert ground.split.sha256 == registered_split("brixia").sha256
    assert scoring.patients_seen(ground, ["brixia/train"]) == 0
    assert scoring.patients_seen(ground, ["brixia/test"]) == 2


def test_xlsor_is_for_training_alone():
    masked = Targets(lung_mask=lambda: np.zeros((2, 2), np.uint8))
    cases = [Case(id=str(i), patient=str(i), dataset="xlsor", targets=masked if i else Targets()) for i in range(4)]
    assert load_split("xlsor", cases=cases).cases("train") == ("1", "2", "3")
    with pytest.raises(UsageError):
        Track.parse("lung-segmentation/xlsor/test")


@pytest.mark.parametrize("name", ["luna16", "medseg", "nsclc", "nih-normal"])
def test_what_is_only_learnt_from_is_all_train(name):
    cases = [Case(id=str(i), patient=str(i), dataset=name) for i in range(3)]
    assert load_split(name, cases=cases).cases("train") == ("0", "1", "2")
    assert str(Track.parse(f"detection/{name}/train")) == f"detection/{name}/train"
