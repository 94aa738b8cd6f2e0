"""Patients across datasets: one name per patient, and the patients of a track that a submission has seen."""

from dataclasses import replace

import pytest
from cxrbench.case import Case, Targets
from cxrbench.catalog import read_cards
from cxrbench.datasets import Dataset
from cxrbench.errors import DataError, SubmissionError
from cxrbench.scoring import track_cases as loading
from cxrbench.scoring import training_overlap as scoring
from cxrbench.splits import list_case_files, load_split
from cxrbench.splits.patient_identity import identify_patient, identify_patients, may_share_patients
from cxrbench.tasks.track import Track

TRACK = "brixia-severity/brixia-cohen/test"


@pytest.fixture
def track_cases(monkeypatch):
    """The cases of the track, without images."""
    split = load_split("brixia-cohen")
    cases = tuple(
        Case(id=name, patient=patient, dataset="brixia-cohen", targets=Targets(brixia=(1, 0, 0, 0, 0, 0)))
        for name, patient in split.patients.items()
    )
    monkeypatch.setattr(loading, "load", lambda name, data: Dataset(name, cases))
    cases = loading.load_track_cases(Track.parse(TRACK), "a folder")
    monkeypatch.undo()
    return cases


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
def test_a_patient_has_one_name(dataset, patient, expected):
    assert identify_patient(dataset, patient) == expected


@pytest.mark.parametrize(("dataset", "name"), [(dataset, name) for dataset, name, _ in list_case_files()])
def test_patients_of_datasets_with_several_sources_state_their_source(dataset, name):
    sources = {*(read_cards()[dataset].patients_of or (dataset,)), "image"}
    split = load_split(dataset, name)
    assert {name.partition(":")[0] for name in identify_patients(split, list(split.patients))} <= sources


@pytest.mark.parametrize("dataset", ["brixia-cohen", "cohen", "danilov"])
def test_no_patient_with_two_names_is_in_two_parts(dataset):
    split = load_split(dataset)
    parts = [identify_patients(split, split.cases(part)) for part in split.parts]
    assert sum(map(len, parts)) == len(set().union(*parts))


def test_an_image_in_two_splits_has_one_patient():
    ours, theirs = load_split("brixia-cohen"), load_split("cohen")
    both = set(ours.patients) & set(theirs.patients)
    assert len(both) > 150
    assert all(
        identify_patient("brixia-cohen", ours.patients[case]) == identify_patient("cohen", theirs.patients[case])
        for case in both
    )


def test_training_on_the_same_patients_elsewhere_is_detected(track_cases):
    test = {identify_patient("brixia-cohen", track_cases.split.patients[case.id]) for case in track_cases.cases}
    cohen = load_split("cohen")
    assert (
        scoring.count_patients_seen(track_cases, ["cohen/train"])
        == len(test & identify_patients(cohen, cohen.cases("train")))
        > 20
    )
    assert scoring.count_patients_seen(track_cases, ["danilov/train"]) > 20
    assert scoring.count_patients_seen(track_cases, ["cohen/all", "danilov/all"]) >= scoring.count_patients_seen(
        track_cases, ["cohen/all"]
    )


def test_other_patients_are_not_counted(track_cases):
    assert (
        scoring.count_patients_seen(track_cases, ["brixia-cohen/train", "rsna/train", "jsrt/train", "phantom/train"])
        == 0
    )


def test_a_rule_whose_dataset_shares_no_source_needs_no_copy(track_cases):
    assert not may_share_patients("brixia", "brixia-cohen")
    assert may_share_patients("figure1", "brixia-cohen")
    assert scoring.count_patients_seen(track_cases, ["brixia/train", "montgomery/train"]) == 0


def test_a_rule_that_may_share_patients_needs_its_copy(track_cases, monkeypatch):
    monkeypatch.setattr(scoring, "may_share_patients", lambda a, b: True)
    with pytest.raises(DataError, match=r"cannot check.*montgomery/train.*add montgomery to --data"):
        scoring.count_patients_seen(replace(track_cases, data="nowhere"), ["montgomery/train"])


def test_an_unknown_part_is_an_error_of_the_submission(track_cases):
    with pytest.raises(SubmissionError, match="unknown part"):
        scoring.count_patients_seen(track_cases, ["cohen/nowhere"])
