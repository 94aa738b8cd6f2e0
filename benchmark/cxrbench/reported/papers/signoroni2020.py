"""Signoroni et al. 2020 (BS-Net), Table 9: the junior radiologist against the senior on 192 public radiographs.

The table's mean error is the senior minus the junior (the reference minus the reader), and so it is recomputed; the
benchmark's own mean errors are prediction minus truth. "Test" is the authors' 75/25 draw, of which the reader's cells
fit 47 images and the networks' 48.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import ZONES, Case
from cxrbench.datasets import DataFolder, dataset_adapters
from cxrbench.metrics import Metric, mae, mean_error
from cxrbench.reported.claims import Claim
from cxrbench.reported.findings import PaperReport, RecomputedValue
from cxrbench.reported.rules import paper_rules
from cxrbench.splits import load_split

Floats = NDArray[np.float64]
PARTS = {"all": "default", "test": "published"}
"""Part of a claim to the split it is read from."""
METRICS: Mapping[str, Metric] = {"mae": mae, "mean-error": mean_error}
UNEXPLAINED = {
    "all": "the released scores are close to those of the table and not the same",
    "test": "which images the table counts (its cells fit 47) is not recorded; these are of the authors' rule and seed",
}
ZONES_OF = {f"region-{zone.lower()}": (place,) for place, zone in enumerate(ZONES)}


@paper_rules.register("signoroni2020-bsnet")
def recompute_signoroni2020(claims: Sequence[Claim], data: DataFolder) -> PaperReport:
    """Recompute the rows of the reader in Table 9; claims on the networks or the hospital's dataset stay unchecked.

    Args:
        claims: The claims of the paper.
        data: The data folder.

    Returns:
        The recomputed values.

    Raises:
        DataError: Where the public annotations are missing.
    """
    dataset = dataset_adapters["brixia-cohen"](data)
    parts = {part: load_split("brixia-cohen", split).cases(part) for part, split in PARTS.items()}
    by_id = dataset.by_id
    values = {
        claim.id: _recompute_claim(claim, [by_id[name] for name in parts[claim.part] if name in by_id])
        for claim in claims
        if _is_covered(claim)
    }
    return PaperReport(
        values, sources=(data.root("brixia-cohen", "public-annotations.csv") / "public-annotations.csv",)
    )


def _is_covered(claim: Claim) -> bool:
    known = (*ZONES_OF, "regions-mean", "global-score")
    return (claim.where, claim.system) == ("Table 9", "radiologist-rj") and (
        claim.metric in METRICS and claim.part in PARTS and claim.subgroup in known
    )


def _recompute_claim(claim: Claim, cases: Sequence[Case]) -> RecomputedValue:
    senior, junior = (np.array([case.targets.raters[name] for case in cases], float) for name in ("senior", "junior"))
    value = _compute_value(claim, senior, junior)
    how = "junior against senior; mean error as senior minus junior"
    return RecomputedValue(value, len(cases), how, unexplained=UNEXPLAINED[claim.part])


def _compute_value(claim: Claim, senior: Floats, junior: Floats) -> float:
    """The metric of the zones, of their mean, or of the global score; the junior is the "truth" of the difference."""
    metric = METRICS[claim.metric]
    if claim.subgroup == "global-score":
        return float(metric(junior.sum(1), senior.sum(1)))
    zones = ZONES_OF.get(claim.subgroup, tuple(range(len(ZONES))))
    return float(np.mean([metric(junior[:, zone], senior[:, zone]) for zone in zones]))
