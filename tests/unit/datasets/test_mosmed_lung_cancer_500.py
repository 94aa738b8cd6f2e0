"""MosMed lung cancer 500: a Cyrillic folder in either Unicode form, several series a study, archives still packed."""

import unicodedata

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError

from tests.fixtures.make_volumes import body, write_series

NAME = "mosmed-lung-cancer-500"
FOLDER = "Для публикации v3"
STUDY = "RLAD42D007-22975_RLS6A01002SVR"
DECOMPOSED = unicodedata.normalize("NFD", "исследование_йод")


@pytest.mark.parametrize(
    "root", [f"{NAME}/{FOLDER}/Dicom", f"{FOLDER}/Dicom", f"{NAME}/Dicom", f"{NAME}/a broken name/Dicom"]
)
def test_the_series_of_a_study_below_any_folder_name(tmp_path, root):
    write_series(tmp_path / root / STUDY / "1", body(), suffix="")
    write_series(tmp_path / root / STUDY / "2", body(seed=2), suffix="", SeriesInstanceUID="1.2.3.9")
    dataset = load(NAME, tmp_path)
    assert [(case.id, case.patient, case.meta["slices"]) for case in dataset.cases] == [
        (f"{STUDY}/1.2.3.4", STUDY, 5),
        (f"{STUDY}/1.2.3.9", STUDY, 5),
    ]
    np.testing.assert_array_equal(dataset.cases[1].image().pixels, body(seed=2))
    assert dataset.cases[0].targets.category == "other"


def test_ids_are_in_composed_unicode(tmp_path):
    write_series(tmp_path / FOLDER / "Dicom" / DECOMPOSED, body())
    (case,) = load(NAME, tmp_path).cases
    assert case.patient == "исследование_йод"
    assert len(case.patient) < len(DECOMPOSED)
    np.testing.assert_array_equal(case.image().pixels, body())


def test_damaged_and_empty_studies_are_reported(tmp_path):
    root = tmp_path / NAME / "Dicom"
    write_series(root / "good", body())
    write_series(root / "damaged", body())
    (root / "damaged" / "1-001.dcm").write_bytes(b"rubbish")
    (root / "empty").mkdir()
    dataset = load(NAME, tmp_path)
    assert [case.patient for case in dataset.cases] == ["good"]
    wrong = {problem.file: problem.reason for problem in dataset.problems if problem.bad}
    assert set(wrong) == {"damaged", "empty"}
    assert "1-001.dcm" in wrong["damaged"]
    assert wrong["empty"] == "no CT series"


def test_archives_have_to_be_unpacked(tmp_path):
    folder = tmp_path / NAME / "CT_LUNGCANCER_500" / "dicom"
    folder.mkdir(parents=True)
    (folder / "one.tar.gz").write_bytes(b"")
    with pytest.raises(DataError, match="unpack"):
        load(NAME, tmp_path)


def test_another_dataset_in_the_data_folder_is_not_listed(tmp_path):
    write_series(tmp_path / "mosmed-ct-cov-20" / "dicom" / "patient_001", body())
    with pytest.raises(DataError, match=NAME):
        load(NAME, tmp_path)
