"""What the metric keys mean, for headings and for the page of methods. A key unknown here is shown as it is."""

import re
from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower", "zero", "one"]
KEY = re.compile(r"(?P<base>[a-z][a-z0-9_]{0,60})(?:\[(?P<label>[\w .@+-]{1,60})\])?", re.ASCII)
"""How a metric key is written: `zone_mae`, `zone_mae[A]`."""
GROUPS = {"zone": "Zones", "global": "Global", "t_score": "T score", "extent": "Extent", "opacity": "Opacity"}
DIRECTION = {
    "higher": "higher is better",
    "lower": "lower is better",
    "zero": "closer to zero is better",
    "one": "closer to one is better",
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """A metric in words: heading, definition, which way it points, decimals shown."""

    title: str
    definition: str
    better: Better
    digits: int = 3


MEANINGS: dict[str, Meaning] = {
    "mae": Meaning("MAE", "Mean absolute error.", "lower"),
    "mean_error": Meaning(
        "Mean error",
        "Mean of prediction minus truth: above zero is overestimation, below zero underestimation.",
        "zero",
    ),
    "sd": Meaning("SD", "Standard deviation (1/n) of the absolute error, as Signoroni et al. print it.", "lower"),
    "rmse": Meaning("RMSE", "Root of the mean squared error.", "lower"),
    "mse": Meaning("MSE", "Mean squared error.", "lower"),
    "pearson": Meaning(
        "Pearson r", "Correlation of prediction and truth; undefined where one of them is constant.", "higher"
    ),
    "spearman": Meaning(
        "Spearman \N{GREEK SMALL LETTER RHO}",
        "Rank correlation, ties given their mean rank; undefined where a side is constant.",
        "higher",
    ),
    "r2": Meaning("R²", "One minus the squared error over the spread of the truth around its mean.", "higher"),
    "kappa": Meaning("κ", "Cohen's kappa, unweighted; predictions rounded half to even.", "higher"),
    "kappa_quadratic": Meaning(
        "Weighted κ", "Cohen's kappa with squared-distance weights; predictions rounded half to even.", "higher"
    ),
    "within_half": Meaning("Within ±0.5", "Share of cases whose absolute error is at most 0.5.", "higher"),
    "within_2": Meaning("Within ±2", "Share of cases whose absolute error is at most 2.", "higher"),
    "roc_auc": Meaning("ROC AUC", "Area under the ROC curve; undefined where the truth has one class.", "higher"),
    "roc_auc_healthy": Meaning("ROC AUC, healthy", "ROC AUC against healthy cases only.", "higher"),
    "average_precision": Meaning("Average precision", "Mean precision over the steps of recall.", "higher"),
    "accuracy": Meaning("Accuracy", "Share of right decisions at the operating point chosen on val.", "higher"),
    "sensitivity": Meaning("Sensitivity", "Share of positives found at the operating point.", "higher"),
    "specificity": Meaning("Specificity", "Share of negatives left alone at the operating point.", "higher"),
    "ppv": Meaning("PPV", "Share of positive calls that are right at the operating point.", "higher"),
    "brier": Meaning("Brier", "Mean squared distance of the probability from the truth (0 or 1).", "lower"),
    "ece": Meaning("ECE", "Expected calibration error.", "lower"),
    "rsna_map": Meaning(
        "RSNA mAP", "TP / (TP + FP + FN) an image, averaged over IoU 0.40 to 0.75 and over images.", "higher"
    ),
    "dice": Meaning("Dice", "Overlap of two masks; both empty counts 1.", "higher"),
    "iou": Meaning("IoU", "Intersection over union of two masks; both empty counts 1.", "higher"),
    "hd95_mm": Meaning("HD95 (mm)", "95th percentile of the distances between two mask surfaces.", "lower", 2),
    "hd95_px": Meaning("HD95 (pixels)", "The same in pixels.", "lower", 2),
    "error_sd": Meaning("SD of the error", "Standard deviation of prediction minus truth.", "lower"),
    "slope": Meaning("Slope", "Slope of the line fitted to truth and prediction.", "one"),
    "direction": Meaning(
        "Right direction", "Share of steps from study to study whose direction is right: worse or not worse.", "higher"
    ),
    "intercept": Meaning("Intercept", "Intercept of that line.", "zero"),
}
PREFIXES = {
    "zone": "The mean of the six single-zone values, each zone scored 0 to 3.",
    "global": "On the sum of the six zones, 0 to 18.",
    "t_score": "On the T score, the number of zones scored at least 1, 0 to 6.",
    "extent": "On the geographic extent, 0 to 8.",
    "opacity": "On the opacity, 0 to 6.",
}


SUFFIXES = {"_nonempty": ", non-empty truth", "_pooled": ", pooled"}


@dataclass(frozen=True, slots=True)
class Heading:
    """A metric key taken apart: the group it is listed under, its name there, its whole name, its bracket.

    `place` orders metrics within a group as `MEANINGS` does.
    """

    key: str
    group: str
    short: str
    title: str
    label: str
    digits: int
    place: int


def heading(key: str) -> Heading:
    """The heading of a metric key; a key that this module does not know stands for itself.

    >>> heading("zone_mae[A]").title, heading("zone_mae[A]").label, heading("novel").title
    ('Zone MAE', 'A', 'novel')
    """
    prefix, name, suffix, label = _apart(key)
    meaning = MEANINGS.get(name)
    if meaning is None:
        base = key.partition("[")[0]
        return Heading(key, "", base, base, label, 3, len(MEANINGS))
    short = meaning.title + SUFFIXES.get(suffix, "")
    title = f"{GROUPS[prefix].removesuffix('s')} {_inside(short)}" if prefix else short
    return Heading(key, GROUPS.get(prefix, ""), short, title, label, meaning.digits, list(MEANINGS).index(name))


def direction(key: str) -> Better:
    """Which way a metric points by its name alone; an unknown one counts as "higher".

    >>> direction("zone_mae[A]"), direction("dice_pooled")
    ('lower', 'higher')
    """
    meaning = MEANINGS.get(_apart(key)[1])
    return meaning.better if meaning else "higher"


def badness(value: float, better: str) -> float:
    """A value turned so that smaller is better, whichever way its metric points.

    >>> badness(0.4, "lower"), badness(0.9, "higher"), badness(-0.1, "zero"), badness(1.5, "one")
    (0.4, -0.9, 0.1, 0.5)
    """
    return {"lower": value, "higher": -value, "zero": abs(value), "one": abs(value - 1)}[better]


def _apart(key: str) -> tuple[str, str, str, str]:
    """Prefix, name, suffix and bracket label of a key."""
    found = KEY.fullmatch(key)
    base, label = (found["base"], found["label"] or "") if found else (key, "")
    prefix = next((one for one in GROUPS if base.startswith(f"{one}_")), "")
    name = base.removeprefix(f"{prefix}_") if prefix else base
    suffix = next((one for one in SUFFIXES if name.endswith(one)), "")
    return prefix, name.removesuffix(suffix), suffix, label


def _inside(title: str) -> str:
    """A title within a phrase: "Mean error" becomes "mean error", "MAE" stays."""
    return title if title[1:2].isupper() or title.startswith("Pearson") else title[0].lower() + title[1:]
