"""MosMed 1110: the registry's quirks, folders of re-downloads, masks, grades that contradict each other."""

import builtins

import numpy as np
import pandas as pd
import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError

from tests.fixtures.make_copies import MOSMED, MOSMED_MASK, MOSMED_ROWS, make_mosmed_1110
from tests.fixtures.make_tables import write_csv
from tests.fixtures.make_volumes import body, write_nifti


def bad(dataset):
    return [(problem.file, problem.reason) for problem in dataset.problems if problem.bad]


@pytest.mark.parametrize("folders", ["CT-{}", "ct{}"])
@pytest.mark.parametrize("place", ["mosmed-1110", "mosmed-1110/COVID19_1110", ""])
def test_studies_their_grades_and_their_masks(tmp_path, folders, place):
    make_mosmed_1110(tmp_path / place, folders=folders)
    dataset = load("mosmed-1110", tmp_path)
    assert [(case.id, case.targets.ct_grade, case.targets.category) for case in dataset.cases] == [
        ("study_0001", 0, "healthy"),
        ("study_0255", 1, "covid"),
        ("study_1109", 4, "covid"),
    ]
    assert [case.targets.finding for case in dataset.cases] == [False, True, True]
    np.testing.assert_array_equal(dataset.by_id["study_1109"].image().pixels, body(seed=4))
    lesion = dataset.by_id["study_0255"].targets.lesion_mask
    np.testing.assert_array_equal(lesion(), MOSMED_MASK > 0)
    assert lesion().dtype == bool
    assert dataset.by_id["study_0001"].targets.lesion_mask is None
    assert not bad(dataset)


def test_each_study_is_a_patient(tmp_path):
    make_mosmed_1110(tmp_path)
    dataset = load("mosmed-1110", tmp_path)
    assert [case.patient for case in dataset.cases] == [case.id for case in dataset.cases]
    assert any("one patient" in problem.reason and not problem.bad for problem in dataset.problems)


def test_a_grade_that_contradicts_its_folder_is_left_out(tmp_path):
    wrong = ("1109", "CT-3", "/studies/CT-4/study_1109.nii.gz", "")
    make_mosmed_1110(tmp_path, [*MOSMED_ROWS[:2], wrong])
    dataset = load("mosmed-1110", tmp_path)
    assert "study_1109" not in dataset.by_id
    assert bad(dataset) == [("study_1109", "category CT-3 but in a folder of CT-4: left out")]


def test_rows_that_cannot_be_used_are_reported(tmp_path):
    rows = [*MOSMED_ROWS, MOSMED_ROWS[0], ("7", "CT-9", "/studies/CT-0/study_0007.nii.gz", ""), ("x", "CT-0", "", "")]
    rows += [("8", "CT-0", "/studies/CT-0/study_0008.nii.gz", ""), ("9", "CT-1", "/s/study_0009.nii.gz", "/m.nii.gz")]
    make_mosmed_1110(tmp_path, rows)
    dataset = load("mosmed-1110", tmp_path)
    assert [case.id for case in dataset.cases] == ["study_0001", "study_0255", "study_1109", "study_0008", "study_0009"]
    assert bad(dataset) == [
        ("study_0001", "2 rows in dataset_registry.csv, all equal: one kept"),
        ("study_0007", "category CT-9 is none of CT-0 to CT-4: left out"),
        ("x", "no study number in study_file: left out"),
        ("study_0008", "listed but absent"),
        ("study_0009", "listed but absent"),
        ("masks/study_0009_mask.nii.gz", "listed but absent"),
    ]


def test_a_study_outside_the_registry_is_a_remark(tmp_path):
    write_nifti(make_mosmed_1110(tmp_path) / "studies" / "CT-0" / "study_0002.nii", body())
    remarks = [problem.file for problem in load("mosmed-1110", tmp_path).problems if not problem.bad]
    assert "studies/CT-0/study_0002.nii" in remarks


def test_a_mask_of_another_affine_is_refused(tmp_path):
    write_nifti(make_mosmed_1110(tmp_path) / "masks" / "study_0255_mask.nii.gz", MOSMED_MASK, spacing=(8, 0.8, 0.7))
    with pytest.raises(DataError, match="affine"):
        load("mosmed-1110", tmp_path).by_id["study_0255"].targets.lesion_mask()


def no_openpyxl(monkeypatch):
    original = builtins.__import__

    def refuse(name, *rest, **options):
        if name.split(".")[0] == "openpyxl":
            raise ImportError(name)
        return original(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)


