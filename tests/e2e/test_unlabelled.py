"""Cases of a part without truth for a task are counted separately and do not make a row incomplete."""

import json

import pytest


@pytest.fixture
def without_some_truth(monkeypatch):
    from cxrbench.tasks import tasks

    task = tasks["brixia-severity"]
    monkeypatch.setattr(type(task), "has_truth", lambda self, case: not case.id.endswith("7"))


def test_coverage_counts_them_separately(constant, command, without_some_truth):
    track = "brixia-severity/phantom/test"
    document = json.loads(command("evaluate", constant, "--track", track, "--json").out)
    coverage = document["coverage"]
    assert coverage["unlabelled"] > 0
    assert coverage["expected"] + coverage["unlabelled"] == document["track"]["n_cases"]
    assert coverage["predicted"] == coverage["expected"]
    assert coverage["failed"] == []
