"""What networks learn from a case, as arrays; a target that the case lacks is marked in the array itself.

Maps are labels in the network's square `[S, S]` uint8: 0, 1, or `IGNORE` where the source gives no truth. Numbers are
float32, NaN where unknown; `brixia` is int64 `[6]`, -1 where unknown.
"""

from collections.abc import Callable

import cv2
import numpy as np
from cxrbench.case import IGNORE, Case
from numpy.typing import NDArray

from cxrbench_baselines.framing import View, square_mask

Bytes = NDArray[np.uint8]
Map = Callable[[Case, tuple[int, int]], Bytes | None]


def lungs(case: Case, shape: tuple[int, int]) -> Bytes | None:  # noqa: ARG001
    """Both lungs as one label; `IGNORE` stays."""
    if case.targets.lung_mask is None:
        return None
    drawn = case.targets.lung_mask()
    return np.where(drawn == IGNORE, np.uint8(IGNORE), (drawn > 0).astype(np.uint8))


def lesions(case: Case, shape: tuple[int, int]) -> Bytes | None:
    """Opacities; a case that is known to have no finding has none."""
    if case.targets.lesion_mask is not None:
        return case.targets.lesion_mask().astype(np.uint8)
    return np.zeros(shape, np.uint8) if case.targets.finding is False else None


def boxes(case: Case, shape: tuple[int, int]) -> Bytes | None:
    """The union of the boxes of opacities; a case that is known to have no finding has none."""
    drawn = case.targets.boxes
    if drawn is None:
        return np.zeros(shape, np.uint8) if case.targets.finding is False else None
    found = np.zeros(shape, np.uint8)
    for x, y, width, height in drawn:
        cv2.rectangle(found, (round(x), round(y)), (round(x + width) - 1, round(y + height) - 1), 1, cv2.FILLED)
    return found


MAPS: dict[str, Map] = {"lungs": lungs, "lesions": lesions, "boxes": boxes}
NUMBERS = ("extent", "opacity", "zone_severity", "finding", "icu", "death", "ct_grade")


def read(case: Case, names: tuple[str, ...], view: View, size: int) -> dict[str, NDArray[np.generic]]:
    """The named targets of a case. Raises `DataError` where a mask is unreadable."""
    return {name: _read(case, name, view, size) for name in names}


def _read(case: Case, name: str, view: View, size: int) -> NDArray[np.generic]:
    if name in MAPS:
        drawn = MAPS[name](case, view.shape)
        return np.full((size, size), IGNORE, np.uint8) if drawn is None else square_mask(drawn, view, size)
    if name == "brixia":
        return np.array((-1,) * 6 if case.targets.brixia is None else case.targets.brixia, np.int64)
    if name == "diseased":
        return np.array(_diseased(case), np.float32)
    if name == "covid":
        known = case.targets.category
        return np.array(np.nan if known is None else known == "covid", np.float32)
    if name not in NUMBERS:
        raise ValueError(f"no target is called {name}")
    value = getattr(case.targets, name)
    return np.array(np.nan if value is None else value, np.float32)


def _diseased(case: Case) -> float:
    """The finding; where a source does not tell it, whether a lesion is drawn; NaN where it draws none either."""
    if case.targets.finding is not None:
        return float(case.targets.finding)
    return np.nan if case.targets.lesion_mask is None else float(case.targets.lesion_mask().any())
