"""Figures of a task: counts of truth against prediction, ROC curve, calibration.

Only counts, rates and shares are kept, never a case: what a figure shows can be published where labels cannot.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case
from cxrbench.metrics import calibration_curve, compute_auc_covariance, roc_curve, sensitivity_at
from cxrbench.stats import encode_patients
from cxrbench.stats.bootstrap import draw_weights
from cxrbench.stats.classical import Z
from cxrbench.tasks import Arrays

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]
MOST_CORNERS = 101
"""Corners of a ROC curve that are kept."""
RATES = np.linspace(0, 1, 51)
"""False-positive rates at which the band of a ROC curve is given."""
BAND_DRAWS = 2_000
CALIBRATION_BINS = 10


@dataclass(frozen=True, slots=True)
class JointCounts:
    """How often each truth (rows) meets each prediction (columns).

    Attributes:
        title: What is counted.
        kind: "confusion" where rows and columns are classes; "spread" where they are numbers, each the middle of its
            bin.
        rows: Names of the rows.
        columns: Names of the columns.
        counts: The counts `[rows, columns]`.
    """

    title: str
    kind: Literal["confusion", "spread"]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: Ints


@dataclass(frozen=True, slots=True)
class RocWithBand:
    """A ROC curve, its area with DeLong's 95 % interval, and a pointwise 95 % band.

    Attributes:
        title: The question.
        positive: How many cases are positive.
        negative: How many cases are negative.
        fpr: False-positive rate of each corner `[k]`.
        tpr: Sensitivity of each corner `[k]`.
        auc: Area, and the bounds of its interval.
        rates: False-positive rates at which the band is given `[g]`.
        low: Lower bound of the sensitivity over draws of patients `[g]`.
        high: Upper bound of the sensitivity over draws of patients `[g]`.
    """

    title: str
    positive: int
    negative: int
    fpr: Floats
    tpr: Floats
    auc: tuple[float, float, float]
    rates: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class ReliabilityDiagram:
    """Calibration of a probability, over the bins that hold a case.

    Attributes:
        title: The question.
        predicted: Mean probability of each bin `[bins]`.
        observed: Share of positive cases of each bin `[bins]`.
        cases: How many cases each bin has `[bins]`.
    """

    title: str
    predicted: Floats
    observed: Floats
    cases: Ints


@dataclass(frozen=True, slots=True)
class TaskFigures:
    """All figures of a prediction, by a short name.

    The curve and the reliability diagram of one question have the same name.
    """

    tables: Mapping[str, JointCounts] = field(default_factory=dict)
    curves: Mapping[str, RocWithBand] = field(default_factory=dict)
    calibrations: Mapping[str, ReliabilityDiagram] = field(default_factory=dict)


@runtime_checkable
class FigureTask(Protocol):
    """A task that has figures."""

    def make_figures(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str], seed: int
    ) -> TaskFigures:
        """Make the figures of predictions.

        Args:
            cases: Cases that have truth for the task `[n]`.
            predictions: The checked prediction of each case `[n]`.
            patients: The patient of each case `[n]`.
            seed: The seed of the draws on the track.

        Returns:
            All figures of the task.
        """
        ...


def count_classes(title: str, truth: Floats, pred: Floats, classes: Sequence[str]) -> JointCounts:
    """Count classes against each other, both sides rounded half to even.

    Args:
        title: What is counted.
        truth: True classes `[n]`, 0...k-1.
        pred: Predicted classes `[n]`, 0...k-1 after rounding.
        classes: Names of the k classes.

    Returns:
        The confusion matrix.

    Example:
        >>> count_classes("Grade", np.array([0.0, 1.0]), np.array([0.4, 0.6]), ("0", "1")).counts.tolist()
        [[1, 0], [0, 1]]
    """
    counts = _count_pairs(_round_half_even(truth), _round_half_even(pred), len(classes), len(classes))
    return JointCounts(title, "confusion", tuple(classes), tuple(classes), counts)


def count_labels(title: str, truth: Ints, pred: Ints, rows: Sequence[str], columns: Sequence[str]) -> JointCounts:
    """Count row and column numbers against each other, under their own names.

    Args:
        title: What is counted.
        truth: The row of each case `[n]`.
        pred: The column of each case `[n]`.
        rows: Names of the rows.
        columns: Names of the columns.

    Returns:
        The counts.
    """
    return JointCounts(
        title, "confusion", tuple(rows), tuple(columns), _count_pairs(truth, pred, len(rows), len(columns))
    )


def count_bins(title: str, truth: Floats, pred: Floats, top: float, steps: tuple[float, float]) -> JointCounts:
    """Count numbers against each other, in bins around the multiples of a step.

    A value half-way between two multiples goes to the even one.

    Args:
        title: What is counted.
        truth: True values `[n]` in [0, top].
        pred: Predicted values `[n]` in [0, top].
        top: The highest value.
        steps: The step of the truth, and that of the prediction.

    Returns:
        The counts.

    Example:
        >>> count_bins("Share", np.array([0.0, 1.0]), np.array([0.2, 0.3]), 1, (1, 0.5)).columns
        ('0', '0.5', '1')
    """
    across, down = (round(top / step) + 1 for step in reversed(steps))
    names = [tuple(f"{i * step:g}" for i in range(size)) for size, step in zip((down, across), steps, strict=True)]
    counts = _count_pairs(_round_half_even(truth / steps[0]), _round_half_even(pred / steps[1]), down, across)
    return JointCounts(title, "spread", names[0], names[1], counts)


def _round_half_even(values: Floats) -> Ints:
    return np.rint(values).astype(np.intp)


def _count_pairs(truth: Ints, pred: Ints, rows: int, columns: int) -> Ints:
    return np.bincount(truth * columns + pred, minlength=rows * columns).reshape(rows, columns)


def make_roc_curve(title: str, truth: Floats, pred: Floats, patients: Sequence[str], seed: int) -> RocWithBand | None:
    """Make the ROC curve of a question with its band.

    DeLong's interval allows several cases per patient (Obuchowski 1997) and is cut to [0, 1]. The band is of 2,000
    draws of patients; draws with one class are left out.

    Args:
        title: The question.
        truth: Whether each case is positive `[n]`, 0 or 1.
        pred: The probability of each case `[n]`.
        patients: The patient of each case `[n]`.
        seed: The seed of the draws.

    Returns:
        The curve; None where the truth has one class.
    """
    if not 0 < truth.sum() < len(truth):
        return None
    curve, area = roc_curve(truth, pred, most=MOST_CORNERS), compute_auc_covariance(truth, pred, patients)
    auc, half = float(area.auc[0]), Z * float(np.sqrt(max(area.covariance[0, 0], 0.0)))
    sensitivities = _draw_sensitivities(truth, pred, patients, seed)
    low, high = np.nanquantile(sensitivities, [0.025, 0.975], axis=0)
    bounds = (auc, max(auc - half, 0.0), min(auc + half, 1.0)) if np.isfinite(half) else (auc, auc, auc)
    return RocWithBand(title, int(truth.sum()), int((1 - truth).sum()), curve.fpr, curve.tpr, bounds, RATES, low, high)


def _draw_sensitivities(truth: Floats, pred: Floats, patients: Sequence[str], seed: int) -> Floats:
    """Sensitivity at `RATES` in draws of patients that have both classes, `[draws, rates]`."""
    member = encode_patients(patients)
    chunks = [
        sensitivity_at(truth, pred, RATES, weights[:, member])
        for weights in draw_weights(int(member.max()) + 1, seed, BAND_DRAWS)
    ]
    sensitivities = np.concatenate(chunks)
    return sensitivities[~np.isnan(sensitivities).any(1)]


def make_reliability_diagram(title: str, truth: Floats, pred: Floats) -> ReliabilityDiagram:
    """Make the reliability diagram of a question over ten bins of equal width, empty bins left out.

    Args:
        title: The question.
        truth: Whether each case is positive `[n]`, 0 or 1.
        pred: The probability of each case `[n]`, in [0, 1].

    Returns:
        The diagram.
    """
    curve = calibration_curve(truth, pred, bins=CALIBRATION_BINS)
    filled = curve.weight > 0
    return ReliabilityDiagram(
        title, curve.predicted[filled], curve.observed[filled], curve.weight[filled].astype(np.intp)
    )


def make_probability_figures(
    name: str, title: str, truth: Floats, pred: Floats, *, patients: Sequence[str], seed: int
) -> TaskFigures:
    """Make the ROC curve and the reliability diagram of one question.

    Args:
        name: The short name of the question.
        title: The question.
        truth: Whether each case is positive `[n]`, 0 or 1.
        pred: The probability of each case `[n]`, in [0, 1].
        patients: The patient of each case `[n]`.
        seed: The seed of the draws.

    Returns:
        Both figures; none where the truth has one class.
    """
    curve = make_roc_curve(title, truth, pred, patients, seed)
    if curve is None:
        return TaskFigures()
    return TaskFigures(curves={name: curve}, calibrations={name: make_reliability_diagram(title, truth, pred)})


def merge_figures(*parts: TaskFigures) -> TaskFigures:
    """Merge the figures of several questions.

    Args:
        *parts: Figures under different names.

    Returns:
        All of them.
    """
    return TaskFigures(
        {name: table for part in parts for name, table in part.tables.items()},
        {name: curve for part in parts for name, curve in part.curves.items()},
        {name: diagram for part in parts for name, diagram in part.calibrations.items()},
    )
