"""What the metric keys mean, for headings and for the page of methods. An unknown key is shown as it is."""

import re
from dataclasses import dataclass
from functools import cache

from cxrbench.metrics.direction import Direction

KEY = re.compile(r"(?P<base>[a-z][a-z0-9_]{0,60})(?:\[(?P<label>[\w .@+-]{1,60})\])?", re.ASCII)
"""How a metric key is written: `zone_mae`, `zone_mae[A]`."""
GROUPS = {"zone": "Zones", "global": "Global", "t_score": "T score", "extent": "Extent", "opacity": "Opacity"}


@dataclass(frozen=True, slots=True)
class MetricMeaning:
    """A metric in words: title, definition, direction, decimals shown."""

    title: str
    definition: str
    direction: Direction
    digits: int = 3


MEANINGS: dict[str, MetricMeaning] = {
    "mae": MetricMeaning("MAE", "Mean absolute error.", Direction.LOWER),
    "mean_error": MetricMeaning(
        "Mean error",
        "Mean of prediction minus truth: above zero is overestimation, below zero underestimation.",
        Direction.ZERO,
    ),
    "sd": MetricMeaning(
        "SD", "Standard deviation (1/n) of the absolute error, as in Signoroni et al.", Direction.LOWER
    ),
    "rmse": MetricMeaning("RMSE", "Root of the mean squared error.", Direction.LOWER),
    "mse": MetricMeaning("MSE", "Mean squared error.", Direction.LOWER),
    "pearson": MetricMeaning(
        "Pearson r", "Correlation of prediction and truth; undefined where one of them is constant.", Direction.HIGHER
    ),
    "spearman": MetricMeaning(
        "Spearman \N{GREEK SMALL LETTER RHO}",
        "Rank correlation, with mean ranks for ties; undefined where truth or prediction is constant.",
        Direction.HIGHER,
    ),
    "r2": MetricMeaning(
        "R²",
        "One minus the ratio of the squared error to the squared deviation of the truth from its mean.",
        Direction.HIGHER,
    ),
    "kappa": MetricMeaning("κ", "Cohen's kappa, unweighted; predictions rounded half to even.", Direction.HIGHER),
    "kappa_quadratic": MetricMeaning(
        "Weighted κ", "Cohen's kappa with squared-distance weights; predictions rounded half to even.", Direction.HIGHER
    ),
    "within_half": MetricMeaning(
        "Within ±0.5", "Share of cases whose absolute error is at most 0.5.", Direction.HIGHER
    ),
    "within_2": MetricMeaning("Within ±2", "Share of cases whose absolute error is at most 2.", Direction.HIGHER),
    "roc_auc": MetricMeaning(
        "ROC AUC", "Area under the ROC curve; undefined where all cases have the same class.", Direction.HIGHER
    ),
    "roc_auc_healthy": MetricMeaning("ROC AUC, healthy", "ROC AUC against healthy cases only.", Direction.HIGHER),
    "average_precision": MetricMeaning(
        "Average precision", "Mean precision, weighted by the increase in recall.", Direction.HIGHER
    ),
    "accuracy": MetricMeaning(
        "Accuracy",
        "Share of correct decisions at the operating point, which is chosen on the validation set.",
        Direction.HIGHER,
    ),
    "sensitivity": MetricMeaning(
        "Sensitivity", "Share of positive cases that are detected at the operating point.", Direction.HIGHER
    ),
    "specificity": MetricMeaning(
        "Specificity", "Share of negative cases that are called negative at the operating point.", Direction.HIGHER
    ),
    "ppv": MetricMeaning("PPV", "Share of positive calls that are correct at the operating point.", Direction.HIGHER),
    "brier": MetricMeaning(
        "Brier", "Mean squared difference between the probability and the truth (0 or 1).", Direction.LOWER
    ),
    "ece": MetricMeaning("ECE", "Expected calibration error.", Direction.LOWER),
    "rsna_map": MetricMeaning(
        "RSNA mAP",
        "TP / (TP + FP + FN) per image, averaged over IoU thresholds from 0.40 to 0.75 and over images.",
        Direction.HIGHER,
    ),
    "dice": MetricMeaning("Dice", "Overlap of two masks; 1 where both are empty.", Direction.HIGHER),
    "iou": MetricMeaning("IoU", "Intersection over union of two masks; 1 where both are empty.", Direction.HIGHER),
    "hd95_mm": MetricMeaning(
        "HD95 (mm)", "95th percentile of the distances between the surfaces of two masks.", Direction.LOWER, 2
    ),
    "hd95_px": MetricMeaning("HD95 (pixels)", "The same distance in pixels.", Direction.LOWER, 2),
    "error_sd": MetricMeaning("SD of the error", "Standard deviation of prediction minus truth.", Direction.LOWER),
    "slope": MetricMeaning("Slope", "Slope of the regression line of prediction on truth.", Direction.ONE),
    "direction": MetricMeaning(
        "Right direction",
        "Share of steps from one study to the next whose direction (worse or not worse) is correct.",
        Direction.HIGHER,
    ),
    "intercept": MetricMeaning("Intercept", "Intercept of the same line.", Direction.ZERO),
}
PREFIXES = {
    "zone": "Mean over the six zones, each scored from 0 to 3.",
    "global": "Computed on the sum of the six zones, 0 to 18.",
    "t_score": "Computed on the T score, the number of zones with a score of at least 1, 0 to 6.",
    "extent": "Computed on the geographic extent, 0 to 8.",
    "opacity": "Computed on the opacity, 0 to 6.",
}


