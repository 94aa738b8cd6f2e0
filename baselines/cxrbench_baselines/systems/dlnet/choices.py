"""The two thresholds of DLNet, by the paper's rules (Amer et al. 2020, V-B), but never chosen on the test set."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from cxrbench.case import Case
from cxrbench.metrics import find_corner_threshold
from cxrbench.metrics.boxes import pack_boxes
from cxrbench.metrics.rsna_precision import DLNET, rsna_map
from numpy.typing import NDArray

from cxrbench_baselines.framing import from_square
from cxrbench_baselines.system import Done, System
from cxrbench_baselines.systems.dlnet.extent import find_boxes

Floats = NDArray[np.float64]
GRID = (0.5, 0.6, 0.7, 0.8, 0.9)
"""Thresholds of the map that the paper tries (V-B, Fig. 8a)."""


@dataclass(frozen=True, slots=True)
class CasePrediction:
    """The prediction for one case: its probability, and boxes and confidences at each threshold of the grid."""

    case: Case
    probability: float
    boxes: tuple[tuple[Floats, Floats], ...]


def choose_thresholds(system: System, cases: Sequence[Case], done: Done) -> dict[str, float]:
    """Choose the operating point of the detection and the threshold of the localisation map (V-B).

    The operating point is the one closest to the corner of the ROC curve, the threshold the one with the highest mean
    precision (Eq. 5).

    Args:
        system: A DLNet in evaluation mode, with its present thresholds in `settings`.
        cases: Training and validation cases; those without a finding are left out.
        done: Called with the number of predicted cases and their total.

    Returns:
        `operating_point` and `map_threshold`, in [0, 1]. A threshold is left out where the cases do not determine it:
        one class alone, or no boxes.
    """
    labelled = [case for case in cases if case.targets.finding is not None]
    predictions = [_predict_case(system, case, i, len(labelled), done) for i, case in enumerate(labelled)]
    truth = np.array([case.targets.finding for case in labelled], np.float64)
    probabilities = np.array([prediction.probability for prediction in predictions])
    point = find_corner_threshold(truth, probabilities) if predictions else np.nan
    chosen = {} if np.isnan(point) else {"operating_point": float(point)}
    limit = chosen.get("operating_point", float(system.settings["operating_point"]))
    boxed = [prediction for prediction in predictions if prediction.case.targets.boxes is not None]
    if any(len(_read_boxes(prediction.case)) for prediction in boxed):
        chosen["map_threshold"] = max(
            GRID, key=lambda threshold: compute_map_precision(boxed, GRID.index(threshold), limit)
        )
    return chosen


def compute_map_precision(predictions: Sequence[CasePrediction], level: int, limit: float) -> float:
    """Compute the paper's mean average precision (Eqs. 3-5).

    Args:
        predictions: Cases with boxes.
        level: Index of the map's threshold in `GRID`.
        limit: Operating point of the detection; a case below it has no boxes.

    Returns:
        The precision in [0, 1].
    """
    nothing = np.zeros((0, 4)), np.zeros(0)
    pred = [prediction.boxes[level] if prediction.probability >= limit else nothing for prediction in predictions]
    truth = pack_boxes([_read_boxes(prediction.case) for prediction in predictions])
    return rsna_map(truth, pack_boxes([boxes for boxes, _ in pred], [confidence for _, confidence in pred]), DLNET)


def _read_boxes(case: Case) -> Floats:
    return np.asarray(case.targets.boxes, np.float64).reshape(-1, 4)


def _predict_case(system: System, case: Case, number: int, count: int, done: Done) -> CasePrediction:
    """Probability and boxes of a case."""
    image = case.image()
    view = system.view(None, np.asarray(image.pixels, np.float32))
    with torch.inference_mode():
        outputs = system(system.make_batch([image], [view]))
    heat = from_square(outputs["map"][0].float().cpu().numpy(), view)
    done(number + 1, count)
    boxes = tuple(find_boxes(heat, threshold) for threshold in GRID)
    return CasePrediction(case, float(outputs["finding"][0].sigmoid()), boxes)
