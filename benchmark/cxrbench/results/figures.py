"""The optional part `figures` of a result: what a page draws, as sums, counts and rates; never a case, never a label.

Vectors are written as text, numbers with a blank between, so that a file stays a file that one can read.
"""

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from cxrbench.results.record import Strict
from cxrbench.tasks.figures import Calibration, Curve, Figures, Table

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
"""Figures of a kind, at most."""
BEYOND = 1e9
"""No sum, count or bin of ours comes near."""


def numbers(text: str) -> Floats:
    """The vector `[k]` of a text of numbers.

    >>> numbers("0.5 1").tolist()
    [0.5, 1.0]
    """
    return np.array(text.split(), np.float64)


def text_of(values: Sequence[float] | NDArray[np.generic], digits: int = 9) -> str:
    """A vector as text, each number with so many significant digits.

    >>> text_of([0.5, 1.0, 1 / 3], 4)
    '0.5 1 0.3333'
    """
    return " ".join(f"{float(value) + 0.0:.{digits}g}" for value in values)


class Paired(Strict):
    """What two results of a track need to be compared on the same draws of patients: the primary metric, in sums.

    The metric of a draw is the weighted sum of `sums` over that of `bases`, both `[units]`, one a patient in the order
    of their sorted names (or a group of patients, where there are more than `LONGEST`). It is `exact` for means and
    ratios of sums; of other metrics (areas, correlations) it is the first-order part, from the jackknife.
    """

    metric: str
    exact: bool
    units: int = Field(ge=2, le=LONGEST)
    sums: Numbers
    bases: Numbers

    @model_validator(mode="after")
    def _whole(self) -> Self:
        sums, bases = numbers(self.sums), numbers(self.bases)
        if len(sums) != self.units or len(bases) != self.units:
            raise ValueError("sums and bases must have a number a unit")
        if (bases < 0).any() or bases.sum() <= 0:
            raise ValueError("bases must be at least 0 and not all 0")
        if (np.abs([sums, bases]) > BEYOND).any():
            raise ValueError(f"sums and bases must be below {BEYOND:g}")
        return self


class CountTable(Strict):
    """Counts of truth (rows) against prediction (columns), a text of numbers a row.

    Of kind "spread" the names of rows and columns are numbers, the middles of equal bins.
    """

    title: Label
    kind: Literal["confusion", "spread"]
    rows: tuple[Label, ...] = Field(min_length=1, max_length=60)
    columns: tuple[Label, ...] = Field(min_length=1, max_length=60)
    counts: tuple[Counts, ...]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len(self.counts) != len(self.rows) or any(row.count(" ") + 1 != len(self.columns) for row in self.counts):
            raise ValueError("counts must have a row a class of the truth and a number a class of the prediction")
        if self.kind == "spread" and not (_are_bins(self.rows) and _are_bins(self.columns)):
            raise ValueError("the bins of a spread must be numbers that rise from 0")
        return self

    @cached_property
    def cells(self) -> NDArray[np.intp]:
        """The counts `[rows, columns]`."""
        return np.array([numbers(row) for row in self.counts]).astype(np.intp)


class RocFigure(Strict):
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
    def _whole(self) -> Self:
        if not self.low <= self.auc <= self.high:
            raise ValueError("the interval of the area does not contain it")
        for group in (("fpr", "tpr"), ("rates", "band_low", "band_high")):
            found = [numbers(getattr(self, name)) for name in group]
            _check_rates(group, found)
        return self


class CalibrationFigure(Strict):
    """Mean probability, share of positives and cases of each filled bin."""

    title: Label
    predicted: Numbers
    observed: Numbers
    cases: Numbers

    @model_validator(mode="after")
    def _whole(self) -> Self:
        found = [numbers(one) for one in (self.predicted, self.observed, self.cases)]
        if len({len(one) for one in found}) != 1 or not 1 <= len(found[0]) <= LONGEST:
            raise ValueError("a calibration needs as many shares and cases as bins")
        if any((one < 0).any() or (one > 1).any() for one in found[:2]) or (found[2] < 1).any():
            raise ValueError("a probability and a share must lie in [0, 1], a bin must have a case")
        return self


class FigureSet(Strict):
    """All of them, by name."""

    paired: Paired | None = None
    tables: dict[Name, CountTable] = Field(default_factory=dict, max_length=MOST)
    curves: dict[Name, RocFigure] = Field(default_factory=dict, max_length=MOST)
    calibrations: dict[Name, CalibrationFigure] = Field(default_factory=dict, max_length=MOST)


def figure_set(drawn: Figures, paired: Paired | None) -> FigureSet:
    """A task's figures as they stand in a result."""
    return FigureSet(
        paired=paired,
        tables={name: _table(one) for name, one in drawn.tables.items()},
        curves={name: _curve(one) for name, one in drawn.curves.items()},
        calibrations={name: _calibration(one) for name, one in drawn.calibrations.items()},
    )


def _table(one: Table) -> CountTable:
    counts = tuple(text_of(row) for row in one.counts)
    return CountTable(title=one.title, kind=one.kind, rows=one.rows, columns=one.columns, counts=counts)


def _curve(one: Curve) -> RocFigure:
    auc, low, high = (round(value, 6) for value in one.auc)
    return RocFigure(
        title=one.title,
        positive=one.positive,
        negative=one.negative,
        fpr=text_of(one.fpr, 5),
        tpr=text_of(one.tpr, 5),
        auc=auc,
        low=low,
        high=high,
        rates=text_of(one.rates, 5),
        band_low=text_of(one.low, 5),
        band_high=text_of(one.high, 5),
    )


def _calibration(one: Calibration) -> CalibrationFigure:
    return CalibrationFigure(
        title=one.title,
        predicted=text_of(one.predicted, 5),
        observed=text_of(one.observed, 5),
        cases=text_of(one.cases),
    )


def _check_rates(names: Sequence[str], found: Sequence[Floats]) -> None:
    if len({len(one) for one in found}) != 1 or not 2 <= len(found[0]) <= LONGEST:
        raise ValueError(f"{', '.join(names)} must be of one length, 2 to {LONGEST}")
    if any((one < 0).any() or (one > 1).any() for one in found):
        raise ValueError(f"{', '.join(names)} must lie in [0, 1]")
    if (np.diff(found[0]) < 0).any():
        raise ValueError(f"{names[0]} must not fall")


@lru_cache(maxsize=256)
def _are_bins(names: tuple[str, ...]) -> bool:
    """Whether the names are numbers that rise from 0, two or more."""
    if len(names) < 2 or not all(re.fullmatch(NUMBER, name) for name in names):
        return False
    middles = np.array(names, np.float64)
    return bool(middles[0] == 0 and (np.diff(middles) > 0).all() and middles[-1] <= BEYOND)
