"""localization: boxes of opacities with their confidence, scored by the RSNA challenge's precision.

Truth is `targets.boxes`: `[n, 4]` as x, y, width, height in pixels of the image; an image without opacities has
`[0, 4]`. `rsna_map` reads the challenge's text (`cxrbench.metrics.boxes.CHALLENGE`): an image with neither truth nor
predictions is left out, and the note says how many were. `rsna_map[0.40]` ... `[0.75]` are its single thresholds;
`rsna_map[dlnet]` is the formula of Amer et al. 2020 over all images, `rsna_map[kernel]` the popular re-implementation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cxrbench.case import Case
from cxrbench.metrics.boxes import CHALLENGE, DLNET, KERNEL, ImagePrecision, image_precision, pack
from cxrbench.tasks import Arrays, Measured, Row, tasks
from cxrbench.tasks.casewise import Floats, case_mean
from cxrbench.tasks.scalars import expect

COLUMNS = ("x", "y", "w", "h", "confidence")


class Localization:
    """The task; see the module's docstring."""

    name = "localization"
    title = "Boxes around opacities"
    primary = "rsna_map"
    prediction = "boxes: [n, 4] as x, y, width, height in pixels, and confidence: [n] in [0, 1]"
    several_rows = True

    def has_truth(self, case: Case) -> bool:
        """Whether the case has boxes, or is known to have none."""
        return case.targets.boxes is not None

    def check(self, prediction: Arrays, shape: tuple[int, ...] | None = None) -> Arrays:  # noqa: ARG002
        """Boxes of a positive width and height and as many confidences, all finite."""
        expect({"boxes", "confidence"}, prediction)
        boxes, confidence = (_numbers(name, prediction[name]) for name in ("boxes", "confidence"))
        boxes = boxes.reshape(0, 4) if boxes.size == 0 else boxes
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise ValueError(f"boxes must have shape [n, 4], got {boxes.shape}")
        if confidence.shape != (len(boxes),):
            raise ValueError(f"confidence must have shape ({len(boxes)},), got {confidence.shape}")
        if (boxes[:, 2:] <= 0).any():
            raise ValueError("a box's width and height must be above 0")
        if ((confidence < 0) | (confidence > 1)).any():
            raise ValueError("a confidence must lie in [0, 1]")
        return {"boxes": boxes, "confidence": confidence}

    def to_row(self, prediction: Arrays) -> Row:
        """Columns x, y, w, h and confidence, each a list with an item a box."""
        table = np.column_stack([prediction["boxes"], prediction["confidence"]])
        return {name: values.tolist() for name, values in zip(COLUMNS, table.T, strict=True)}

    def from_row(self, row: Mapping[str, object]) -> Arrays:
        """The inverse of `to_row`; raises `ValueError` for other columns or text that is no number."""
        expect(set(COLUMNS), row, "column")
        table = np.array([row[name] for name in COLUMNS], np.float64).T
        return {"boxes": table[:, :4], "confidence": table[:, 4]}

    def measure(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
    ) -> dict[str, Measured]:
        """The challenge's metric, at each threshold, and its two other readings."""
        truth = pack([_truth(case) for case in cases])
        pred = pack([_floats(one, "boxes") for one in predictions], [_floats(one, "confidence") for one in predictions])
        found = image_precision(truth, pred, CHALLENGE)
        measured = {"rsna_map": _mean(found, found.values.mean(1), patients)}
        for level, threshold in enumerate(found.thresholds):
            measured[f"rsna_map[{threshold:.2f}]"] = _mean(found, found.values[:, level], patients)
        for name, reading in (("dlnet", DLNET), ("kernel", KERNEL)):
            other = image_precision(truth, pred, reading)
            measured[f"rsna_map[{name}]"] = _mean(other, other.values.mean(1), patients)
        return measured


tasks.register("localization")(Localization())


def _numbers(name: str, value: object) -> Floats:
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{name} must be numbers, got {array.dtype}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite")
    return array.astype(np.float64)


def _floats(prediction: Arrays, name: str) -> Floats:
    return np.asarray(prediction[name], np.float64)


def _truth(case: Case) -> Floats:
    boxes = case.targets.boxes
    return np.zeros((0, 4)) if boxes is None else np.asarray(boxes, np.float64).reshape(-1, 4)


def _mean(found: ImagePrecision, values: Floats, patients: Sequence[str]) -> Measured:
    """The mean over the images that count, with a note on those that do not."""
    reason = "no image has a box, drawn or predicted"
    one = case_mean(values, patients, better="higher", undefined=reason, counted=found.counted)
    note = f"left out: {found.skipped}, without a box, drawn or predicted"
    return replace(one, note=note) if found.skipped else one
