"""COVID-19 Radiography Database: four classes, masks only where they fit."""

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError

from tests.fixtures.make_tables import write_mask, write_picture

ROOT = "covid-19-radiography/COVID-19_Radiography_Dataset"


def make(root, mask=(20, 24)):
    for name in ("COVID", "Lung_Opacity", "Normal", "Viral Pneumonia"):
        for i in (1, 2):
            write_picture(root / name / f"images/{name}-{i}.png")
        drawn = np.zeros((*mask, 3), int)
        drawn[5:10, 5:10] = 255
        write_mask(root / name / f"masks/{name}-1.png", drawn)


def test_four_classes(tmp_path):
    make(tmp_path / ROOT)
    dataset = load("covid-19-radiography", tmp_path)
    categories = {case.id: case.targets.category for case in dataset.cases}
    assert len(categories) == 8
    assert categories["Viral Pneumonia/images/Viral Pneumonia-2.png"] == "other"
    assert categories["COVID/images/COVID-1.png"] == "covid"
    assert categories["Normal/images/Normal-1.png"] == "healthy"
    assert len({case.patient for case in dataset.cases}) == 8
    assert any("patients are unknown" in problem.reason for problem in dataset.problems)


def test_a_mask_of_the_images_size_is_used(tmp_path):
    make(tmp_path / ROOT)
    dataset = load("covid-19-radiography", tmp_path)
    mask = dataset.by_id["COVID/images/COVID-1.png"].targets.lung_mask()
    assert (mask.sum(), set(np.unique(mask))) == (75, {0, 3})
    assert dataset.by_id["COVID/images/COVID-2.png"].targets.lung_mask is None
    assert "mask absent" in [problem.reason for problem in dataset.problems if "COVID-2" in problem.file]


def test_masks_of_another_size_are_reported_and_not_used(tmp_path):
    make(tmp_path / ROOT, mask=(16, 16))
    dataset = load("covid-19-radiography", tmp_path)
    assert not any(case.targets.lung_mask for case in dataset.cases)
    assert "masks of 16 x 16 pixels, images of 20 x 24: not used" in [problem.reason for problem in dataset.problems]


def test_an_absent_class_is_reported_an_absent_set_refused(tmp_path):
    with pytest.raises(DataError, match="covid-19-radiography not found"):
        load("covid-19-radiography", tmp_path)
    write_picture(tmp_path / ROOT / "COVID/images/COVID-1.png")
    dataset = load("covid-19-radiography", tmp_path)
    assert len(dataset.cases) == 1
    assert sum("no case from it" in problem.reason for problem in dataset.problems) == 3
