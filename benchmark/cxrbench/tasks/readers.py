"""Readings of several raters: as arrays, and in pairs for their agreement."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def stack_readings(readings: Sequence[Mapping[str, ArrayLike]], unread: ArrayLike) -> dict[str, Floats]:
    """Stack the readings of each rater over cases.

    Args:
        readings: The scores that each rater gave a case, `[n]` cases.
        unread: What stands for a case that a rater did not read, in the shape of a score.

    Returns:
        The scores of each rater, `[n]` or `[n, zones]`, raters in the order of their names.

    Example:
        >>> stack_readings([{"R": 1.0, "D": 2.0}, {"R": 0.5}], np.nan)
        {'D': array([ 2., nan]), 'R': array([1. , 0.5])}
    """
    names = sorted({name for case in readings for name in case})
    return {name: np.array([case.get(name, unread) for case in readings], np.float64) for name in names}


def select_complete(readings: Mapping[str, Floats]) -> dict[str, Floats]:
    """Select the raters who read every case.

    Args:
        readings: The scores of each rater, `[n]` or `[n, zones]`; NaN where unread.

    Returns:
        The scores of those without a NaN.
    """
    return {name: scores for name, scores in readings.items() if not np.isnan(scores).any()}


def pair_readings(readings: Mapping[str, Floats], pred: Floats) -> list[tuple[str, Floats, Floats]]:
    """Pair each rater with the prediction, and every two raters with each other.

    Args:
        readings: The scores of each rater, `[n]` or `[n, zones]`.
        pred: The scores of the prediction in the same shape.

    Returns:
        Label of the pair, reference and other side: `vs_R` for the prediction against R, `D_vs_R` for D against R.

    Example:
        >>> scores = {"D": np.zeros(1), "R": np.ones(1)}
        >>> [label for label, _, _ in pair_readings(scores, np.ones(1))]
        ['vs_D', 'vs_R', 'R_vs_D']
    """
    pairs = [(f"vs_{name}", scores, pred) for name, scores in readings.items()]
    return pairs + [(f"{b}_vs_{a}", left, right) for (a, left), (b, right) in combinations(readings.items(), 2)]
