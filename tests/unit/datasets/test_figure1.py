"""Figure 1: a Latin-1 table without file names."""

from collections import Counter

import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError

from tests.fixtures.make_tables import write_csv, write_picture

HEADER = (
    *("patientid", "offset", "sex", "age", "finding", "survival", "temperature", "pO2 saturation", "view", "modality"),
    *("artifacts/distortion", "notes"),
)


def row(name, finding="COVID-19", age="50+"):
    return (name, "8", "M", age, finding, "", "39.1", "low 90s", "AP erect", "X-ray", "", "T 39.1\xb0C")


ROWS = [row("COVID-00003a"), row("COVID-00003b", age="28"), row("COVID-00004", "Pneumonia")]


def listed(tmp_path, rows=ROWS, header=HEADER):
    write_csv(tmp_path / "figure1/metadata.csv", header, rows, encoding="latin-1")
    return load("figure1", tmp_path)


def reasons(dataset, file):
    return [problem.reason for problem in dataset.problems if problem.file == file]


def test_files_are_the_id_with_any_extension(tmp_path):
    write_picture(tmp_path / "figure1/images/COVID-00003a.jpg")
    write_picture(tmp_path / "figure1/images/COVID-00003b.PNG")
    dataset = listed(tmp_path)
    assert [(case.id, case.available) for case in dataset.cases] == [
        ("COVID-00003a", True),
        ("COVID-00003b", True),
        ("COVID-00004", False),
    ]
    assert dataset.cases[1].image().pixels.shape == (20, 24)
    assert reasons(dataset, "images/COVID-00004") == ["listed but absent"]


def test_the_patient_is_the_id_without_its_letter(tmp_path):
    assert [case.patient for case in listed(tmp_path).cases] == ["COVID-00003", "COVID-00003", "COVID-00004"]


def test_latin_1_text_and_ages_with_a_plus(tmp_path):
    first, second, third = listed(tmp_path).cases
    assert first.meta["notes"] == "T 39.1\xb0C"
    assert (first.meta["age"], second.meta["age"]) == ("50+", 28)
    assert third.targets.category == "other"


def test_of_two_files_with_one_stem_none_is_used(tmp_path):
    for name in ("COVID-00003a.jpg", "COVID-00003a.png", "COVID-00099.png"):
        write_picture(tmp_path / "figure1/images" / name)
    dataset = listed(tmp_path)
    assert not dataset.cases[0].available
    assert "2 files (COVID-00003a.jpg, COVID-00003a.png): none used" in reasons(dataset, "images/COVID-00003a.*")
    assert reasons(dataset, "images/COVID-00099.png") == ["present but not listed"]


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(DataError, match="column missing: finding"):
        listed(tmp_path, [], [name for name in HEADER if name != "finding"])


def test_the_real_table(real_data):
    dataset = load("figure1", real_data)
    assert (len(dataset.cases), sum(case.available for case in dataset.cases)) == (55, 28)
    assert Counter(case.targets.category for case in dataset.cases) == {"covid": 35, None: 15, "healthy": 3, "other": 2}
