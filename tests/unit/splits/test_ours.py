"""The splits of this release are disjoint in patients and have the sizes that they state."""

from collections import Counter

import pytest
from cxrbench.case import Case
from cxrbench.curation.draws.rsna import PER_CLASS
from cxrbench.datasets import load
from cxrbench.datasets.formats.csv_table import read_rows
from cxrbench.splits import Split, SplitRule, find_split, list_splits, load_split

FILES = [head.label for head in list_splits() if not isinstance(find_split(head.dataset, head.name), SplitRule)]
LEAKING = {"brixia-cohen@published", "danilov@published", "rsna@image-level"}


def load_labelled_split(label: str) -> Split:
    dataset, _, name = label.partition("@")
    return load_split(dataset, name or "default")


def count_cases(label: str) -> dict[str, int]:
    split = load_labelled_split(label)
    return {part: len(split.cases(part)) for part in ("all", *split.parts)}


@pytest.mark.parametrize("label", sorted(set(FILES) - LEAKING))
def test_no_patient_is_in_two_parts(label):
    split = load_labelled_split(label)
    seen: dict[str, str] = {}
    for part in split.parts:
        for case in split.cases(part):
            assert seen.setdefault(split.patients[case], part) == part, case
    assert split.shared_patients() == {}


@pytest.mark.parametrize("label", sorted(LEAKING))
def test_a_split_that_leaks_states_it(label):
    split = load_labelled_split(label)
    assert split.shared_patients()
    assert "for comparison" in split.note


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("brixia-cohen", {"all": 192, "train": 144, "test": 48}),
        ("rsna", {"all": 11_254, "train": 9_004, "val": 1_126, "test": 1_124}),
        ("rsna@image-level", {"all": 11_254, "train": 9_004, "val": 1_126, "test": 1_124}),
        ("danilov@published", {"all": 1_364, "train": 1_089, "val": 136, "test": 139}),
        ("jsrt", {"all": 247, "train": 124, "test": 123}),
        ("mosmed-1110", {"all": 1_110, "train": 1_060, "masked": 50}),
    ],
)
def test_sizes_are_the_published_ones(label, expected):
    assert count_cases(label) == expected


def test_cohen_tests_on_all_that_have_scores(real_data):
    lines = (real_data / "cohen/annotations/covid-severity-scores.csv").read_text().splitlines()
    scored = {line.split(",")[0] for line in lines if not line.startswith(("#", "filename"))}
    assert len(scored) == 94
    assert set(load_labelled_split("cohen").cases("test")) == scored


def test_rsna_names_the_patient_of_every_image():
    patients = load_labelled_split("rsna").patients
    assert len(patients) == 26_684
    assert len(set(patients.values())) == 11_439
    assert all(patient.isdigit() for patient in patients.values())


def test_both_rsna_splits_have_the_same_images():
    assert load_labelled_split("rsna").cases("all") == load_labelled_split("rsna@image-level").cases("all")


def test_danilov_keeps_the_published_train_and_moves_nothing_between_parts():
    published, clean = load_labelled_split("danilov@published"), load_labelled_split("danilov")
    assert clean.part_of.keys() == published.part_of.keys()
    assert clean.cases("train") == published.cases("train")
    moved = {(published.part_of[case], part) for case, part in clean.part_of.items() if part != published.part_of[case]}
    assert moved == {("val", "unused"), ("test", "unused")}


def test_jsrt_folds_alternate():
    split = load_labelled_split("jsrt")
    assert Counter(name[:5] for name in split.part_of) == {"JPCLN": 154, "JPCNN": 93}
    assert {split.part_of[name] for name in ("JPCLN001", "JPCLN153", "JPCNN093")} == {"train"}
    assert {split.part_of[name] for name in ("JPCLN002", "JPCLN154", "JPCNN092")} == {"test"}


def test_rsna_parts_are_half_positive_and_adult(real_data):
    cases = load("rsna", real_data).by_id
    for label in ("rsna", "rsna@image-level"):
        split = load_labelled_split(label)
        for part, size in PER_CLASS.items():
            counts = Counter(cases[name].targets.finding for name in split.cases(part))
            assert counts == {True: size, False: size}
    assert sum(PER_CLASS.values()) == 5_627
    used = [cases[name].meta for name in load_labelled_split("rsna").cases("all")]
    assert min(meta["age"] for meta in used if "age" in meta) >= 18


def test_rural_is_seven_to_three_with_outcomes_in_both(real_data):
    patient_list = find_split("covid-19-ar")
    rows = read_rows(real_data / "covid-19-ar/covid_rural_patient_info.csv", ("PATIENT_ID", "ICU Admit", "MORTALITY"))
    cases = [Case(id=row["PATIENT_ID"], patient=row["PATIENT_ID"], dataset="covid-19-ar") for row in rows]
    part_of = patient_list.apply(cases).part_of
    assert Counter(part_of.values()) == {"train": 72, "test": 32}
    icu = Counter(part_of[row["PATIENT_ID"]] for row in rows if row["ICU Admit"] == "1")
    died = Counter(part_of[row["PATIENT_ID"]] for row in rows if row["MORTALITY"] == "1")
    assert (icu["train"], icu["test"]) == (20, 9)
    assert (died["train"], died["test"]) == (7, 3)
