"""Worked examples for the page of methods: small samples, scored by the code of the benchmark at every build."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from cxrbench import metrics as m
from cxrbench.case import Case, Targets
from cxrbench.metrics import Direction, boxes, rsna_precision
from cxrbench.metrics.masks import count_overlap, dice, iou, stack_overlaps
from cxrbench.metrics.surface import hausdorff_distance
from cxrbench.stats import (
    Estimator,
    adjust_holm,
    compare_pairwise,
    compare_two,
    compute_intervals,
    derive_seed,
    make_estimator,
    rank_systems,
    resample,
)
from cxrbench.stats.bootstrap import draw_weights
from cxrbench.stats.classical import Z
from cxrbench.tasks import tasks

TRUTH, PRED = (0, 1, 2, 3, 3, 0), (0.5, 1, 1, 3, 2, 0)
PATIENTS = ("a", "a", "b", "c", "d", "e")
FINDING, PROBABILITY = (0, 0, 1, 1, 0, 1), (0.1, 0.4, 0.35, 0.8, 0.6, 0.9)
HEALTHY = (1, 1, 0, 0, 0, 0)
DRAWN, PREDICTED = ("1100", "1100", "0000", "0000"), ("0110", "0110", "0000", "0000")
PIXEL_MM = 0.5
BOX, BOXES = (0, 0, 10, 10), ((0, 0, 10, 8), (20, 20, 5, 5))
COURSE, GUESS = (2, 5, 4), (0.3, 0.6, 0.7)
RAW_P = (0.01, 0.04, 0.03)
SEED = derive_seed("methods")

SCORES: dict[str, Callable[..., object]] = {
    "mae": m.mae,
    "mean_error": m.mean_error,
    "sd": m.mae_sd,
    "rmse": m.rmse,
    "mse": m.mse,
    "pearson": m.pearson,
    "spearman": m.spearman,
    "r2": m.r2,
    "kappa": m.kappa(4),
    "kappa_quadratic": m.kappa_quadratic(4),
    "within_half": m.within_tolerance(0.5),
    "within_2": m.within_tolerance(2),
    "error_sd": m.error_sd,
    "slope": m.slope,
    "intercept": m.intercept,
}
PROBABILITIES: dict[str, Callable[..., object]] = {
    "roc_auc": m.roc_auc,
    "average_precision": m.average_precision,
    "brier": m.brier,
    "ece": m.ece(),
}
AT_POINT = {"accuracy": m.accuracy, "sensitivity": m.sensitivity, "specificity": m.specificity, "ppv": m.ppv}


@dataclass(frozen=True, slots=True)
class BootstrapDraw:
    """A bootstrap draw: how often each patient was drawn, and the value."""

    weights: tuple[int, ...]
    value: float


@dataclass(frozen=True, slots=True)
class RankedExample:
    """A row of the example of ranks."""

    name: str
    value: float
    rank: int
    low: int
    high: int


@dataclass(frozen=True)
class WorkedExamples:
    """Everything that the page computes: `values` by metric key, `undefined` the reason of an undefined metric.

    Intervals are (value, low, high); `holm` holds raw and corrected p-values.
    """

    values: Mapping[str, float]
    threshold: float
    undefined: str
    interval: tuple[float, float, float]
    draws: tuple[BootstrapDraw, ...]
    gap: tuple[float, float, float]
    p: float
    holm: tuple[tuple[float, float], ...]
    ranks: tuple[RankedExample, ...]
    area: tuple[float, float, float]

    @property
    def numbers(self) -> list[tuple[str, str, float]]:
        """Every number of the examples: section, name, value."""
        numbers = [("metric", key, value) for key, value in self.values.items()]
        numbers.append(("metric", "operating_point", self.threshold))
        for section, triple in (("interval", self.interval), ("paired", self.gap), ("delong", self.area)):
            numbers += [(section, name, value) for name, value in zip(("value", "low", "high"), triple, strict=True)]
        numbers.append(("paired", "p", self.p))
        for i, draw in enumerate(self.draws, 1):
            numbers.append((f"draw {i}", "value", draw.value))
            numbers += [(f"draw {i}", name, times) for name, times in zip("abcde", draw.weights, strict=True)]
        for i, (raw, corrected) in enumerate(self.holm, 1):
            numbers += [(f"holm {i}", "p", raw), (f"holm {i}", "corrected", corrected)]
        for row in self.ranks:
            numbers += [(f"rank {row.name}", name, getattr(row, name)) for name in ("value", "rank", "low", "high")]
        return numbers


def compute_examples() -> WorkedExamples:
    """Compute all examples."""
    sample = make_estimator(m.mae, _to_floats(TRUTH), _to_floats(PRED), PATIENTS)
    gap, p = _compare_with_constant(sample)
    threshold = m.find_corner_threshold(FINDING, PROBABILITY)
    return WorkedExamples(
        values=_compute_values(threshold),
        threshold=threshold,
        undefined=_find_undefined_reason(),
        interval=_compute_interval(sample),
        draws=_list_draws(sample),
        gap=gap,
        p=p,
        holm=tuple((raw, round(fixed or 0.0, 9)) for raw, fixed in zip(RAW_P, adjust_holm(RAW_P), strict=True)),
        ranks=_rank_examples(),
        area=_compute_area(),
    )


def _to_floats(values: Sequence[float]) -> m.base.Floats:
    return np.array(values, np.float64)


def _compute_values(threshold: float) -> dict[str, float]:
    values = {key: metric(TRUTH, PRED) for key, metric in SCORES.items()}
    values |= {key: metric(FINDING, PROBABILITY) for key, metric in PROBABILITIES.items()}
    values |= {key: metric(threshold)(FINDING, PROBABILITY) for key, metric in AT_POINT.items()}
    chosen = np.array(FINDING) + np.array(HEALTHY) > 0
    values["roc_auc_healthy"] = m.roc_auc(_to_floats(FINDING)[chosen], _to_floats(PROBABILITY)[chosen])
    values |= _score_masks() | {"rsna_map": _score_boxes(), "direction": _score_directions()}
    return {key: round(float(np.asarray(value)), 9) for key, value in values.items()}


def _score_masks() -> dict[str, object]:
    truth, pred = (np.array([[pixel == "1" for pixel in row] for row in mask]) for mask in (DRAWN, PREDICTED))
    counts = stack_overlaps([count_overlap(truth, pred)])
    in_mm = hausdorff_distance(truth, pred, (PIXEL_MM, PIXEL_MM))
    return {
        "dice": dice(counts)[0],
        "iou": iou(counts)[0],
        "hd95_px": hausdorff_distance(truth, pred),
        "hd95_mm": in_mm,
    }


def _score_boxes() -> float:
    return rsna_precision.rsna_map(
        boxes.pack_boxes([np.array([BOX])]), boxes.pack_boxes([np.array(BOXES)], [np.array([0.9, 0.4])])
    )


def _score_directions() -> float:
    cases = [
        Case(id=str(day), patient="a", dataset="", targets=Targets(day=float(day), brixia=(score, 0, 0, 0, 0, 0)))
        for day, score in enumerate(COURSE)
    ]
    predictions = [{"severity": np.array(guess)} for guess in GUESS]
    measured = tasks["monitoring"].measure(cases, predictions, ["a"] * len(cases))
    return measured["direction"].estimator.point()


def _find_undefined_reason() -> str:
    """Why a constant prediction has no correlation; nothing, if it had one."""
    return m.pearson.undefined if np.isnan(m.pearson(TRUTH, (1,) * len(TRUTH))) else ""


def _compute_interval(sample: Estimator) -> tuple[float, float, float]:
    score = compute_intervals({"mae": sample}, n=len(TRUTH), n_patients=5, seed=SEED)["mae"]
    return _round_triple(score.value, score.low, score.high)


def _list_draws(sample: Estimator) -> tuple[BootstrapDraw, ...]:
    weights = next(iter(draw_weights(5, SEED, 3)))
    values = sample.draw(weights)
    return tuple(
        BootstrapDraw(tuple(int(times) for times in row), round(float(value), 9))
        for row, value in zip(weights, values, strict=True)
    )


def _compare_with_constant(sample: Estimator) -> tuple[tuple[float, float, float], float]:
    """The sample against a prediction of 1 everywhere: paired difference and p."""
    other = make_estimator(m.mae, _to_floats(TRUTH), np.ones(len(TRUTH)), PATIENTS)
    score, p = compare_two({"mae": other}, {"mae": sample}, n=len(TRUTH), n_patients=5, seed=SEED)["mae"]
    return _round_triple(score.value, score.low, score.high), round(p or 0.0, 9)


def _rank_examples() -> tuple[RankedExample, ...]:
    """Three predictions of 24 patients: two similar ones and one with larger errors."""
    names = [f"{i:02d}" for i in range(24)]
    base = np.array([0.4 + (7 * i) % 10 / 20 for i in range(24)])
    wobble = np.array([0.02 + ((5 * i) % 7 - 3) / 10 for i in range(24)])
    errors = {"first": base, "second": base + wobble, "third": base + 0.3}
    estimators = {name: make_estimator(m.mae, np.zeros(24), error, names) for name, error in errors.items()}
    drawn = resample(estimators, n_patients=24, seed=SEED)
    rows = rank_systems(drawn, Direction.LOWER, compare_pairwise(drawn, Direction.LOWER, n=24, n_patients=24))
    return tuple(
        RankedExample(row.name, round(drawn[row.name].point, 9), row.rank or 0, row.low or 0, row.high or 0)
        for row in rows
    )


def _compute_area() -> tuple[float, float, float]:
    result = m.compute_auc_covariance(FINDING, PROBABILITY)
    auc, half = float(result.auc[0]), Z * float(np.sqrt(result.covariance[0, 0]))
    return _round_triple(auc, max(auc - half, 0.0), min(auc + half, 1.0))


def _round_triple(*values: float | None) -> tuple[float, float, float]:
    value, low, high = (round(number or 0.0, 9) for number in values)
    return value, low, high
