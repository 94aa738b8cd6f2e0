"""Every task of the registry: predictions survive a table, and what breaks a rule is refused with it."""

import json

import numpy as np
import pytest
from cxrbench.results.store import read_table, to_parquet
from cxrbench.tasks import RaterTask, TunableTask, tasks

RNG = np.random.default_rng(5)
BOXES = np.array([[1.0, 2, 30, 40], [5.5, 6, 7, 8]])
MASK = RNG.integers(0, 2, (7, 9)).astype(bool)
VOLUME = RNG.integers(0, 3, (3, 4, 5)).astype(np.uint8)
GOOD = {
    "brixia-severity": [{"brixia": np.arange(6) / 2}, {"brixia": np.full((6, 4), 0.25)}],
    "zone-severity": [{"zone_severity": np.float32(2.5)}, {"zone_severity": np.array([6])}],
    "extent-opacity": [{"extent": np.array(8.0), "opacity": np.array(0)}],
    "detection": [{"probability": np.array(0.25)}],
    "localization": [
        {"boxes": BOXES, "confidence": np.array([0.5, 1.0])},
        {"boxes": np.zeros((0, 4)), "confidence": np.zeros(0)},
    ],
    "lung-segmentation": [{"mask": MASK}, {"mask": np.zeros((4, 4), np.uint8)}, {"mask": np.ones((2, 2), bool)}],
    "opacity-segmentation": [{"mask": MASK}, {"mask": VOLUME}],
    "outcome": [{"icu": np.array(0.5), "death": np.array(0.125)}],
    "ct-triage": [
        {"covid": np.array(0.5), "affected_fraction": np.array(0.25), "mask": VOLUME},
        {"covid": np.array(1), "affected_fraction": np.array(0)},
    ],
    "monitoring": [{"severity": np.array(-3.5)}],
}
BAD = [
    ("zone-severity", {"zone_severity": np.array(6.5)}, r"\[0, 6\], got 6.5"),
    ("zone-severity", {"zone_severity": np.array(np.nan)}, "finite"),
    ("zone-severity", {"zone_severity": np.array([1.0, 2.0])}, "one number"),
    ("zone-severity", {"zone_severity": np.array("x")}, "must be a number"),
    ("zone-severity", {"severity": np.array(1.0)}, "expected the key zone_severity, got severity"),
    ("extent-opacity", {"extent": np.array(1.0)}, "expected the keys extent, opacity, got extent"),
    ("detection", {"probability": np.array(-0.1)}, r"\[0, 1\]"),
    ("outcome", {"icu": np.array(2.0), "death": np.array(0.0)}, "icu must lie"),
    ("monitoring", {"severity": np.array(np.inf)}, "finite"),
    ("localization", {"boxes": BOXES}, "confidence"),
    ("localization", {"boxes": BOXES, "confidence": np.array([0.5])}, r"shape \(2,\)"),
    ("localization", {"boxes": BOXES, "confidence": np.array([0.5, 1.5])}, r"\[0, 1\]"),
    ("localization", {"boxes": -BOXES, "confidence": np.ones(2)}, "above 0"),
    ("localization", {"boxes": BOXES[:, :3], "confidence": np.ones(2)}, r"\[n, 4\]"),
    ("localization", {"boxes": BOXES * np.nan, "confidence": np.ones(2)}, "finite"),
    ("lung-segmentation", {"mask": MASK.astype(float)}, "threshold"),
    ("lung-segmentation", {"mask": -MASK.astype(int)}, "at least 0"),
    ("lung-segmentation", {"mask": MASK[0]}, r"\[H, W\]"),
    ("lung-segmentation", {"lungs": MASK}, "expected the key mask"),
    ("lung-segmentation", {"runs": np.array([3, 4]), "shape": np.array([2, 4])}, "do not fill"),
    ("lung-segmentation", {"runs": np.array([9, -1]), "shape": np.array([2, 4])}, "do not fill"),
    ("lung-segmentation", {"runs": np.array([1]), "shape": np.array([1 << 20, 1 << 20])}, r"\[H, W\]"),
    ("ct-triage", {"covid": np.array(0.5)}, "affected_fraction"),
    ("ct-triage", {**GOOD["ct-triage"][0], "more": MASK}, "more"),
]


def equal(left, right) -> bool:
    return set(left) == set(right) and all(np.array_equal(left[key], right[key]) for key in left)


def test_every_task_is_tried_here():
    assert set(GOOD) == set(tasks)


@pytest.mark.parametrize("name", GOOD)
def test_predictions_survive_json_and_tables(name, tmp_path):
    task = tasks[name]
    checked = {f"case-{i}": task.check(prediction) for i, prediction in enumerate(GOOD[name])}
    rows = {case: task.to_row(prediction) for case, prediction in checked.items()}
    assert json.loads(json.dumps(rows)) == rows
    if name == "brixia-severity":
        rows.popitem()
    path = tmp_path / "table.parquet"
    path.write_bytes(to_parquet(rows))
    stored = read_table(path, several_rows=task.several_rows)
    assert list(stored) == list(rows)
    for case, row in stored.items():
        assert equal(task.check(task.from_row(row)), checked[case])


@pytest.mark.parametrize("name", GOOD)
def test_checked_predictions_pass_unchanged(name):
    task = tasks[name]
    for prediction in GOOD[name]:
        assert equal(task.check(task.check(prediction)), task.check(prediction))


@pytest.mark.parametrize(("name", "prediction", "rule"), BAD)
def test_a_broken_rule_is_named(name, prediction, rule):
    with pytest.raises(ValueError, match=rule):
        tasks[name].check(prediction)


@pytest.mark.parametrize("name", GOOD)
def test_a_row_of_other_columns_is_refused(name):
    with pytest.raises(ValueError, match="column"):
        tasks[name].from_row({"nonsense": 1.0})


@pytest.mark.parametrize("name", ["lung-segmentation", "ct-triage"])
def test_a_mask_of_another_size_than_the_image_is_refused(name):
    prediction = GOOD[name][0]
    with pytest.raises(ValueError, match=r"the image \(8, 8\)"):
        tasks[name].check(prediction, (8, 8))
    assert tasks[name].check(prediction, prediction["mask"].shape)


def test_which_tasks_have_raters_and_which_a_setting():
    assert {name for name in tasks if isinstance(tasks[name], RaterTask)} == {"brixia-severity"}
    assert {name for name in tasks if isinstance(tasks[name], TunableTask)} == {"detection"}
