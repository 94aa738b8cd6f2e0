"""brixia-severity: the Brixia score of six lung zones, 0-3 each, global 0-18 (Signoroni et al. 2020, section 3.1).

Truth is `targets.brixia`. Every `zone_...` metric is the mean of the six single-zone values (as the row "average on
regions" of the paper's Table 5 is), `zone_...[A]` is one of them, `global_...` is on the sum of the six.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import ZONES, Case
from cxrbench.metrics import Metric, kappa_quadratic, mae, mae_sd, mean_error, pearson, within
from cxrbench.stats import Estimator, clustered, mean_of
from cxrbench.tasks import Arrays, Measured, Row, tasks
from cxrbench.tasks.figures import Figures, confusion, spread

Floats = NDArray[np.float64]
CLASSES = 4
ZONE_METRICS: dict[str, Metric] = {
    "mae": mae,
    "mean_error": mean_error,
    "sd": mae_sd,
    "pearson": pearson,
    "within_half": within(0.5),
    "kappa_quadratic": kappa_quadratic(CLASSES),
}
GLOBAL_METRICS: dict[str, Metric] = {
    "mae": mae,
    "mean_error": mean_error,
    "sd": mae_sd,
    "pearson": pearson,
    "within_2": within(2),
    "kappa_quadratic": kappa_quadratic(6 * (CLASSES - 1) + 1),
}
T_SCORE_METRICS: dict[str, Metric] = {"mae": mae, "mean_error": mean_error, "sd": mae_sd, "pearson": pearson}
PROBABILITY_COLUMNS = tuple(f"{zone}_p{score}" for zone in ZONES for score in range(CLASSES))


def t_score(zones: Floats) -> Floats:
    """T score 0-6: the zones with a Brixia score of at least 1 (Signoroni et al. 2020, sections 3.2 and 6.5).

    A score between the classes is rounded first, half to even. Zones `[n, 6]`, scores `[n]`.
    """
    return np.asarray((np.rint(zones) >= 1).sum(-1), np.float64)


def zone_scores(prediction: Arrays) -> Floats:
    """Six scores of a checked prediction; of class probabilities the most probable class, ties to the lower.

    The paper's figures are on such integer scores: each cell of its tables is a multiple of 1 / n.
    """
    brixia = np.asarray(prediction["brixia"], np.float64)
    return np.asarray(brixia.argmax(-1), np.float64) if brixia.ndim == 2 else brixia


class BrixiaSeverity:
    """The task; see the module's docstring."""

    name = "brixia-severity"
    title = "Brixia score of six lung zones"
    primary = "zone_mae"
    prediction = "brixia: six floats in [0, 3], zones A...F, or class probabilities [6, 4]"
    several_rows = False

    def has_truth(self, case: Case) -> bool:
        """Whether the case has a Brixia score."""
        return case.targets.brixia is not None

    def check(self, prediction: Arrays, shape: tuple[int, ...] | None = None) -> Arrays:  # noqa: ARG002
        """Six finite numbers in [0, 3], or six rows of four probabilities that add up to 1 (within 1e-3)."""
        if set(prediction) != {"brixia"}:
            raise ValueError(f"expected the key brixia alone, got {', '.join(sorted(prediction)) or 'nothing'}")
        brixia = np.asarray(prediction["brixia"])
        if brixia.dtype.kind not in "fiu":
            raise ValueError(f"brixia must be numbers, got {brixia.dtype}")
        if brixia.shape not in ((6,), (6, CLASSES)):
            raise ValueError(f"brixia must have shape (6,) or (6, 4), got {brixia.shape}")
        values = brixia.astype(np.float64)
        if not np.isfinite(values).all():
            raise ValueError(f"brixia must be finite, got {values.ravel().tolist()}")
        _check_range(values)
        return {"brixia": values}

    def to_row(self, prediction: Arrays) -> Row:
        """Columns A...F, or A_p0...F_p3 for probabilities."""
        values = np.asarray(prediction["brixia"], np.float64)
        names = ZONES if values.ndim == 1 else PROBABILITY_COLUMNS
        return dict(zip(names, values.ravel().tolist(), strict=True))

    def from_row(self, row: Mapping[str, object]) -> Arrays:
        """The inverse of `to_row`; raises `ValueError` for other columns or text that is no number."""
        names = ZONES if set(row) == set(ZONES) else PROBABILITY_COLUMNS
        if set(row) != set(names):
            raise ValueError(f"expected the columns A...F or A_p0...F_p3, got {', '.join(sorted(row))}")
        values = np.array([float(str(row[name])) for name in names])
        return {"brixia": values if names is ZONES else values.reshape(6, CLASSES)}

    def from_rater(self, case: Case, rater: str) -> Arrays:
        """A rater's reading as if it were a prediction."""
        return {"brixia": np.array(case.targets.raters[rater], np.float64)}

    def readings(self, cases: Sequence[Case]) -> dict[str, Floats]:
        """Zone scores `[n, 6]` of each rater, NaN where a rater did not read the case."""
        names = sorted({name for case in cases for name in case.targets.raters})
        unread = (np.nan,) * len(ZONES)
        return {name: np.array([case.targets.raters.get(name, unread) for case in cases], np.float64) for name in names}

    def scores(self, predictions: Sequence[Arrays]) -> Floats:
        """Zone scores `[n, 6]` of checked predictions."""
        return np.stack([zone_scores(prediction) for prediction in predictions])

    def disagreement(self, left: Floats, right: Floats, patients: Sequence[str]) -> Estimator:
        """The mean absolute difference, averaged over zones."""
        return mean_of(_zones(mae, left, right, patients))

    def measure(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
    ) -> dict[str, Measured]:
        """All metrics of the task; where cases have raters, agreement with each and between each two."""
        truth = np.array([case.targets.brixia for case in cases], np.float64)
        pred = np.stack([zone_scores(prediction) for prediction in predictions])
        measured = _against(truth, pred, patients)
        for rater, scores in _raters(cases).items():
            measured |= _agreement(f"vs_{rater}", scores, pred, patients)
        for (a, left), (b, right) in combinations(_raters(cases).items(), 2):
            measured |= _agreement(f"{b}_vs_{a}", left, right, patients)
        return measured

    def figures(
        self,
        cases: Sequence[Case],
        predictions: Sequence[Arrays],
        patients: Sequence[str],  # noqa: ARG002
        seed: int,  # noqa: ARG002
    ) -> Figures:
        """Single zones, the global score and the T score against the truth."""
        truth = np.array([case.targets.brixia for case in cases], np.float64)
        pred = self.scores(predictions)
        zones, sums = tuple(map(str, range(CLASSES))), tuple(map(str, range(6 * (CLASSES - 1) + 1)))
        tables = {
            "zone": confusion("Zone score, all six zones", truth.ravel(), pred.ravel(), zones),
            "global": confusion("Global score", _total(truth), _total(pred), sums),
            "t_score": confusion("T score", t_score(truth), t_score(pred), tuple(map(str, range(len(ZONES) + 1)))),
            "global_spread": spread("Global score", _total(truth), _total(pred), 18, (1, 0.5)),
        }
        return Figures(tables)


