"""brixia-severity: the Brixia score of six lung zones, 0-3 each, global 0-18 (Signoroni et al. 2020, section 3.1).

Truth is `targets.brixia`. Every `zone_...` metric is the mean of the six single-zone values (as the row "average on
regions" of the paper's Table 5 is), `zone_...[A]` is one of them, `global_...` is on the sum of the six.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import ZONES, Case
from cxrbench.metrics import Metric, kappa_quadratic, mae, mae_sd, mean_error, pearson, within_tolerance
from cxrbench.stats import Estimator, average_estimators, make_estimator
from cxrbench.tasks import Arrays, MeasuredMetric, Row, tasks
from cxrbench.tasks.figures import TaskFigures, count_bins, count_classes
from cxrbench.tasks.readers import pair_readings, select_complete, stack_readings

Floats = NDArray[np.float64]
CLASSES = 4
ZONE_METRICS: dict[str, Metric] = {
    "mae": mae,
    "mean_error": mean_error,
    "sd": mae_sd,
    "pearson": pearson,
    "within_half": within_tolerance(0.5),
    "kappa_quadratic": kappa_quadratic(CLASSES),
}
GLOBAL_METRICS: dict[str, Metric] = {
    "mae": mae,
    "mean_error": mean_error,
    "sd": mae_sd,
    "pearson": pearson,
    "within_2": within_tolerance(2),
    "kappa_quadratic": kappa_quadratic(6 * (CLASSES - 1) + 1),
}
T_SCORE_METRICS: dict[str, Metric] = {"mae": mae, "mean_error": mean_error, "sd": mae_sd, "pearson": pearson}
PROBABILITY_COLUMNS = tuple(f"{zone}_p{score}" for zone in ZONES for score in range(CLASSES))


def compute_t_score(zones: Floats) -> Floats:
    """Compute the T score: the zones with a Brixia score of at least 1.

    A score between the classes is rounded first, half to even. Source: Signoroni et al. 2020, sections 3.2 and 6.5.

    Args:
        zones: Zone scores `[n, 6]`.

    Returns:
        T scores `[n]`, 0-6.

    Example:
        >>> compute_t_score(np.array([[0.0, 0.4, 0.6, 1.0, 3.0, 2.0]])).tolist()
        [4.0]
    """
    return np.asarray((np.rint(zones) >= 1).sum(-1), np.float64)


def to_zone_scores(prediction: Arrays) -> Floats:
    """Convert a checked prediction to six scores; of class probabilities the most probable class, ties to the lower.

    The figures in the paper are on such integer scores: each cell of its tables is a multiple of 1 / n.

    Args:
        prediction: A checked prediction with `brixia`, `[6]` or `[6, 4]`.

    Returns:
        Zone scores `[6]`.
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
        """Whether the case has a Brixia score.

        Args:
            case: A case of any dataset.

        Returns:
            Whether it has truth for the task.
        """
        return case.targets.brixia is not None

    def check(self, prediction: Arrays, shape: tuple[int, ...] | None = None) -> Arrays:  # noqa: ARG002
        """Six finite numbers in [0, 3], or six rows of four probabilities that add up to 1 (within 1e-3).

        Args:
            prediction: What a submission returned for one image.
            shape: The shape of the image, where known.

        Returns:
            The prediction in its canonical form.

        Raises:
            ValueError: With the rule that the prediction breaks.
        """
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
        """Columns A...F, or A_p0...F_p3 for probabilities.

        Args:
            prediction: A checked prediction.

        Returns:
            The columns.
        """
        values = np.asarray(prediction["brixia"], np.float64)
        names = ZONES if values.ndim == 1 else PROBABILITY_COLUMNS
        return dict(zip(names, values.ravel().tolist(), strict=True))

    def from_row(self, row: Mapping[str, object]) -> Arrays:
        """Read a prediction from columns of a table, the inverse of `to_row`.

        Args:
            row: The columns of one case.

        Returns:
            The prediction, not yet checked.

        Raises:
            ValueError: For other columns or text that is no number.
        """
        names = ZONES if set(row) == set(ZONES) else PROBABILITY_COLUMNS
        if set(row) != set(names):
            raise ValueError(f"expected the columns A...F or A_p0...F_p3, got {', '.join(sorted(row))}")
        values = np.array([float(str(row[name])) for name in names])
        return {"brixia": values if names is ZONES else values.reshape(6, CLASSES)}

    def from_rater(self, case: Case, rater: str) -> Arrays:
        """A rater's reading as if it were a prediction.

        Args:
            case: A case that the rater has read.
            rater: The name of the rater.

        Returns:
            The reading as a checked prediction.
        """
        return {"brixia": np.array(case.targets.raters[rater], np.float64)}

    def list_readings(self, cases: Sequence[Case]) -> dict[str, Floats]:
        """Zone scores `[n, 6]` of each rater, NaN where a rater did not read the case.

        Args:
            cases: Cases `[n]`.

        Returns:
            The scores of each rater of these cases.
        """
        return stack_readings([case.targets.raters for case in cases], (np.nan,) * len(ZONES))

    def to_scores(self, predictions: Sequence[Arrays]) -> Floats:
        """Zone scores `[n, 6]` of checked predictions.

        Args:
            predictions: Checked predictions `[n]`.

        Returns:
            Their scores.
        """
        return np.stack([to_zone_scores(prediction) for prediction in predictions])

    def estimate_disagreement(self, left: Floats, right: Floats, patients: Sequence[str]) -> Estimator:
        """The mean absolute difference, averaged over zones.

        Args:
            left: The scores of one rater.
            right: The scores of the other.
            patients: The patient of each case `[n]`.

        Returns:
            The estimator; lower is better.
        """
        return average_estimators(_make_zone_estimators(mae, left, right, patients))

    def measure(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
    ) -> dict[str, MeasuredMetric]:
        """All metrics of the task; where cases have raters, agreement with each and between each two.

        Args:
            cases: Cases that have truth for the task `[n]`.
            predictions: The checked prediction of each case `[n]`.
            patients: The patient of each case `[n]`.

        Returns:
            Every metric of the task by its key, ready to be drawn.
        """
        truth = np.array([case.targets.brixia for case in cases], np.float64)
        pred = self.to_scores(predictions)
        measured = _measure_against(truth, pred, patients)
        for label, left, right in pair_readings(select_complete(self.list_readings(cases)), pred):
            measured |= _measure_agreement(label, left, right, patients)
        return measured

    def make_figures(
        self,
        cases: Sequence[Case],
        predictions: Sequence[Arrays],
        patients: Sequence[str],  # noqa: ARG002
        seed: int,  # noqa: ARG002
    ) -> TaskFigures:
        """Single zones, the global score and the T score against the truth.

        Args:
            cases: Cases that have truth for the task `[n]`.
            predictions: The checked prediction of each case `[n]`.
            patients: The patient of each case `[n]`.
            seed: The seed of the draws on the track.

        Returns:
            All figures of the task.
        """
        truth = np.array([case.targets.brixia for case in cases], np.float64)
        pred = self.to_scores(predictions)
        zones, sums = tuple(map(str, range(CLASSES))), tuple(map(str, range(6 * (CLASSES - 1) + 1)))
        tables = {
            "zone": count_classes("Zone score, all six zones", truth.ravel(), pred.ravel(), zones),
            "global": count_classes("Global score", _sum_zones(truth), _sum_zones(pred), sums),
            "t_score": count_classes(
                "T score", compute_t_score(truth), compute_t_score(pred), tuple(map(str, range(len(ZONES) + 1)))
            ),
            "global_spread": count_bins("Global score", _sum_zones(truth), _sum_zones(pred), 18, (1, 0.5)),
        }
        return TaskFigures(tables)


