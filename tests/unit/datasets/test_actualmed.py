"""Actualmed: CRLF table, inconclusive radiographs, images by `imagename`."""

from collections import Counter

import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError

from tests.fixtures.make_tables import write_csv, write_picture

HEADER = (
    *("patientid", "offset", "sex", "age", "finding", "survival", "temperature", "pO2 saturation", "view", "modality"),
    *("imagename", "artifacts/distortion", "notes"),
)


def row(patient, name, finding="COVID-19", age=""):
    return (patient, "", "", age, finding, "", "", "", "PA", "X-ray", name, "", "Positive, date taken: 20200317")


ROWS = [row("ANON1", "CR.1.png"), row("ANON1", "DX.2.png", "No finding", "50"), row("ANON2", "CR.3.png", "")]


def listed(tmp_path, rows=ROWS, header=HEADER):
    write_csv(tmp_path / "actualmed/metadata.csv", header, rows, line_end="\r\n")
    return load("actualmed", tmp_path)


def reasons(dataset, file):
    return [problem.reason for problem in dataset.problems if problem.file == file]


def test_radiographs_and_findings(tmp_path):
    dataset = listed(tmp_path)
    assert [(case.id, case.patient, case.targets.category, case.targets.finding) for case in dataset.cases] == [
        ("CR.1.png", "ANON1", "covid", True),
        ("DX.2.png", "ANON1", "healthy", False),
        ("CR.3.png", "ANON2", None, None),
    ]
    assert dataset.cases[1].meta["age"] == 50
    assert reasons(dataset, "metadata.csv") == ["1 rows have no finding: inconclusive, no category"]


def test_an_unknown_finding_is_reported(tmp_path):
    dataset = listed(tmp_path, [row("ANON1", "CR.1.png", "Flu")])
    assert dataset.cases[0].targets.category is None
    assert "unknown finding Flu: category unknown" in reasons(dataset, "CR.1.png")


def test_absent_and_unlisted_images_are_reported(tmp_path):
    for name in ("CR.1.png", "CR.9.png"):
        write_picture(tmp_path / "actualmed/images" / name, mode="RGBA")
    dataset = listed(tmp_path)
    assert [case.available for case in dataset.cases] == [True, False, False]
    assert dataset.cases[0].image().pixels.shape == (20, 24)
    assert reasons(dataset, "images/CR.3.png") == ["listed but absent"]
    assert reasons(dataset, "images/CR.9.png") == ["present but not listed"]


def test_duplicate_images(tmp_path):
    dataset = listed(tmp_path, [*ROWS, ROWS[0], row("ANON7", "DX.2.png")])
    assert [case.id for case in dataset.cases] == ["CR.1.png", "CR.3.png"]
    assert reasons(dataset, "CR.1.png") == ["2 rows in metadata.csv, all equal: one kept"]


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(DataError, match="column missing: imagename"):
        listed(tmp_path, [], [name for name in HEADER if name != "imagename"])


def test_the_real_table(real_data):
    dataset = load("actualmed", real_data)
    assert len(dataset.cases) == 238
    assert len({case.patient for case in dataset.cases}) == 215
    categories = Counter(case.targets.category for case in dataset.cases)
    assert categories == {"healthy": 127, "covid": 58, None: 53}
    assert Counter(case.meta["view"] for case in dataset.cases) == {"PA": 199, "AP": 39}
