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
from cxrbench.metrics import Direction
from cxrbench.metrics.boxes import pack_boxes
from cxrbench.metrics.rsna_precision import CHALLENGE, DLNET, KERNEL, ImagePrecision, image_precision
from cxrbench.tasks import Arrays, MeasuredMetric, Row, tasks
from cxrbench.tasks.casewise import Floats, measure_mean
from cxrbench.tasks.scalars import check_keys

COLUMNS = ("x", "y", "w", "h", "confidence")


class Localization:
    """The task; see the module's docstring."""

    name = "localization"
    title = "Boxes around opacities"
    primary = "rsna_map"
    prediction = "boxes: [n, 4] as x, y, width, height in pixels, and confidence: [n] in [0, 1]"
    several_rows = True

    def has_truth(self, case: Case) -> bool:
        """Whether the case has boxes, or is known to have none.

        Args:
            case: A case of any dataset.

        Returns:
            Whether it has truth for the task.
        """
        return case.targets.boxes is not None

    def check(self, prediction: Arrays, shape: tuple[int, ...] | None = None) -> Arrays:  # noqa: ARG002
        """Boxes of a positive width and height and as many confidences, all finite.

        Args:
            prediction: What a submission returned for one image.
            shape: The shape of the image, where known.

        Returns:
            The prediction in its canonical form.

        Raises:
            ValueError: With the rule that the prediction breaks.
        """
        check_keys({"boxes", "confidence"}, prediction)
        boxes, confidence = (_to_finite(name, prediction[name]) for name in ("boxes", "confidence"))
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
        """Columns x, y, w, h and confidence, each a list with one item per box.

        Args:
            prediction: A checked prediction.

        Returns:
            The columns.
        """
        table = np.column_stack([prediction["boxes"], prediction["confidence"]])
        return {name: values.tolist() for name, values in zip(COLUMNS, table.T, strict=True)}

    def from_row(self, row: Mapping[str, object]) -> Arrays:
        """Read a prediction from columns of a table, the inverse of `to_row`.

        Args:
            row: The columns of one case.

        Returns:
            The prediction, not yet checked.

        Raises:
            ValueError: For other columns or text that is no number.
        """
        check_keys(set(COLUMNS), row, "column")
        table = np.array([row[name] for name in COLUMNS], np.float64).T
        return {"boxes": table[:, :4], "confidence": table[:, 4]}

    def measure(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
    ) -> dict[str, MeasuredMetric]:
        """The challenge's metric, at each threshold, and its two other readings.

        Args:
            cases: Cases that have truth for the task `[n]`.
            predictions: The checked prediction of each case `[n]`.
            patients: The patient of each case `[n]`.

        Returns:
            Every metric of the task by its key, ready to be drawn.
        """
        truth = pack_boxes([_read_boxes(case) for case in cases])
        pred = pack_boxes(
            *([_to_floats(prediction, key) for prediction in predictions] for key in ("boxes", "confidence"))
        )
        precision = image_precision(truth, pred, CHALLENGE)
        metrics = {"rsna_map": _measure_images(precision, precision.values.mean(1), patients)}
        for level, threshold in enumerate(precision.thresholds):
            metrics[f"rsna_map[{threshold:.2f}]"] = _measure_images(precision, precision.values[:, level], patients)
        for name, reading in (("dlnet", DLNET), ("kernel", KERNEL)):
            other = image_precision(truth, pred, reading)
            metrics[f"rsna_map[{name}]"] = _measure_images(other, other.values.mean(1), patients)
        return metrics


tasks.register("localization")(Localization())


def _to_finite(name: str, value: object) -> Floats:
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{name} must be numbers, got {array.dtype}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite")
    return array.astype(np.float64)


def _to_floats(prediction: Arrays, name: str) -> Floats:
    return np.asarray(prediction[name], np.float64)


def _read_boxes(case: Case) -> Floats:
    boxes = case.targets.boxes
    return np.zeros((0, 4)) if boxes is None else np.asarray(boxes, np.float64).reshape(-1, 4)


def _measure_images(precision: ImagePrecision, values: Floats, patients: Sequence[str]) -> MeasuredMetric:
    """The mean over the images that count, with a note on those that do not."""
    reason = "no image has a box, drawn or predicted"
    metric = measure_mean(values, patients, direction=Direction.HIGHER, undefined=reason, counted=precision.counted)
    note = f"left out: {precision.skipped}, without a box, drawn or predicted"
    return replace(metric, note=note) if precision.skipped else metric