def test_without_openpyxl_grades_come_from_the_published_ranges(tmp_path, monkeypatch):
    (make_mosmed_1110(tmp_path, None) / "dataset_registry.xlsx").write_bytes(b"PK")
    no_openpyxl(monkeypatch)
    dataset = load("mosmed-1110", tmp_path)
    assert [(case.id, case.targets.ct_grade) for case in dataset.cases] == [
        ("study_0001", 0),
        ("study_0255", 1),
        ("study_1109", 4),
    ]
    assert dataset.by_id["study_0255"].targets.lesion_mask is not None
    ((file, reason),) = bad(dataset)
    assert file == "dataset_registry.xlsx"
    assert "openpyxl" in reason
    assert "published ranges" in reason


def test_the_spreadsheet_gives_the_same_as_the_table(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (MOSMED, *MOSMED_ROWS):
        book.active.append(row)
    book.save(make_mosmed_1110(tmp_path, None) / "dataset_registry.xlsx")
    dataset = load("mosmed-1110", tmp_path)
    assert [case.targets.ct_grade for case in dataset.cases] == [0, 1, 4]
    assert not bad(dataset)


@pytest.mark.parametrize("columns", [MOSMED, MOSMED[:3]])
def test_spreadsheet_rows_are_text_with_checked_columns(tmp_path, monkeypatch, columns):
    (make_mosmed_1110(tmp_path, None) / "dataset_registry.xlsx").write_bytes(b"PK")
    table = pd.DataFrame([row[: len(columns)] for row in MOSMED_ROWS], columns=list(columns))
    monkeypatch.setattr(pd, "read_excel", lambda *_, **options: table.astype(options["dtype"]))
    if columns != MOSMED:
        with pytest.raises(DataError, match=r"mask_file.*xlsx"):
            load("mosmed-1110", tmp_path)
        return
    dataset = load("mosmed-1110", tmp_path)
    assert [case.targets.ct_grade for case in dataset.cases] == [0, 1, 4]
    assert not bad(dataset)


def test_without_a_registry_a_folder_of_another_grade_is_reported(tmp_path):
    make_mosmed_1110(tmp_path, None)
    write_nifti(tmp_path / "studies" / "CT-4" / "study_0300.nii.gz", body())
    dataset = load("mosmed-1110", tmp_path)
    assert ("study_0300", "category CT-1 but in a folder of CT-4: left out") in bad(dataset)


def test_an_absent_column_and_an_absent_set_are_refused(tmp_path):
    with pytest.raises(DataError, match="mosmed-1110"):
        load("mosmed-1110", tmp_path)
    write_csv(tmp_path / "dataset_registry.csv", ("study_id", "category"), [])
    with pytest.raises(DataError, match="mask_file, study_file"):
        load("mosmed-1110", tmp_path)


def check_published(dataset):
    """The grades and the masks of the published set."""
    grades = [case.targets.ct_grade for case in dataset.cases]
    assert [grades.count(grade) for grade in range(5)] == [254, 684, 125, 45, 2]
    masked = [case for case in dataset.cases if case.targets.lesion_mask]
    assert [case.id for case in masked] == [f"study_{number:04d}" for number in range(255, 305)]
    assert {case.targets.ct_grade for case in masked} == {1}
    problems = [problem for problem in dataset.problems if problem.bad]
    assert all(case.available for case in dataset.cases) or [problem.file for problem in problems] == ["studies"]
    return masked


def test_a_copy_without_volumes_has_the_published_grades_and_masks(tmp_path):
    grades = [0] * 254 + [1] * 684 + [2] * 125 + [3] * 45 + [4] * 2
    rows = []
    for number, grade in enumerate(grades, 1):
        mask = f"/masks/study_{number:04d}_mask.nii.gz" if 255 <= number < 305 else ""
        rows.append((number, f"CT-{grade}", f"/studies/CT-{grade}/study_{number:04d}.nii.gz", mask))
        if mask:
            (tmp_path / mask[1:]).parent.mkdir(exist_ok=True)
            (tmp_path / mask[1:]).touch()
    write_csv(tmp_path / "dataset_registry.csv", MOSMED, rows, encoding="utf-8-sig", line_end="\r\n")
    check_published(load("mosmed-1110", tmp_path))


def test_the_real_registry_has_the_published_grades_and_masks(real_data):
    if not (real_data / "mosmed-1110").is_dir():
        pytest.skip("no mosmed-1110 below the data folder")
    masked = check_published(load("mosmed-1110", real_data))
    share = masked[0].targets.lesion_mask().mean()
    assert share == pytest.approx(45526 / (38 * 512 * 512))
