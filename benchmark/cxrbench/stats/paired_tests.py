"""Tests with a formula for two predictions of the same cases: DeLong's of the ROC AUC, McNemar's of accuracy."""

from dataclasses import dataclass

import numpy as np

from cxrbench.metrics.base import Metric
from cxrbench.stats.classical import delong_test, mcnemar_test
from cxrbench.stats.samples import Sample


@dataclass(frozen=True, slots=True)
class FormulaTest:
    """A test's name and its two-sided p, None where it is undefined."""

    name: str
    p: float | None


def compare_roc_auc(left: Sample, right: Sample) -> FormulaTest:
    """Test two ROC AUCs by DeLong's formula, with Obuchowski's covariance for several cases per patient.

    Args:
        left: The cases of the first prediction.
        right: The same cases with the second prediction.

    Returns:
        The test; its p is None where an AUC or its variance is undefined.
    """
    p = delong_test(left.truth, left.pred, right.pred, [str(patient) for patient in left.member]).p
    return FormulaTest("DeLong", None if np.isnan(p) else p)


def compare_accuracy(left: tuple[Metric, Sample], right: tuple[Metric, Sample]) -> FormulaTest | None:
    """Test two accuracies by McNemar's exact test, each at its own operating point.

    Args:
        left: The accuracy of the first prediction, and its cases.
        right: The same of the second.

    Returns:
        The test; None where a patient has several cases, because the test needs independent ones.
    """
    if not (left[1].independent and right[1].independent):
        return None
    first, second = (metric.columns(sample.truth, sample.pred)[:, 0] for metric, sample in (left, right))
    return FormulaTest("McNemar", mcnemar_test(first, second).p)
