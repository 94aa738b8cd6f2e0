"""The two thresholds of DLNet, by the paper's rules (Amer et al. 2020, V-B), but never on the cases to be scored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from cxrbench.case import Case
from cxrbench.metrics import corner_threshold
from cxrbench.metrics.boxes import DLNET, pack, rsna_map
from numpy.typing import NDArray

from cxrbench_baselines.framing import unsquare
from cxrbench_baselines.system import Done
from cxrbench_baselines.systems.dlnet.extent import boxes

if TYPE_CHECKING:
    from cxrbench_baselines.systems.dlnet.dlnet import DLNetSystem

Floats = NDArray[np.float64]
GRID = (0.5, 0.6, 0.7, 0.8, 0.9)
"""Thresholds of the map that the paper tries (Fig. 8a)."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the system says of a case: its probability, and boxes and confidences at each threshold of the grid."""

    case: Case
    probability: float
    boxes: tuple[tuple[Floats, Floats], ...]


def chosen(system: "DLNetSystem", cases: Sequence[Case], done: Done) -> dict[str, float]:
    """The operating point closest to the ROC curve's corner, and the map's threshold with the best precision (Eq. 5).

    A threshold stays as it was where the cases do not tell: one class alone, no boxes.
    """
    known = [case for case in cases if case.targets.finding is not None]
    told = [_told(system, case, i, len(known), done) for i, case in enumerate(known)]
    truth = np.array([case.targets.finding for case in known], np.float64)
    point = corner_threshold(truth, np.array([one.probability for one in told])) if told else np.nan
    found = {} if np.isnan(point) else {"operating_point": float(point)}
    limit = found.get("operating_point", float(system.settings["operating_point"]))
    boxed = [one for one in told if one.case.targets.boxes is not None]
    if any(len(_truth(one.case)) for one in boxed):
        found["map_threshold"] = max(GRID, key=lambda threshold: precision(boxed, GRID.index(threshold), limit))
    return found


def precision(told: Sequence[Told], level: int, limit: float) -> float:
    """The paper's mean precision (Eq. 3-5) at a threshold of the grid; no box counts below the operating point."""
    nothing = np.zeros((0, 4)), np.zeros(0)
    pred = [one.boxes[level] if one.probability >= limit else nothing for one in told]
    truth = pack([_truth(one.case) for one in told])
    return rsna_map(truth, pack([found for found, _ in pred], [confidence for _, confidence in pred]), DLNET)


def _truth(case: Case) -> Floats:
    return np.asarray(case.targets.boxes, np.float64).reshape(-1, 4)


def _told(system: "DLNetSystem", case: Case, number: int, count: int, done: Done) -> Told:
    """Probability and boxes of a case."""
    image = case.image()
    view = system.view(None, np.asarray(image.pixels, np.float32))
    with torch.inference_mode():
        outputs = system(system.batch([image], [view]))
    heat = unsquare(outputs["map"][0].float().cpu().numpy(), view)
    done(number + 1, count)
    return Told(case, float(outputs["finding"][0].sigmoid()), tuple(boxes(heat, threshold) for threshold in GRID))
