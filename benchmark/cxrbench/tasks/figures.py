"""What a task's predictions look like beyond its metrics: counts of truth against prediction, ROC curve, calibration.

Only counts, rates and shares are kept, never a case: what a figure shows can be published where labels cannot.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case
from cxrbench.metrics import calibration_curve, delong, roc_curve, sensitivity_at
from cxrbench.stats import patient_codes
from cxrbench.stats.bootstrap import draws
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
class Table:
    """How often truth (rows) and prediction (columns) meet: `counts` `[rows, columns]`.

    Of kind "confusion" rows and columns are classes; of kind "spread" they are numbers, each the middle of its bin.
    """

    title: str
    kind: Literal["confusion", "spread"]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: Ints


@dataclass(frozen=True, slots=True)
class Curve:
    """A ROC curve `[k]`, the area with DeLong's 95 % interval, and a pointwise 95 % band at `rates` `[g]`.

    `low` and `high` bound the sensitivity at each false-positive rate over draws of patients.
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
class Calibration:
    """A reliability diagram: each filled bin's mean probability, share of positives and cases, `[bins]` each."""

    title: str
    predicted: Floats
    observed: Floats
    cases: Ints


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of a prediction, by a short name; the same name for the curve and the calibration of one question."""

    tables: Mapping[str, Table] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    calibrations: Mapping[str, Calibration] = field(default_factory=dict)


@runtime_checkable
class Illustrated(Protocol):
    """A task that has figures."""

    def figures(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str], seed: int
    ) -> Figures:
        """The figures of checked predictions; `seed` is that of the track's draws."""
        ...


def confusion(title: str, truth: Floats, pred: Floats, classes: Sequence[str]) -> Table:
    """Class numbers 0...k-1 against each other, both rounded half to even."""
    counts = _count(_whole(truth), _whole(pred), len(classes), len(classes))
    return Table(title, "confusion", tuple(classes), tuple(classes), counts)


def labelled(title: str, truth: Ints, pred: Ints, rows: Sequence[str], columns: Sequence[str]) -> Table:
    """Row and column numbers against each other, under their own names."""
    return Table(title, "confusion", tuple(rows), tuple(columns), _count(truth, pred, len(rows), len(columns)))


def spread(title: str, truth: Floats, pred: Floats, top: float, steps: tuple[float, float]) -> Table:
    """Numbers in [0, top] against each other, in bins around the multiples of a step (of the truth, of the prediction).

    A value half-way between two multiples goes to the even one.
    """
    across, down = (round(top / step) + 1 for step in reversed(steps))
    names = [tuple(f"{i * step:g}" for i in range(size)) for size, step in zip((down, across), steps, strict=True)]
    counts = _count(_whole(truth / steps[0]), _whole(pred / steps[1]), down, across)
    return Table(title, "spread", names[0], names[1], counts)


def _whole(values: Floats) -> Ints:
    return np.rint(values).astype(np.intp)


def _count(truth: Ints, pred: Ints, rows: int, columns: int) -> Ints:
    return np.bincount(truth * columns + pred, minlength=rows * columns).reshape(rows, columns)


def curve(title: str, truth: Floats, pred: Floats, patients: Sequence[str], seed: int) -> Curve | None:
    """The ROC curve with its band; None where the truth has one class.

    DeLong's interval allows several cases a patient (Obuchowski 1997) and is cut to [0, 1]. The band is of 2,000
    draws of patients; draws with one class are left out.
    """
    if not 0 < truth.sum() < len(truth):
        return None
    found, area = roc_curve(truth, pred, most=MOST_CORNERS), delong(truth, pred, patients)
    auc, half = float(area.auc[0]), Z * float(np.sqrt(max(area.covariance[0, 0], 0.0)))
    heights = _heights(truth, pred, patients, seed)
    low, high = np.nanquantile(heights, [0.025, 0.975], axis=0)
    bounds = (auc, max(auc - half, 0.0), min(auc + half, 1.0)) if np.isfinite(half) else (auc, auc, auc)
    return Curve(title, int(truth.sum()), int((1 - truth).sum()), found.fpr, found.tpr, bounds, RATES, low, high)


def _heights(truth: Floats, pred: Floats, patients: Sequence[str], seed: int) -> Floats:
    """Sensitivity at `RATES` in draws of patients that have both classes, `[draws, rates]`."""
    member = patient_codes(patients)
    found = [
        sensitivity_at(truth, pred, RATES, weights[:, member])
        for weights in draws(int(member.max()) + 1, seed, BAND_DRAWS)
    ]
    heights = np.concatenate(found)
    return heights[~np.isnan(heights).any(1)]


def calibration(title: str, truth: Floats, pred: Floats) -> Calibration:
    """The reliability diagram over ten bins of equal width, empty bins left out."""
    found = calibration_curve(truth, pred, bins=CALIBRATION_BINS)
    filled = found.weight > 0
    return Calibration(title, found.predicted[filled], found.observed[filled], found.weight[filled].astype(np.intp))


def of_probability(
    name: str, title: str, truth: Floats, pred: Floats, *, patients: Sequence[str], seed: int
) -> Figures:
    """ROC curve and calibration of one question; nothing where the truth has one class."""
    drawn = curve(title, truth, pred, patients, seed)
    if drawn is None:
        return Figures()
    return Figures(curves={name: drawn}, calibrations={name: calibration(title, truth, pred)})


def together(*parts: Figures) -> Figures:
    """Figures of several questions as one."""
    return Figures(
        {name: one for part in parts for name, one in part.tables.items()},
        {name: one for part in parts for name, one in part.curves.items()},
        {name: one for part in parts for name, one in part.calibrations.items()},
    )
