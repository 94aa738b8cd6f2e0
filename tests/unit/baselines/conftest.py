"""What the tests of trained baselines share."""

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.tasks.track import Track


@pytest.fixture
def best_constant():
    """The zone MAE on a Brixia track of the phantom of the medians of the training part."""

    def found(name):
        track = Track.parse(name)
        cases = {case.id: case for case in load("phantom").cases}
        split = track.load_split(tuple(cases.values()))
        train, own = ([cases[one].targets.brixia for one in split.cases(part)] for part in ("train", track.part))
        return np.abs(np.array(own) - np.median(train, axis=0)).mean()

    return found