tasks.register("brixia-severity")(BrixiaSeverity())


def _check_range(values: Floats) -> None:
    if values.ndim == 1:
        outside = values[(values < 0) | (values > CLASSES - 1)]
        if outside.size:
            raise ValueError(f"a zone score must lie in [0, 3], got {outside[0]:g}")
    elif (values < 0).any() or not np.allclose(values.sum(-1), 1.0, atol=1e-3):
        raise ValueError("the four probabilities of a zone must be at least 0 and add up to 1")


def _raters(cases: Sequence[Case]) -> dict[str, Floats]:
    """Scores `[n, 6]` of each rater who read every case."""
    names = sorted(set.intersection(*(set(case.targets.raters) for case in cases))) if cases else []
    return {name: np.array([case.targets.raters[name] for case in cases], np.float64) for name in names}


def _measured(metric: Metric, estimator: Estimator) -> Measured:
    return Measured(estimator, metric.better, metric.undefined)


def _zones(metric: Metric, truth: Floats, pred: Floats, patients: Sequence[str]) -> list[Estimator]:
    return [clustered(metric, truth[:, z], pred[:, z], patients) for z in range(len(ZONES))]


def _against(truth: Floats, pred: Floats, patients: Sequence[str]) -> dict[str, Measured]:
    """Zone, global and T score metrics of a prediction against the truth."""
    measured: dict[str, Measured] = {}
    for key, metric in ZONE_METRICS.items():
        single = _zones(metric, truth, pred, patients)
        measured[f"zone_{key}"] = _measured(metric, mean_of(single))
        for zone, estimator in zip(ZONES, single, strict=True):
            measured[f"zone_{key}[{zone}]"] = _measured(metric, estimator)
    for group, metrics, fold in (("global", GLOBAL_METRICS, _total), ("t_score", T_SCORE_METRICS, t_score)):
        for key, metric in metrics.items():
            estimator = clustered(metric, fold(truth), fold(pred), patients)
            measured[f"{group}_{key}"] = _measured(metric, estimator)
    return measured


def _total(zones: Floats) -> Floats:
    return np.asarray(zones.sum(-1), np.float64)


def _agreement(label: str, left: Floats, right: Floats, patients: Sequence[str]) -> dict[str, Measured]:
    """Zone and global MAE and weighted kappa of two readings."""
    measured: dict[str, Measured] = {}
    for key in ("mae", "kappa_quadratic"):
        zones = mean_of(_zones(ZONE_METRICS[key], left, right, patients))
        whole = clustered(GLOBAL_METRICS[key], _total(left), _total(right), patients)
        measured[f"zone_{key}[{label}]"] = _measured(ZONE_METRICS[key], zones)
        measured[f"global_{key}[{label}]"] = _measured(GLOBAL_METRICS[key], whole)
    return measured
