"""NIH normals: a subset with its rows of the NIH table."""

import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError

from tests.fixtures.make_tables import write_csv, write_picture

HEADER = (
    *("Image Index", "Finding Labels", "Follow-up #", "Patient ID", "Patient Age", "Patient Gender", "View Position"),
    *("OriginalImage[Width", "Height]", "OriginalImagePixelSpacing[x", "y]"),
)


def row(name, finding="No Finding", age="36", patient=1280):
    return (name, finding, 4, patient, age, "F", "PA", 2048, 2500, 0.168, 0.168)


ROWS = [row("00001280_004.png"), row("00001280_005.png", age="155"), row("00001281_000.png", "Mass|Nodule")]


def listed(tmp_path, folder="nih-normal-512", header=HEADER, rows=ROWS):
    write_csv(tmp_path / folder / "Data_Entry_2017_subset.csv", header, rows)
    return load("nih-normal", tmp_path)


@pytest.mark.parametrize("folder", ["nih-normal-512", "nih-normal"])
def test_normal_radiographs_are_healthy(tmp_path, folder):
    write_picture(tmp_path / folder / "images/00001280_004.png")
    dataset = listed(tmp_path, folder)
    assert [(case.id, case.patient, case.targets.category) for case in dataset.cases] == [
        ("00001280_004.png", "1280", "healthy"),
        ("00001280_005.png", "1280", "healthy"),
    ]
    assert dataset.cases[0].image().pixels.shape == (20, 24)
    assert [case.meta.get("age") for case in dataset.cases] == [36, None]
    assert {problem.file: problem.reason for problem in dataset.problems} == {
        "00001281_000.png": "finding Mass|Nodule: left out",
        "images/00001280_005.png": "listed but absent",
    }


def test_a_missing_column_and_a_missing_copy(tmp_path):
    with pytest.raises(DataError, match="nih-normal not found"):
        load("nih-normal", tmp_path)
    with pytest.raises(DataError, match="column missing: Patient ID"):
        listed(tmp_path, header=[name for name in HEADER if name != "Patient ID"], rows=[])


def check_subset(data, count):
    """One image of 512 x 512 pixels per patient, and no problem."""
    dataset = load("nih-normal", data)
    assert (len(dataset.cases), len({case.patient for case in dataset.cases})) == (count, count)
    assert dataset.problems == ()
    assert dataset.cases[0].image().pixels.shape == (512, 512)


def test_a_subset_of_512_pixels(tmp_path):
    names = [f"0000128{number}_000.png" for number in range(3)]
    for name in names:
        write_picture(tmp_path / "nih-normal-512/images" / name, 512, 512)
    listed(tmp_path, rows=[row(name, patient=number) for number, name in enumerate(names)])
    check_subset(tmp_path, 3)


def test_the_real_subset(real_data):
    check_subset(real_data, 60)
