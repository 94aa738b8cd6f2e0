"""The 192 rated radiographs: the published ratings, and the copy of the images."""

import json

import pytest
from cxrbench.datasets import load
from cxrbench.splits import load_split

ALL = "brixia-severity/brixia-cohen/all"


@pytest.fixture(scope="module")
def dataset(real_data):
    return load("brixia-cohen", real_data)


def test_the_absent_radiographs_are_named(dataset):
    absent = {case.id for case in dataset.cases if not case.available}
    named = {problem.file for problem in dataset.problems if problem.reason == "listed but absent"}
    assert named == absent
    assert len(dataset.cases) == 192
    assert absent <= {"chlamydia-pneumonia-PA.png", "cavitating-pneumonia-4-day28-PA.png"}


def test_every_radiograph_decodes(dataset):
    for case in dataset.cases:
        if case.available:
            pixels = case.image().pixels
            assert pixels.ndim == 2
            assert pixels.dtype == "float32"
            assert pixels.min() >= 0
            assert pixels.max() <= 1
            assert pixels.std() > 0.02


def test_the_split_has_the_adapters_patients(dataset):
    assert load_split("brixia-cohen").patients == {case.id: case.patient for case in dataset.cases}


def test_junior_against_senior(real_data, command):
    """Junior minus senior over all 192: zone MAE 0.407, mean error -0.131 (the junior scores lower), global 1.943."""
    done = command("score", "--rater", "junior", "--track", ALL, "--data", real_data, "--json")
    document = json.loads(done.out)
    metrics = {key: metric["value"] for key, metric in document["metrics"].items()}
    assert round(metrics["zone_mae"], 3) == 0.407
    assert round(metrics["zone_mean_error"], 3) == -0.131
    assert round(metrics["global_mae"], 3) == 1.943
    assert document["metrics"]["zone_mae"]["n"] == 192
    assert document["metrics"]["zone_mae"]["n_patients"] == 139
    assert document["coverage"] == {"expected": 192, "predicted": 192, "unlabelled": 0, "failed": []}
    assert document["predictions"] is None
