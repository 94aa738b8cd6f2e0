"""Patients across datasets: the same person under one name, and what a submission has seen of a track."""

from dataclasses import replace

import pytest
from cxrbench.case import Case, Targets
from cxrbench.catalog import cards
from cxrbench.datasets import Dataset
from cxrbench.errors import DataError, SubmissionError
from cxrbench.scoring import score as scoring
from cxrbench.splits import listed, load_split
from cxrbench.splits.patient_identity import may_share, person, persons
from cxrbench.tasks.track import Track

TRACK = "brixia-severity/brixia-cohen/test"


@pytest.fixture
def ground(monkeypatch):
    """The track laid out on cases without images."""
    split = load_split("brixia-cohen")
    cases = tuple(
        Case(id=name, patient=patient, dataset="brixia-cohen", targets=Targets(brixia=(1, 0, 0, 0, 0, 0)))
        for name, patient in split.patients.items()
    )
    monkeypatch.setattr(scoring, "load", lambda name, data: Dataset(name, cases))
    found = scoring.lay_out(Track.parse(TRACK), "a folder")
    monkeypatch.undo()
    return found


@pytest.mark.parametrize(
    ("dataset", "patient", "expected"),
    [
        ("cohen", "46", "cohen:46"),
        ("cohen-lungvae", "46", "cohen:46"),
        ("brixia-cohen", "178", "cohen:97"),
        ("danilov", "cohen:178", "cohen:97"),
        ("danilov", "image:covid-chestxray-dataset/a.png", "cohen:image:a.png"),
        ("brixia-cohen", "image:a.png", "cohen:image:a.png"),
        ("covidx", "fig1:COVID-00003", "figure1:COVID-00003"),
        ("figure1", "COVID-00003", "figure1:COVID-00003"),
        ("danilov", "figure1:COVID-00022", "cohen:36"),
        ("figure1", "COVID-00022", "cohen:36"),
        ("brixia-cohen", "image:4-x-day8.jpg", "cohen:192"),
        ("rsna", "19124", "nih:19124"),
        ("xlsor", "nih:19124", "nih:19124"),
        ("montgomery", "46", "montgomery:46"),
    ],
)
def test_a_person_has_one_name(dataset, patient, expected):
    assert person(dataset, patient) == expected


@pytest.mark.parametrize(("dataset", "name"), [(dataset, name) for dataset, name, _ in listed()])
def test_every_patient_of_a_dataset_with_several_sources_names_its_own(dataset, name):
    sources = {*(cards()[dataset].patients_of or (dataset,)), "image"}
    split = load_split(dataset, name)
    assert {one.partition(":")[0] for one in persons(split, list(split.patients))} <= sources


@pytest.mark.parametrize("dataset", ["brixia-cohen", "cohen", "danilov"])
def test_no_person_under_two_names_straddles_our_splits(dataset):
    split = load_split(dataset)
    parts = [persons(split, split.cases(part)) for part in split.parts]
    assert sum(map(len, parts)) == len(set().union(*parts))


def test_an_image_that_two_splits_hold_is_of_one_person():
    ours, theirs = load_split("brixia-cohen"), load_split("cohen")
    both = set(ours.patients) & set(theirs.patients)
    assert len(both) > 150
    assert all(person("brixia-cohen", ours.patients[one]) == person("cohen", theirs.patients[one]) for one in both)


def test_training_on_the_same_people_elsewhere_is_seen(ground):
    test = {person("brixia-cohen", ground.split.patients[case.id]) for case in ground.cases}
    cohen = load_split("cohen")
    assert scoring.patients_seen(ground, ["cohen/train"]) == len(test & persons(cohen, cohen.cases("train"))) > 20
    assert scoring.patients_seen(ground, ["danilov/train"]) > 20
    assert scoring.patients_seen(ground, ["cohen/all", "danilov/all"]) >= scoring.patients_seen(ground, ["cohen/all"])


def test_other_people_are_not_seen(ground):
    assert scoring.patients_seen(ground, ["brixia-cohen/train", "rsna/train", "jsrt/train", "phantom/train"]) == 0


def test_a_rule_whose_dataset_shares_no_source_needs_no_copy(ground):
    assert not may_share("brixia", "brixia-cohen")
    assert may_share("figure1", "brixia-cohen")
    assert scoring.patients_seen(ground, ["brixia/train", "montgomery/train"]) == 0


def test_a_rule_that_may_share_patients_needs_its_copy(ground, monkeypatch):
    monkeypatch.setattr(scoring, "may_share", lambda a, b: True)
    with pytest.raises(DataError, match=r"montgomery/train.*cannot be told.*add montgomery to --data"):
        scoring.patients_seen(replace(ground, data="nowhere"), ["montgomery/train"])


def test_an_unknown_part_is_an_error_of_the_submission(ground):
    with pytest.raises(SubmissionError, match="unknown part"):
        scoring.patients_seen(ground, ["cohen/nowhere"])
