"""Worked examples for the page of methods: small samples through the benchmark's own code, computed at every build."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from cxrbench import metrics as m
from cxrbench.case import Case, Targets
from cxrbench.metrics import boxes
from cxrbench.metrics.masks import dice, gathered, iou, overlap
from cxrbench.metrics.surface import hausdorff
from cxrbench.stats import Estimator, clustered, holm, intervals, paired, pairwise, ranked, resample, seed_of
from cxrbench.stats.bootstrap import draws
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
SEED = seed_of("methods")

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
    "within_half": m.within(0.5),
    "within_2": m.within(2),
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
class Step:
    """A bootstrap draw: how often each patient was drawn, and the value."""

    weights: tuple[int, ...]
    value: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """A row of the example of ranks."""

    name: str
    value: float
    rank: int
    low: int
    high: int


@dataclass(frozen=True)
class Examples:
    """Everything that the page works out: `values` by metric key (None: undefined, with the reason in `undefined`)."""

    values: Mapping[str, float]
    threshold: float
    undefined: str
    interval: tuple[float, float, float]
    steps: tuple[Step, ...]
    gap: tuple[float, float, float]
    p: float
    holm: tuple[tuple[float, float], ...]
    ranks: tuple[Ranked, ...]
    area: tuple[float, float, float]

    @property
    def lines(self) -> list[tuple[str, str, float]]:
        """Every number of the examples: section, name, value."""
        found = [("metric", key, value) for key, value in self.values.items()]
        found.append(("metric", "operating_point", self.threshold))
        for section, triple in (("interval", self.interval), ("paired", self.gap), ("delong", self.area)):
            found += [(section, name, value) for name, value in zip(("value", "low", "high"), triple, strict=True)]
        found.append(("paired", "p", self.p))
        for i, step in enumerate(self.steps, 1):
            found.append((f"draw {i}", "value", step.value))
            found += [(f"draw {i}", one, times) for one, times in zip("abcde", step.weights, strict=True)]
        for i, (raw, fixed) in enumerate(self.holm, 1):
            found += [(f"holm {i}", "p", raw), (f"holm {i}", "corrected", fixed)]
        for row in self.ranks:
            found += [(f"rank {row.name}", name, getattr(row, name)) for name in ("value", "rank", "low", "high")]
        return found


def examples() -> Examples:
    """Work them all out."""
    sample = clustered(m.mae, _floats(TRUTH), _floats(PRED), PATIENTS)
    gap, p = _paired(sample)
    threshold = m.corner_threshold(FINDING, PROBABILITY)
    return Examples(
        values=_values(threshold),
        threshold=threshold,
        undefined=_undefined(),
        interval=_interval(sample),
        steps=_steps(sample),
        gap=gap,
        p=p,
        holm=tuple((raw, round(fixed or 0.0, 9)) for raw, fixed in zip(RAW_P, holm(RAW_P), strict=True)),
        ranks=_ranks(),
        area=_area(),
    )


def _floats(values: Sequence[float]) -> m.base.Floats:
    return np.array(values, np.float64)


def _values(threshold: float) -> dict[str, float]:
    found = {key: metric(TRUTH, PRED) for key, metric in SCORES.items()}
    found |= {key: metric(FINDING, PROBABILITY) for key, metric in PROBABILITIES.items()}
    found |= {key: metric(threshold)(FINDING, PROBABILITY) for key, metric in AT_POINT.items()}
    asked = np.array(FINDING) + np.array(HEALTHY) > 0
    found["roc_auc_healthy"] = m.roc_auc(_floats(FINDING)[asked], _floats(PROBABILITY)[asked])
    found |= _masks() | {"rsna_map": _boxes(), "direction": _direction()}
    return {key: round(float(np.asarray(value)), 9) for key, value in found.items()}


def _masks() -> dict[str, object]:
    truth, pred = (np.array([[pixel == "1" for pixel in row] for row in mask]) for mask in (DRAWN, PREDICTED))
    counts = gathered([overlap(truth, pred)])
    in_mm = hausdorff(truth, pred, (PIXEL_MM, PIXEL_MM))
    return {"dice": dice(counts)[0], "iou": iou(counts)[0], "hd95_px": hausdorff(truth, pred), "hd95_mm": in_mm}


def _boxes() -> float:
    return boxes.rsna_map(boxes.pack([np.array([BOX])]), boxes.pack([np.array(BOXES)], [np.array([0.9, 0.4])]))


def _direction() -> float:
    cases = [
        Case(id=str(day), patient="a", dataset="", targets=Targets(day=float(day), brixia=(score, 0, 0, 0, 0, 0)))
        for day, score in enumerate(COURSE)
    ]
    predictions = [{"severity": np.array(guess)} for guess in GUESS]
    measured = tasks["monitoring"].measure(cases, predictions, ["a"] * len(cases))
    return float(measured["direction"].estimator(np.ones((1, 1)))[0])


def _undefined() -> str:
    """Why a constant prediction has no correlation; nothing, if it had one."""
    return m.pearson.undefined if np.isnan(m.pearson(TRUTH, (1,) * len(TRUTH))) else ""


def _interval(sample: Estimator) -> tuple[float, float, float]:
    score = intervals({"mae": sample}, n=len(TRUTH), n_patients=5, seed=SEED)["mae"]
    return _triple(score.value, score.low, score.high)


def _steps(sample: Estimator) -> tuple[Step, ...]:
    weights = next(iter(draws(5, SEED, 3)))
    values = sample(weights)
    return tuple(
        Step(tuple(int(one) for one in row), round(float(value), 9)) for row, value in zip(weights, values, strict=True)
    )


def _paired(sample: Estimator) -> tuple[tuple[float, float, float], float]:
    """The sample against a prediction of 1 everywhere."""
    other = clustered(m.mae, _floats(TRUTH), np.ones(len(TRUTH)), PATIENTS)
    score, p = paired({"mae": other}, {"mae": sample}, n=len(TRUTH), n_patients=5, seed=SEED)["mae"]
    return _triple(score.value, score.low, score.high), round(p or 0.0, 9)


def _ranks() -> tuple[Ranked, ...]:
    """Three predictions of 24 patients: two near each other, one far off."""
    names = [f"{i:02d}" for i in range(24)]
    base = np.array([0.4 + (7 * i) % 10 / 20 for i in range(24)])
    wobble = np.array([0.02 + ((5 * i) % 7 - 3) / 10 for i in range(24)])
    errors = {"first": base, "second": base + wobble, "third": base + 0.3}
    estimators = {name: clustered(m.mae, np.zeros(24), error, names) for name, error in errors.items()}
    drawn = resample(estimators, n_patients=24, seed=SEED)
    found = ranked(drawn, "lower", pairwise(drawn, "lower", n=24, n_patients=24))
    return tuple(
        Ranked(row.name, round(drawn[row.name].point, 9), row.rank or 0, row.low or 0, row.high or 0) for row in found
    )


def _area() -> tuple[float, float, float]:
    found = m.delong(FINDING, PROBABILITY)
    auc, half = float(found.auc[0]), Z * float(np.sqrt(found.covariance[0, 0]))
    return _triple(auc, max(auc - half, 0.0), min(auc + half, 1.0))


def _triple(*values: float | None) -> tuple[float, float, float]:
    value, low, high = (round(one or 0.0, 9) for one in values)
    return value, low, high