tasks.register("brixia-severity")(BrixiaSeverity())


def _check_range(values: Floats) -> None:
    if values.ndim == 1:
        outside = values[(values < 0) | (values > CLASSES - 1)]
        if outside.size:
            raise ValueError(f"a zone score must lie in [0, 3], got {outside[0]:g}")
    elif (values < 0).any() or not np.allclose(values.sum(-1), 1.0, atol=1e-3):
        raise ValueError("the four probabilities of a zone must be at least 0 and add up to 1")


def _to_measured(metric: Metric, estimator: Estimator) -> MeasuredMetric:
    return MeasuredMetric(estimator, metric.direction, metric.undefined)


def _make_zone_estimators(metric: Metric, truth: Floats, pred: Floats, patients: Sequence[str]) -> list[Estimator]:
    return [make_estimator(metric, truth[:, z], pred[:, z], patients) for z in range(len(ZONES))]


def _measure_against(truth: Floats, pred: Floats, patients: Sequence[str]) -> dict[str, MeasuredMetric]:
    """Zone, global and T score metrics of a prediction against the truth."""
    measured: dict[str, MeasuredMetric] = {}
    for key, metric in ZONE_METRICS.items():
        single = _make_zone_estimators(metric, truth, pred, patients)
        measured[f"zone_{key}"] = _to_measured(metric, average_estimators(single))
        for zone, estimator in zip(ZONES, single, strict=True):
            measured[f"zone_{key}[{zone}]"] = _to_measured(metric, estimator)
    for group, metrics, fold in (("global", GLOBAL_METRICS, _sum_zones), ("t_score", T_SCORE_METRICS, compute_t_score)):
        for key, metric in metrics.items():
            estimator = make_estimator(metric, fold(truth), fold(pred), patients)
            measured[f"{group}_{key}"] = _to_measured(metric, estimator)
    return measured


def _sum_zones(zones: Floats) -> Floats:
    return np.asarray(zones.sum(-1), np.float64)


def _measure_agreement(label: str, left: Floats, right: Floats, patients: Sequence[str]) -> dict[str, MeasuredMetric]:
    """Zone and global MAE and weighted kappa of two readings."""
    measured: dict[str, MeasuredMetric] = {}
    for key in ("mae", "kappa_quadratic"):
        zones = average_estimators(_make_zone_estimators(ZONE_METRICS[key], left, right, patients))
        whole = make_estimator(GLOBAL_METRICS[key], _sum_zones(left), _sum_zones(right), patients)
        measured[f"zone_{key}[{label}]"] = _to_measured(ZONE_METRICS[key], zones)
        measured[f"global_{key}[{label}]"] = _to_measured(GLOBAL_METRICS[key], whole)
    return measured