SUFFIXES = {"_nonempty": ", non-empty truth", "_pooled": ", pooled"}


@dataclass(frozen=True, slots=True)
class MetricHeading:
    """A metric key in its parts: the group it is listed under, its title there, its whole title, its bracket label.

    `order` sorts the metrics within a group as `MEANINGS` does.
    """

    key: str
    group: str
    short: str
    title: str
    label: str
    digits: int
    order: int


@cache
def describe_metric(key: str) -> MetricHeading:
    """Describe a metric key for a heading; a site has few keys and many cells.

    Args:
        key: A metric key such as `zone_mae[A]`; one that the glossary does not know is shown unchanged.

    Returns:
        The heading of the metric.

    Example:
        >>> describe_metric("zone_mae[A]").title, describe_metric("zone_mae[A]").label, describe_metric("novel").title
        ('Zone MAE', 'A', 'novel')
    """
    prefix, name, suffix, label = _split_key(key)
    meaning = MEANINGS.get(name)
    if meaning is None:
        base = key.partition("[")[0]
        return MetricHeading(key, "", base, base, label, 3, len(MEANINGS))
    short = meaning.title + SUFFIXES.get(suffix, "")
    title = f"{GROUPS[prefix].removesuffix('s')} {_to_phrase(short)}" if prefix else short
    return MetricHeading(key, GROUPS.get(prefix, ""), short, title, label, meaning.digits, list(MEANINGS).index(name))


def find_direction(key: str) -> Direction:
    """Find the direction of a metric by its key alone.

    Args:
        key: A metric key.

    Returns:
        The direction; "higher" for a key that the glossary does not know.

    Example:
        >>> str(find_direction("zone_mae[A]")), str(find_direction("dice_pooled"))
        ('lower', 'higher')
    """
    meaning = MEANINGS.get(_split_key(key)[1])
    return meaning.direction if meaning else Direction.HIGHER


def _split_key(key: str) -> tuple[str, str, str, str]:
    """Split a key into prefix, name, suffix and bracket label."""
    match = KEY.fullmatch(key)
    base, label = (match["base"], match["label"] or "") if match else (key, "")
    prefix = next((group for group in GROUPS if base.startswith(f"{group}_")), "")
    name = base.removeprefix(f"{prefix}_") if prefix else base
    suffix = next((ending for ending in SUFFIXES if name.endswith(ending)), "")
    return prefix, name.removesuffix(suffix), suffix, label


def _to_phrase(title: str) -> str:
    """Write a title for the middle of a phrase: "Mean error" becomes "mean error", "MAE" stays."""
    return title if title[1:2].isupper() or title.startswith("Pearson") else title[0].lower() + title[1:]
