"""Fixtures shared by the tests of the baselines."""

import sys

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.tasks.track import Track


@pytest.fixture(autouse=True)
def _one_torch_thread():
    """One thread per test process, as in training: small networks wait for each other where threads outnumber cores."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(scope="session")
def best_constant():
    """Zone MAE on a Brixia track of the phantom, of the medians of the training set."""
    cases = {case.id: case for case in load("phantom").cases}

    def compute_mae(name):
        track = Track.parse(name)
        split = track.load_split(tuple(cases.values()))
        train, test = (
            [cases[case_id].targets.brixia for case_id in split.cases(part)] for part in ("train", track.part)
        )
        return np.abs(np.array(test) - np.median(train, axis=0)).mean()

    return compute_mae
