"""What the splits of this release promise: disjoint in patients, and the sizes that they state."""

from collections import Counter

import pytest
from cxrbench.case import Case
from cxrbench.curation.draws.rsna import PER_CLASS
from cxrbench.datasets import load
from cxrbench.datasets.formats.csv_table import read_rows
from cxrbench.splits import Plan, Split, catalogue, load_split, registered_split

FILES = [head.label for head in catalogue() if not isinstance(registered_split(head.dataset, head.name), Plan)]
LEAKING = {"brixia-cohen@published", "danilov@published", "rsna@image-level"}


def split_of(label: str) -> Split:
    dataset, _, name = label.partition("@")
    return load_split(dataset, name or "default")


def sizes(label: str) -> dict[str, int]:
    split = split_of(label)
    return {part: len(split.cases(part)) for part in ("all", *split.parts)}


@pytest.mark.parametrize("label", sorted(set(FILES) - LEAKING))
def test_no_patient_stands_in_two_parts(label):
    split = split_of(label)
    seen: dict[str, str] = {}
    for part in split.parts:
        for case in split.cases(part):
            assert seen.setdefault(split.patients[case], part) == part, case
    assert split.shared_patients() == {}


@pytest.mark.parametrize("label", sorted(LEAKING))
def test_a_split_that_leaks_says_so(label):
    split = split_of(label)
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
    assert sizes(label) == expected


def test_cohen_tests_on_all_that_have_scores(real_data):
    lines = (real_data / "cohen/annotations/covid-severity-scores.csv").read_text().splitlines()
    scored = {line.split(",")[0] for line in lines if not line.startswith(("#", "filename"))}
    assert len(scored) == 94
    assert set(split_of("cohen").cases("test")) == scored


def test_rsna_names_the_patient_of_every_image():
    patients = split_of("rsna").patients
    assert len(patients) == 26_684
    assert len(set(patients.values())) == 11_439
    assert all(patient.isdigit() for patient in patients.values())


def test_both_rsna_splits_deal_the_same_images():
    assert split_of("rsna").cases("all") == split_of("rsna@image-level").cases("all")


def test_danilov_keeps_the_published_train_and_moves_nothing_between_parts():
    published, clean = split_of("danilov@published"), split_of("danilov")
    assert clean.part_of.keys() == published.part_of.keys()
    assert clean.cases("train") == published.cases("train")
    moved = {(published.part_of[case], part) for case, part in clean.part_of.items() if part != published.part_of[case]}
    assert moved == {("val", "unused"), ("test", "unused")}


def test_jsrt_folds_alternate():
    split = split_of("jsrt")
    assert Counter(name[:5] for name in split.part_of) == {"JPCLN": 154, "JPCNN": 93}
    assert {split.part_of[name] for name in ("JPCLN001", "JPCLN153", "JPCNN093")} == {"train"}
    assert {split.part_of[name] for name in ("JPCLN002", "JPCLN154", "JPCNN092")} == {"test"}


def test_rsna_parts_are_half_positive_and_adult(real_data):
    cases = load("rsna", real_data).by_id
    for label in ("rsna", "rsna@image-level"):
        split = split_of(label)
        for part, size in PER_CLASS.items():
            found = Counter(cases[name].targets.finding for name in split.cases(part))
            assert found == {True: size, False: size}
    assert sum(PER_CLASS.values()) == 5_627
    used = [cases[name].meta for name in split_of("rsna").cases("all")]
    assert min(meta["age"] for meta in used if "age" in meta) >= 18


def test_rural_is_seven_to_three_with_outcomes_in_both(real_data):
    plan = registered_split("covid-19-ar")
    rows = read_rows(real_data / "covid-19-ar/covid_rural_patient_info.csv", ("PATIENT_ID", "ICU Admit", "MORTALITY"))
    part_of = plan.split([Case(id=row["PATIENT_ID"], patient=row["PATIENT_ID"], dataset="covid-19-ar") for row in rows])
    assert Counter(part_of.part_of.values()) == {"train": 72, "test": 32}
    icu = Counter(part_of.part_of[row["PATIENT_ID"]] for row in rows if row["ICU Admit"] == "1")
    died = Counter(part_of.part_of[row["PATIENT_ID"]] for row in rows if row["MORTALITY"] == "1")
    assert (icu["train"], icu["test"]) == (20, 9)
    assert (died["train"], died["test"]) == (7, 3)
