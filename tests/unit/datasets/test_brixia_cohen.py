"""The adapter of the 192 rated radiographs, on a synthetic copy in the official layout."""

import shutil

import pytest
from cxrbench.datasets import load


def test_both_ratings_with_the_senior_as_truth(synthetic_copy):
    case = load("brixia-cohen", synthetic_copy).cases[0]
    assert case.targets.brixia == case.targets.raters["senior"]
    assert set(case.targets.raters) == {"senior", "junior"}
    assert all(0 <= score <= 3 for zones in case.targets.raters.values() for score in zones)


@pytest.mark.parametrize("where", ["public-cohen-subset", "cohen/images"])
def test_images_are_beside_the_table_or_in_the_cohen_set(where, synthetic_copy):
    if where == "cohen/images":
        (synthetic_copy / "cohen").mkdir()
        shutil.move(synthetic_copy / "brixia-cohen" / "public-cohen-subset", synthetic_copy / where)
    dataset = load("brixia-cohen", synthetic_copy)
    assert all(case.available for case in dataset.cases)
    assert dataset.by_id["immagine 2.png"].image().pixels.shape == (24, 20)


def test_the_datasets_own_root_is_accepted_as_data(synthetic_copy):
    assert len(load("brixia-cohen", synthetic_copy / "brixia-cohen").cases) == 192


def test_patients_come_from_the_cohen_table(synthetic_copy):
    (synthetic_copy / "cohen").mkdir()
    (synthetic_copy / "cohen" / "metadata.csv").write_text(
        "patientid,filename,finding,view,modality,folder,\n7,0.jpg,COVID-19,PA,X-ray,images,\n", "utf-8"
    )
    dataset = load("brixia-cohen", synthetic_copy)
    assert dataset.by_id["0.jpg"].patient == "7"
    assert dataset.by_id["immagine.png"].patient == "image:immagine.png"
    remarks = {problem.file for problem in dataset.problems if not problem.bad}
    assert "immagine.png" in remarks
    assert "0.jpg" not in remarks
