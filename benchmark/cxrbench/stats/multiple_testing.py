"""Holm's correction for many comparisons: of a list, of an array, and of all pairs in a matrix."""

from collections.abc import Sequence

import numpy as np

from cxrbench.metrics.base import Floats


def adjust_holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Correct p-values for multiple testing by Holm's method.

    Source: Holm 1979; equal to statsmodels' `multipletests(method="holm")`.

    Args:
        p_values: The p-values; None where a test is undefined.

    Returns:
        The corrected p-values, in [0, 1]; None stays None and does not count as a test.

    Example:
        >>> adjust_holm([0.01, None, 0.04, 0.03])
        [0.03, None, 0.06, 0.06]
    """
    corrected = iter(adjust_holm_array(np.array([p for p in p_values if p is not None])).tolist())
    return [None if p is None else float(next(corrected)) for p in p_values]


def adjust_holm_array(p: Floats) -> Floats:
    """Correct an array of p-values by Holm's method.

    Args:
        p: The p-values `[n]`.

    Returns:
        The corrected p-values `[n]`: in rising order, the greatest so far of p times the number of tests left.

    Example:
        >>> adjust_holm_array(np.array([0.25, 0.125])).tolist()
        [0.25, 0.25]
    """
    order = np.argsort(p)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return corrected


def adjust_holm_matrix(p: Floats) -> Floats:
    """Correct the p-values of all pairs by Holm's method.

    Args:
        p: The p-value of each pair `[rows, rows]`, symmetric.

    Returns:
        The corrected p-values `[rows, rows]`, symmetric with 1 on the diagonal.

    Example:
        >>> adjust_holm_matrix(np.array([[1, 0.125, 0.25], [0.125, 1, 0.5], [0.25, 0.5, 1]])).tolist()
        [[1.0, 0.375, 0.5], [0.375, 1.0, 0.5], [0.5, 0.5, 1.0]]
    """
    upper = np.triu_indices(len(p), 1)
    corrected = np.ones(p.shape)
    corrected[upper] = adjust_holm_array(p[upper])
    return np.minimum(corrected, corrected.T)
