"""Tests of one metric of two submissions beside the bootstrap: sign flips, and a formula where one applies."""

from dataclasses import dataclass

import numpy as np

from cxrbench.metrics.base import Floats
from cxrbench.stats import Estimator, delong_test, mcnemar, sign_flip
from cxrbench.stats.estimators import Additive, Ranked


@dataclass(frozen=True, slots=True)
class FormulaTest:
    """A test's name and its two-sided p; both None where the metric has none, p alone where it is undefined."""

    name: str | None = None
    p: float | None = None


def flipped(left: Estimator, right: Estimator, *, n_patients: int, seed: int) -> float | None:
    """The sign-flip test's p over patients; None where it is undefined or the metric cannot be swapped by patient.

    A metric can be swapped where both estimators keep the cases that they were made of (`clustered`, `mean_of`).
    """
    try:
        return sign_flip({"left": left, "right": right}, n_patients=n_patients, seed=seed)["left", "right"]
    except ValueError:
        return None


def formula_test(left: Estimator, right: Estimator) -> FormulaTest:
    """DeLong's test of two ROC AUCs (with Obuchowski's covariance), or McNemar's of two accuracies.

    McNemar's needs independent cases, so it is left out where a patient has several.
    """
    if isinstance(left, Ranked) and isinstance(right, Ranked) and left.source[0].name == "roc_auc":
        return _delong(left, right)
    if isinstance(left, Additive) and isinstance(right, Additive):
        calls = [_calls(one) for one in (left, right)]
        if calls[0] is not None and calls[1] is not None:
            return FormulaTest("McNemar", mcnemar(calls[0], calls[1]).p)
    return FormulaTest()


def _delong(left: Ranked, right: Ranked) -> FormulaTest:
    a, b = left.source[1], right.source[1]
    p = delong_test(a.truth, a.pred, b.pred, [str(one) for one in a.member]).p
    return FormulaTest("DeLong", None if np.isnan(p) else p)


def _calls(estimator: Additive) -> Floats | None:
    """Whether each case is called right `[n]`, for accuracy with one case a patient."""
    if estimator.source is None or estimator.source[0].name != "accuracy":
        return None
    metric, sample = estimator.source
    independent = len(np.unique(sample.member)) == len(sample.member)
    return metric.columns(sample.truth, sample.pred)[:, 0] if independent else None
