"""Metrics as pure functions of arrays; nothing here knows of cases, tasks or files.

Every metric takes truth, prediction and optional case weights, so that a bootstrap draw is one more weight vector
and ten thousand draws are one matrix product.
"""

from cxrbench.metrics.agreement import kappa_quadratic
from cxrbench.metrics.error import mae, mae_sd, mean_error, pearson, rmse, within
from cxrbench.metrics.moments import Metric

__all__ = ["Metric", "kappa_quadratic", "mae", "mae_sd", "mean_error", "pearson", "rmse", "within"]
