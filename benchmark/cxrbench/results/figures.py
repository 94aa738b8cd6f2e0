"""The optional part `figures` of a result: what a page draws, as sums, counts and rates; never a case or a label.

Vectors are written as text, numbers with a blank between, so that a file stays readable.
"""

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from cxrbench.results.record import StrictRecord
from cxrbench.tasks.figures import JointCounts, ReliabilityDiagram, RocWithBand, TaskFigures

Floats = NDArray[np.float64]
NUMBER = r"-?\d+(?:\.\d+)?(?:e[-+]?\d{1,3})?"
Numbers = Annotated[str, Field(max_length=10_000, pattern=rf"^(?:{NUMBER}(?: {NUMBER})*)?$")]
"""Numbers as text, with a blank between."""
Counts = Annotated[str, Field(max_length=2_000, pattern=r"^\d{1,9}(?: \d{1,9})*$")]
"""Whole numbers as text."""
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Label = Annotated[str, Field(pattern=r"^[ -~]{1,60}$")]
LONGEST = 400
"""Numbers of a vector, at most."""
MOST = 12
"""Figures of one kind, at most."""
BEYOND = 1e9
"""An upper bound of sums, counts and bins, far above those of any dataset."""


def parse_numbers(text: str) -> Floats:
    """Parse a vector.

    Args:
        text: Numbers with a blank between.

    Returns:
        The vector `[k]`.

    Example:
        >>> parse_numbers("0.5 1").tolist()
        [0.5, 1.0]
    """
    return np.array(text.split(), np.float64)


def format_numbers(values: Sequence[float] | NDArray[np.generic], digits: int = 9) -> str:
    """Format a vector as text.

    Args:
        values: The vector `[k]`.
        digits: Significant digits of each number.

    Returns:
        Numbers with a blank between.

    Example:
        >>> format_numbers([0.5, 1.0, 1 / 3], 4)
        '0.5 1 0.3333'
    """
    return " ".join(f"{float(value) + 0.0:.{digits}g}" for value in values)


class PairedSums(StrictRecord):
    """What two results of a track need to be compared on the same draws of patients: the primary metric, in sums.

    The metric of a draw is the weighted sum of `sums` over that of `bases`, both `[units]`, one per patient in the
    order of their sorted names (or per group of patients, where there are more than `LONGEST`). It is `exact` for means
    and ratios of sums; of other metrics (areas, correlations) it is the first-order part, from the jackknife.
    """

    metric: str
    exact: bool
    units: int = Field(ge=2, le=LONGEST)
    sums: Numbers
    bases: Numbers

    @model_validator(mode="after")
    def _check(self) -> Self:
        sums, bases = parse_numbers(self.sums), parse_numbers(self.bases)
        if len(sums) != self.units or len(bases) != self.units:
            raise ValueError("sums and bases must have one number per unit")
        if (bases < 0).any() or bases.sum() <= 0:
            raise ValueError("bases must be at least 0 and not all 0")
        if (np.abs([sums, bases]) > BEYOND).any():
            raise ValueError(f"sums and bases must be below {BEYOND:g}")
        return self


class CountTable(StrictRecord):
    """Counts of truth (rows) against prediction (columns), one text of numbers per row.

    Of kind "spread" the names of rows and columns are numbers, the middles of equal bins.
    """

    title: Label
    kind: Literal["confusion", "spread"]
    rows: tuple[Label, ...] = Field(min_length=1, max_length=60)
    columns: tuple[Label, ...] = Field(min_length=1, max_length=60)
    counts: tuple[Counts, ...]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.counts) != len(self.rows) or any(row.count(" ") + 1 != len(self.columns) for row in self.counts):
            raise ValueError(
                "counts must have one row per class of the truth and one number per class of the prediction"
            )
        if self.kind == "spread" and not (_is_bin_axis(self.rows) and _is_bin_axis(self.columns)):
            raise ValueError("the bins of a spread must be numbers that rise from 0")
        return self

    @cached_property
    def cells(self) -> NDArray[np.intp]:
        """The counts `[rows, columns]`."""
        return np.array([parse_numbers(row) for row in self.counts]).astype(np.intp)


