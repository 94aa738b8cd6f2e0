"""Metrics as pure functions of arrays, independent of cases, tasks and files.

Every metric takes truth, prediction and optional case weights, so that a bootstrap draw is one more weight vector.
`Metric` is a function of weighted sums, `RankMetric` of an order, `RaterMetric` of several readings per case.
"""

from cxrbench.metrics.agreement import confusion_matrix, kappa, kappa_linear, kappa_quadratic
from cxrbench.metrics.base import Metric
from cxrbench.metrics.calibration import CalibrationCurve, brier, calibration_curve, ece
from cxrbench.metrics.correlation import intercept, pearson, r2, slope, spearman
from cxrbench.metrics.delong import AucCovariance, compute_auc_covariance
from cxrbench.metrics.detection import average_precision, roc_auc
from cxrbench.metrics.direction import Direction
from cxrbench.metrics.error import error_sd, mae, mae_sd, mean_error, mse, rmse, within_tolerance
from cxrbench.metrics.operating import accuracy, find_corner_threshold, ppv, sensitivity, specificity
from cxrbench.metrics.ranking import RankMetric
from cxrbench.metrics.raters import (
    RaterMetric,
    fleiss_kappa,
    icc,
    krippendorff_alpha,
    krippendorff_alpha_interval,
)
from cxrbench.metrics.roc import RocCurve, roc_curve, sensitivity_at

__all__ = [
    "AucCovariance",
    "CalibrationCurve",
    "Direction",
    "Metric",
    "RankMetric",
    "RaterMetric",
    "RocCurve",
    "accuracy",
    "average_precision",
    "brier",
    "calibration_curve",
    "compute_auc_covariance",
    "confusion_matrix",
    "ece",
    "error_sd",
    "find_corner_threshold",
    "fleiss_kappa",
    "icc",
    "intercept",
    "kappa",
    "kappa_linear",
    "kappa_quadratic",
    "krippendorff_alpha",
    "krippendorff_alpha_interval",
    "mae",
    "mae_sd",
    "mean_error",
    "mse",
    "pearson",
    "ppv",
    "r2",
    "rmse",
    "roc_auc",
    "roc_curve",
    "sensitivity",
    "sensitivity_at",
    "slope",
    "spearman",
    "specificity",
    "within_tolerance",
]
