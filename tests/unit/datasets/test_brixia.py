"""Brixia: both generations of the table, lost zeros, the readers' mode, contradictions."""

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError

from tests.fixtures.make_tables import BRIXIA, brixia_row, make_brixia, write_csv, write_radiograph

ROWS = [
    brixia_row("1001", "022131", 9),
    brixia_row("1002", "333333", 18, StudyDate="20200320"),
    brixia_row("1003", "000003", 3, Subject=18, ConsensusTestset=1),
]
READ = [("1003", 0, 0, 1, 0, 0, 3)]


def listed(tmp_path, rows=ROWS, consensus=READ, version=2):
    make_brixia(tmp_path / "brixia", rows, consensus, version=version)
    return load("brixia", tmp_path)


def reasons(dataset, file):
    return [problem.reason for problem in dataset.problems if problem.file == file]


@pytest.mark.parametrize("version", [1, 2])
def test_both_generations_of_the_table_are_read(tmp_path, version):
    dataset = listed(tmp_path, version=version)
    assert {case.id: case.targets.brixia for case in dataset.cases} == {
        "1001": (0, 2, 2, 1, 3, 1),
        "1002": (3, 3, 3, 3, 3, 3),
        "1003": (0, 0, 1, 0, 0, 3),
    }
    assert [case.patient for case in dataset.cases] == ["17", "17", "18"]


def test_the_truth_of_a_reread_case_is_the_stored_mode(tmp_path):
    case = listed(tmp_path).by_id["1003"]
    assert case.targets.brixia == (0, 0, 1, 0, 0, 3)
    assert case.targets.raters == {"clinical": (0, 0, 0, 0, 0, 3)}
    assert case.meta["consensus"] is True
    assert case.meta["consensus_mean"] == (0.1, 0.1, 1.1, 0.1, 0.1, 3.1)


def test_a_case_that_was_read_once_has_no_rater(tmp_path):
    case = listed(tmp_path).by_id["1001"]
    assert (case.targets.raters, case.meta["consensus"]) == ({}, False)


@pytest.mark.parametrize(
    ("text", "total", "zones"),
    [
        ("3", 3, (0, 0, 0, 0, 0, 3)),
        ("22131", 9, (0, 2, 2, 1, 3, 1)),
        ("22131.0", "9.0", (0, 2, 2, 1, 3, 1)),
        ("0", 0, (0, 0, 0, 0, 0, 0)),
        ("000000", 0, (0, 0, 0, 0, 0, 0)),
    ],
)
def test_dropped_leading_zeros_are_restored(tmp_path, text, total, zones):
    dataset = listed(tmp_path, [brixia_row("1001", text, total)], [])
    assert dataset.cases[0].targets.brixia == zones


@pytest.mark.parametrize(
    ("text", "total", "reason"),
    [
        ("022131", 8, "BrixiaScore 022131 does not add up to 8: left out"),
        ("022141", 10, "BrixiaScore 022141 is not six of 0-3: left out"),
        ("0221311", 10, "BrixiaScore 0221311 is not six of 0-3: left out"),
        ("", 0, "BrixiaScore blank is not six of 0-3: left out"),
        ("111111", "", "BrixiaScore 111111 does not add up to blank: left out"),
    ],
)
def test_a_contradictory_score_is_reported_and_left_out(tmp_path, text, total, reason):
    dataset = listed(tmp_path, [*ROWS, brixia_row("bad", text, total)])
    assert [case.id for case in dataset.cases] == ["1001", "1002", "1003"]
    assert reasons(dataset, "bad") == [reason]


def test_days_count_from_the_subjects_first_study(tmp_path):
    unknown = brixia_row("1004", "000000", 0, StudyDate="", Subject=19)
    days = {case.id: case.targets.day for case in listed(tmp_path, [*ROWS, unknown]).cases}
    assert days == {"1001": 0.0, "1002": 5.0, "1003": 0.0, "1004": None}


def test_the_age_is_the_lower_end_of_its_bin(tmp_path):
    assert listed(tmp_path).cases[0].meta["age_from"] == 65


def test_without_the_consensus_file_the_truth_is_unknown(tmp_path):
    make_brixia(tmp_path / "brixia", ROWS)
    (tmp_path / "brixia/metadata_consensus_v1.csv").unlink()
    dataset = load("brixia", tmp_path)
    assert dataset.by_id["1003"].targets.brixia is None
    assert reasons(dataset, "metadata_consensus_v1.csv") == ["absent: the truth of the re-read cases is unknown"]
    assert any("truth unknown" in reason for reason in reasons(dataset, "1003"))


@pytest.mark.parametrize("modes", [(0, 0, 4, 0, 0, 3), (0, 0, "", 0, 0, 3), (0, 0, "", 12, 0, 3)])
def test_a_mode_that_is_no_score_is_reported(tmp_path, modes):
    dataset = listed(tmp_path, consensus=[("1003", *modes)])
    assert dataset.by_id["1003"].targets.brixia is None
    assert any("a mode in metadata_consensus_v1.csv is not 0-3" in reason for reason in reasons(dataset, "1003"))


def test_tables_that_disagree_on_reread_cases_are_reported(tmp_path):
    dataset = listed(tmp_path, consensus=[*READ, ("1001", 1, 1, 1, 1, 1, 1), ("9999", 1, 1, 1, 1, 1, 1)])
    assert dataset.by_id["1001"].targets.brixia == (1, 1, 1, 1, 1, 1)
    assert any("ConsensusTestset is 0" in reason for reason in reasons(dataset, "1001"))
    assert any("not among the usable rows" in reason for reason in reasons(dataset, "9999"))


def test_duplicate_ids(tmp_path):
    dataset = listed(tmp_path, [*ROWS, ROWS[0], brixia_row("1002", "000000", 0)])
    assert [case.id for case in dataset.cases] == ["1001", "1003"]
    assert reasons(dataset, "1001") == ["2 rows in metadata_global_v2.csv, all equal: one kept"]
    assert reasons(dataset, "1002") == ["2 rows in metadata_global_v2.csv, which differ: none kept"]


def test_a_blank_subject_is_reported(tmp_path):
    dataset = listed(tmp_path, [brixia_row("1001", "000000", 0, Subject="")])
    assert dataset.cases[0].patient == "image:1001"
    assert any("Subject is blank" in reason for reason in reasons(dataset, "1001"))


def test_a_missing_column_is_named(tmp_path):
    write_csv(tmp_path / "brixia/metadata_global_v2.csv", BRIXIA[:-4], [], separator=";")
    with pytest.raises(DataError, match="column missing: Subject"):
        load("brixia", tmp_path)


def test_absent_and_unlisted_images_are_reported(tmp_path):
    make_brixia(tmp_path / "brixia", ROWS, READ)
    for name in ("1001", "7777"):
        write_radiograph(tmp_path / f"brixia/dicom_clean/{name}.dcm", bits=12)
    dataset = load("brixia", tmp_path)
    assert [case.available for case in dataset.cases] == [True, False, False]
    assert reasons(dataset, "dicom_clean/1002") == ["listed but absent"]
    assert reasons(dataset, "dicom_clean/7777.dcm") == ["present but not listed"]


def test_a_radiograph_of_12_bits_is_decoded(tmp_path):
    make_brixia(tmp_path / "brixia", ROWS, READ)
    write_radiograph(tmp_path / "brixia/dicom_clean/1001.dcm", bits=12, spacing=0.2)
    image = load("brixia", tmp_path).by_id["1001"].image()
    np.testing.assert_allclose((image.pixels.min(), image.pixels.max()), (0, 1))
    assert image.spacing == (0.2, 0.2)
