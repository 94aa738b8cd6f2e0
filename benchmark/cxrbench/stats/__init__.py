"""Uncertainty on patients: the bootstrap, paired comparison, ranks, the human yardstick."""

from cxrbench.stats.bootstrap import intervals, resample, seed_of
from cxrbench.stats.classical import AucGap, McNemar, delong_test, mcnemar
from cxrbench.stats.compare import Gap, holm, paired, pairwise
from cxrbench.stats.estimators import Estimator, clustered, clustered_readings, mean_of, patient_codes
from cxrbench.stats.intervals import Drawn, Score
from cxrbench.stats.permutation import sign_flip
from cxrbench.stats.ranking import Friedman, Rank, friedman, ranked
from cxrbench.stats.raters import Yardstick, yardstick

__all__ = [
    "AucGap",
    "Drawn",
    "Estimator",
    "Friedman",
    "Gap",
    "McNemar",
    "Rank",
    "Score",
    "Yardstick",
    "clustered",
    "clustered_readings",
    "delong_test",
    "friedman",
    "holm",
    "intervals",
    "mcnemar",
    "mean_of",
    "paired",
    "pairwise",
    "patient_codes",
    "ranked",
    "resample",
    "seed_of",
    "sign_flip",
    "yardstick",
]
