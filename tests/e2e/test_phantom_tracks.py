"""Every task has a track on the phantom, and a submission that hardly looks at the image is scored there."""

import pytest
from cxrbench.runner.evaluate import Settings, evaluate
from cxrbench.tasks import tasks

CASES = 6
TRIVIAL = {
    "brixia-severity": '{"brixia": [1.0] * 6}',
    "ct-triage": '{"covid": 0.5, "affected_fraction": float((image.pixels > -700).mean())}',
    "detection": '{"probability": float(image.pixels.mean())}',
    "extent-opacity": '{"extent": 8 * float(image.pixels.mean()), "opacity": 6 * float(image.pixels.mean())}',
    "localization": '{"boxes": np.zeros((0, 4)), "confidence": np.zeros(0)}',
    "lung-segmentation": '{"mask": image.pixels < 0.5}',
    "monitoring": '{"severity": float(image.pixels.mean())}',
    "opacity-segmentation": '{"mask": image.pixels > 0.5}',
    "outcome": '{"icu": 0.3, "death": float(image.pixels.mean())}',
    "zone-severity": '{"zone_severity": 3.0}',
}
ON_CT = ("ct-triage", "lung-segmentation", "opacity-segmentation")
TRACKS = [f"{task}/phantom/test" for task in TRIVIAL if task != "ct-triage"] + [
    f"{task}/phantom-ct/test" for task in ON_CT
]


def test_no_task_is_missing_here():
    assert sorted(tasks) == sorted(TRIVIAL)


@pytest.mark.parametrize("track", TRACKS)
def test_a_trivial_submission_is_scored(written, track):
    task = track.partition("/")[0]
    body = f"""
    tasks = ("{task}",)
    def predict(self, images):
        return [{TRIVIAL[task]} for image in images]
    """
    result = evaluate(written(body), track, settings=Settings(limit=CASES))
    assert result.coverage.predicted == CASES
    assert result.track.synthetic
    assert result.primary in result.metrics