class RocFigure(StrictRecord):
    """A ROC curve: corners, area with DeLong's interval, and the pointwise band of the sensitivity at `rates`."""

    title: Label
    positive: int = Field(ge=1)
    negative: int = Field(ge=1)
    fpr: Numbers
    tpr: Numbers
    auc: float = Field(ge=0, le=1)
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    rates: Numbers
    band_low: Numbers
    band_high: Numbers

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.low <= self.auc <= self.high:
            raise ValueError("the interval of the area does not contain it")
        for group in (("fpr", "tpr"), ("rates", "band_low", "band_high")):
            _check_rates(group, [parse_numbers(getattr(self, name)) for name in group])
        return self


class CalibrationFigure(StrictRecord):
    """Mean probability, share of positives and cases of each filled bin."""

    title: Label
    predicted: Numbers
    observed: Numbers
    cases: Numbers

    @model_validator(mode="after")
    def _check(self) -> Self:
        predicted, observed, cases = map(parse_numbers, (self.predicted, self.observed, self.cases))
        if len({len(predicted), len(observed), len(cases)}) != 1 or not 1 <= len(predicted) <= LONGEST:
            raise ValueError("a calibration needs as many shares and cases as bins")
        if any((shares < 0).any() or (shares > 1).any() for shares in (predicted, observed)) or (cases < 1).any():
            raise ValueError("a probability and a share must lie in [0, 1], a bin must have a case")
        return self


class FigureSet(StrictRecord):
    """All figures of a result, by name."""

    paired: PairedSums | None = None
    tables: dict[Name, CountTable] = Field(default_factory=dict, max_length=MOST)
    curves: dict[Name, RocFigure] = Field(default_factory=dict, max_length=MOST)
    calibrations: dict[Name, CalibrationFigure] = Field(default_factory=dict, max_length=MOST)


def make_figure_set(figures: TaskFigures, paired: PairedSums | None) -> FigureSet:
    """Convert the figures of a task to those of a result.

    Args:
        figures: The figures of the task.
        paired: The primary metric in sums over patients; None where there are none.

    Returns:
        All figures of the result.
    """
    return FigureSet(
        paired=paired,
        tables={name: _to_count_table(table) for name, table in figures.tables.items()},
        curves={name: _to_roc_figure(curve) for name, curve in figures.curves.items()},
        calibrations={name: _to_calibration_figure(diagram) for name, diagram in figures.calibrations.items()},
    )


def _to_count_table(table: JointCounts) -> CountTable:
    counts = tuple(format_numbers(row) for row in table.counts)
    return CountTable(title=table.title, kind=table.kind, rows=table.rows, columns=table.columns, counts=counts)


def _to_roc_figure(curve: RocWithBand) -> RocFigure:
    auc, low, high = (round(value, 6) for value in curve.auc)
    return RocFigure(
        title=curve.title,
        positive=curve.positive,
        negative=curve.negative,
        fpr=format_numbers(curve.fpr, 5),
        tpr=format_numbers(curve.tpr, 5),
        auc=auc,
        low=low,
        high=high,
        rates=format_numbers(curve.rates, 5),
        band_low=format_numbers(curve.low, 5),
        band_high=format_numbers(curve.high, 5),
    )


def _to_calibration_figure(diagram: ReliabilityDiagram) -> CalibrationFigure:
    return CalibrationFigure(
        title=diagram.title,
        predicted=format_numbers(diagram.predicted, 5),
        observed=format_numbers(diagram.observed, 5),
        cases=format_numbers(diagram.cases),
    )


def _check_rates(names: Sequence[str], vectors: Sequence[Floats]) -> None:
    if len({len(vector) for vector in vectors}) != 1 or not 2 <= len(vectors[0]) <= LONGEST:
        raise ValueError(f"{', '.join(names)} must be of one length, 2 to {LONGEST}")
    if any((vector < 0).any() or (vector > 1).any() for vector in vectors):
        raise ValueError(f"{', '.join(names)} must lie in [0, 1]")
    if (np.diff(vectors[0]) < 0).any():
        raise ValueError(f"{names[0]} must not fall")


@lru_cache(maxsize=256)
def _is_bin_axis(names: tuple[str, ...]) -> bool:
    """Whether the names are numbers that rise from 0, two or more."""
    if len(names) < 2 or not all(re.fullmatch(NUMBER, name) for name in names):
        return False
    middles = np.array(names, np.float64)
    return bool(middles[0] == 0 and (np.diff(middles) > 0).all() and middles[-1] <= BEYOND)
