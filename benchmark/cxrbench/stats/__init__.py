"""Uncertainty on patients: the bootstrap, paired comparison, ranks."""

from cxrbench.stats.bootstrap import Estimator, Score, clustered, intervals, paired, seed_of

__all__ = ["Estimator", "Score", "clustered", "intervals", "paired", "seed_of"]
