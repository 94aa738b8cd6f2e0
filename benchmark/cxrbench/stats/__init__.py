"""Uncertainty on patients: the bootstrap, paired comparison, ranks, inter-rater agreement."""

from cxrbench.stats.bootstrap import compute_intervals, derive_seed, resample
from cxrbench.stats.classical import AucDifference, McNemarResult, delong_test, mcnemar_test
from cxrbench.stats.compare import PairedDifference, compare_pairwise, compare_two
from cxrbench.stats.estimators import Estimator, FunctionEstimator, average_estimators
from cxrbench.stats.inter_rater import RaterComparison, compare_with_raters
from cxrbench.stats.intervals import BootstrapDistribution, Estimate
from cxrbench.stats.multiple_testing import adjust_holm
from cxrbench.stats.panel import Panel, PanelComparison, compare_panel
from cxrbench.stats.permutation import sign_flip_test
from cxrbench.stats.ranking import Rank, rank_systems
from cxrbench.stats.sample_estimators import make_chosen_estimator, make_estimator
from cxrbench.stats.samples import encode_patients

__all__ = [
    "AucDifference",
    "BootstrapDistribution",
    "Estimate",
    "Estimator",
    "FunctionEstimator",
    "McNemarResult",
    "PairedDifference",
    "Panel",
    "PanelComparison",
    "Rank",
    "RaterComparison",
    "adjust_holm",
    "average_estimators",
    "compare_pairwise",
    "compare_panel",
    "compare_two",
    "compare_with_raters",
    "compute_intervals",
    "delong_test",
    "derive_seed",
    "encode_patients",
    "make_chosen_estimator",
    "make_estimator",
    "mcnemar_test",
    "rank_systems",
    "resample",
    "sign_flip_test",
]
