"""zone-severity: how many of six lung zones are affected, 0-6 (Danilov et al. 2022; the T score of Signoroni et al.).

Truth is `targets.zone_severity`, the mean of two radiologists, so that half points occur. Errors and correlation are
on the numbers as they are; the kappas round both sides first, half to even, as the paper's own figures do. The paper's
Table 10 has normal and COVID-19 films apart: `mae[covid]`, `mae[normal]` and their like, of the cases whose target
`finding` is true or false. Where a dataset keeps the single `readings`, agreement with each reader stands beside the
readers' own: `kappa[vs_R]`, `kappa[R_vs_D]`, of the cases that both have scored.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import ClassVar

import numpy as np

from cxrbench.case import Case
from cxrbench.metrics import Metric, RankMetric, kappa, kappa_quadratic, mae, mean_error, pearson, rmse, spearman
from cxrbench.stats import Estimator, clustered
from cxrbench.tasks import Arrays, Measured, tasks
from cxrbench.tasks.casewise import Floats, among, measured
from cxrbench.tasks.figures import Figures, confusion, spread
from cxrbench.tasks.scalars import Scalars

CLASSES = 7
METRICS: dict[str, Metric | RankMetric] = {
    "mae": mae,
    "rmse": rmse,
    "mean_error": mean_error,
    "pearson": pearson,
    "spearman": spearman,
    "kappa": kappa(CLASSES),
    "kappa_quadratic": kappa_quadratic(CLASSES),
}
APART = ("mae", "rmse", "mean_error")
"""What is given for COVID-19 and normal films apart: all normals score 0, so correlation and kappa are undefined."""


class ZoneSeverity(Scalars):
    """The task; see the module's docstring."""

    name = "zone-severity"
    title = "Affected lung zones, 0-6"
    primary = "mae"
    prediction = "zone_severity: a number in [0, 6]"
    ranges: ClassVar = {"zone_severity": (0.0, 6.0)}

    def has_truth(self, case: Case) -> bool:
        """Whether the case has the score."""
        return case.targets.zone_severity is not None

    def readings(self, cases: Sequence[Case]) -> dict[str, Floats]:
        """The score `[n]` of each reader, NaN where a reader did not read the case."""
        names = sorted({name for case in cases for name in case.targets.readings})
        return {
            name: np.array([case.targets.readings.get(name, np.nan) for case in cases], np.float64) for name in names
        }

    def scores(self, predictions: Sequence[Arrays]) -> Floats:
        """The scores `[n]` of checked predictions."""
        return np.array([prediction["zone_severity"] for prediction in predictions], np.float64)

    def disagreement(self, left: Floats, right: Floats, patients: Sequence[str]) -> Estimator:
        """The mean absolute difference."""
        return clustered(mae, left, right, patients)

    def measure(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
    ) -> dict[str, Measured]:
        """All metrics on all cases; errors on COVID-19 and on normal films apart, where both are there."""
        truth = np.array([case.targets.zone_severity for case in cases], np.float64)
        pred = np.array([prediction["zone_severity"] for prediction in predictions], np.float64)
        found = {key: measured(metric, truth, pred, patients) for key, metric in METRICS.items()}
        found |= _readers(cases, pred, patients)
        for label, finding in (("covid", True), ("normal", False)):
            chosen = np.array([case.targets.finding is finding for case in cases])
            for key in APART if chosen.any() else ():
                reason = f"no {label} case"
                found[f"{key}[{label}]"] = among(METRICS[key], truth, pred, patients, chosen, none=reason)
        return found

    def figures(
        self,
        cases: Sequence[Case],
        predictions: Sequence[Arrays],
        patients: Sequence[str],  # noqa: ARG002
        seed: int,  # noqa: ARG002
    ) -> Figures:
        """The score against the truth: rounded as the kappas have it, and in half points."""
        truth = np.array([case.targets.zone_severity for case in cases], np.float64)
        pred = self.scores(predictions)
        tables = {
            "score": confusion("Affected zones", truth, pred, tuple(map(str, range(CLASSES)))),
            "score_spread": spread("Affected zones", truth, pred, CLASSES - 1, (0.5, 0.5)),
        }
        return Figures(tables)


tasks.register("zone-severity")(ZoneSeverity())


def _readers(cases: Sequence[Case], pred: Floats, patients: Sequence[str]) -> dict[str, Measured]:
    """Agreement of the prediction with each reader on the cases that the reader read, and of each two readers."""
    read = ZoneSeverity().readings(cases)
    names = list(read)
    pairs = [(f"vs_{name}", read[name], pred) for name in names]
    pairs += [(f"{b}_vs_{a}", read[a], read[b]) for a, b in combinations(names, 2)]
    return {
        f"{key}[{label}]": among(METRICS[key], left, right, patients, ~np.isnan(left + right), none="no case read")
        for label, left, right in pairs
        for key in ("mae", "pearson", "kappa")
    }
