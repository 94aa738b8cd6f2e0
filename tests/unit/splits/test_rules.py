"""Splits that are rules: the parts follow from the copy, in the same way for every copy."""

import numpy as np
import pytest
from cxrbench.case import Case, Targets
from cxrbench.datasets import Dataset
from cxrbench.errors import DataError, UsageError
from cxrbench.scoring import track_cases as loading
from cxrbench.scoring import training_overlap as scoring
from cxrbench.splits import find_split, load_split
from cxrbench.splits.rules import hash_rule, hash_to_fraction, rules
from cxrbench.tasks.track import Track


def brixia_cases(n_subjects=2_000):
    """Two images per subject; every twentieth subject has a consensus image."""
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


def test_brixia_tests_on_consensus_images_only():
    cases = brixia_cases()
    split = load_split("brixia", cases=cases)
    assert set(split.cases("test")) == {case.id for case in cases if case.meta["consensus"]}
    assert set(split.cases("unused")) == {f"{subject}-1" for subject in range(0, 2_000, 20)}
    assert split.shared_patients() == {}


def test_brixia_train_and_val_have_the_published_ratio():
    split = load_split("brixia", cases=brixia_cases())
    n_train, n_val = len(split.cases("train")), len(split.cases("val"))
    assert n_val / (n_train + n_val) == pytest.approx(945 / 4256, abs=0.02)


def test_parts_of_subjects_do_not_depend_on_the_copy():
    cases = brixia_cases()
    whole = load_split("brixia", cases=cases).part_of
    some = [case for i, case in enumerate(cases[::-1]) if case.meta["consensus"] or i % 3]
    part_of = load_split("brixia", cases=some).part_of
    assert 2_500 < len(part_of) < len(whole)
    assert part_of == {name: whole[name] for name in part_of}


def test_fractions_are_uniform_and_fixed():
    fractions = np.array([hash_to_fraction("brixia-v1", str(i)) for i in range(5_000)])
    counts, _ = np.histogram(fractions, bins=10, range=(0, 1))
    assert counts.min() > 420
    assert hash_to_fraction("brixia-v1", "17") == pytest.approx(0.48835256, abs=1e-8)


def test_brixia_without_consensus_is_an_error():
    with pytest.raises(DataError, match=r"no image is marked as consensus.*metadata_consensus_v1"):
        load_split("brixia", cases=[Case(id="a", patient="1", dataset="brixia")])


def make_lung_cases(dataset, stem, n_normal, n_ill, without_mask=()):
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
    split = load_split("montgomery", cases=make_lung_cases("montgomery", "MCUCXR", 80, 58)[::-1])
    test = split.cases("test")
    assert (len(split.cases("train")), len(test)) == (88, 50)
    assert sum(name.endswith("_0") for name in test) == 29
    assert "MCUCXR_0029_0" in test
    assert "MCUCXR_0030_0" not in test


def test_first_50_is_literal():
    split = load_split("montgomery", "first-50", make_lung_cases("montgomery", "MCUCXR", 80, 58)[::-1])
    assert split.cases("test") == tuple(f"MCUCXR_{i:04d}_0" for i in range(1, 51))


@pytest.mark.parametrize("name", ["default", "first-50"])
def test_shenzhen_leaves_out_cases_without_mask(name):
    cases = make_lung_cases("shenzhen", "CHNCXR", 326, 336, without_mask=range(0, 662, 7))
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
def test_the_hash_of_a_rule_covers_its_wording(label):
    split_rule = rules[label]
    assert split_rule.label == label
    assert split_rule.sha256 == hash_rule(label, split_rule.version, split_rule.note)
    assert hash_rule(label, split_rule.version, split_rule.note + ".") != split_rule.sha256
    assert hash_rule(label, split_rule.version + 1, split_rule.note) != split_rule.sha256


def test_a_rule_may_name_only_declared_parts():
    split_rule = find_split("brixia")
    changed = type(split_rule)(**{**vars(split_rule), "assign": lambda cases: {cases[0].id: "holdout"}})
    with pytest.raises(ValueError, match="holdout"):
        changed.apply(brixia_cases(1))


def test_tracks_know_the_parts_of_a_rule_without_data():
    assert str(Track.parse("brixia-severity/brixia/test")) == "brixia-severity/brixia/test"
    with pytest.raises(UsageError, match=r"tset.*did you mean test"):
        Track.parse("brixia-severity/brixia/tset")
    with pytest.raises(DataError, match="--data"):
        Track.parse("brixia-severity/brixia/test").load_split()


def test_the_cases_of_a_rule_are_those_of_the_copy(monkeypatch):
    cases = tuple(brixia_cases(40))
    monkeypatch.setattr(loading, "load", lambda name, data: Dataset(name, cases))
    track_cases = loading.load_track_cases(Track.parse("brixia-severity/brixia/test"), None)
    assert [case.id for case in track_cases.cases] == ["0-0", "20-0"]
    assert track_cases.patients == ["0", "20"]
    assert track_cases.split.sha256 == find_split("brixia").sha256
    assert scoring.count_patients_seen(track_cases, ["brixia/train"]) == 0
    assert scoring.count_patients_seen(track_cases, ["brixia/test"]) == 2


def test_xlsor_is_for_training_only():
    masked = Targets(lung_mask=lambda: np.zeros((2, 2), np.uint8))
    cases = [Case(id=str(i), patient=str(i), dataset="xlsor", targets=masked if i else Targets()) for i in range(4)]
    assert load_split("xlsor", cases=cases).cases("train") == ("1", "2", "3")
    with pytest.raises(UsageError):
        Track.parse("lung-segmentation/xlsor/test")


@pytest.mark.parametrize("name", ["luna16", "medseg", "nsclc", "nih-normal"])
def test_training_datasets_have_only_the_part_train(name):
    cases = [Case(id=str(i), patient=str(i), dataset=name) for i in range(3)]
    assert load_split(name, cases=cases).cases("train") == ("0", "1", "2")
    assert str(Track.parse(f"detection/{name}/train")) == f"detection/{name}/train"
