"""What networks learn from a case, as arrays; a target that the case lacks is marked in the array itself.

Maps are labels in the network's square `[S, S]` uint8: 0, 1, or `IGNORE` where the source gives no truth. Numbers are
float32, NaN where unknown; `brixia` is int64 `[6]`, -1 where unknown.
"""

from collections.abc import Callable

import cv2
import numpy as np
from cxrbench.case import IGNORE, Case
from numpy.typing import NDArray

from cxrbench_baselines.framing import View, to_square_mask

Bytes = NDArray[np.uint8]
MapReader = Callable[[Case, tuple[int, int]], Bytes | None]


def read_lungs(case: Case, shape: tuple[int, int]) -> Bytes | None:  # noqa: ARG001
    """Both lungs as one label; `IGNORE` stays.

    Args:
        case: The case.
        shape: Rows and columns of its image.

    Returns:
        Labels `[H, W]`; None where no lungs are drawn.

    Raises:
        DataError: The mask is unreadable.
    """
    if case.targets.lung_mask is None:
        return None
    drawn = case.targets.lung_mask()
    return np.where(drawn == IGNORE, np.uint8(IGNORE), (drawn > 0).astype(np.uint8))


def read_lesions(case: Case, shape: tuple[int, int]) -> Bytes | None:
    """Opacities; a case that is known to have no finding has none.

    Args:
        case: The case.
        shape: Rows and columns of its image.

    Returns:
        Labels `[H, W]`; None where the case has no truth.

    Raises:
        DataError: The mask is unreadable.
    """
    if case.targets.lesion_mask is not None:
        return case.targets.lesion_mask().astype(np.uint8)
    return np.zeros(shape, np.uint8) if case.targets.finding is False else None


def draw_boxes(case: Case, shape: tuple[int, int]) -> Bytes | None:
    """The union of the boxes of opacities; a case that is known to have no finding has none.

    Args:
        case: The case.
        shape: Rows and columns of its image.

    Returns:
        Labels `[H, W]`; None where the case has no truth.
    """
    boxes = case.targets.boxes
    if boxes is None:
        return np.zeros(shape, np.uint8) if case.targets.finding is False else None
    mask = np.zeros(shape, np.uint8)
    for x, y, width, height in boxes:
        cv2.rectangle(mask, (round(x), round(y)), (round(x + width) - 1, round(y + height) - 1), 1, cv2.FILLED)
    return mask


MAP_TARGETS: dict[str, MapReader] = {"lungs": read_lungs, "lesions": read_lesions, "boxes": draw_boxes}
NUMBER_TARGETS = ("extent", "opacity", "zone_severity", "finding", "icu", "death", "ct_grade")


def read_targets(case: Case, names: tuple[str, ...], view: View, size: int) -> dict[str, NDArray[np.generic]]:
    """The named targets of a case.

    Args:
        case: The case.
        names: Keys of `MAP_TARGETS`, members of `NUMBER_TARGETS`, "brixia", "diseased" or "covid".
        view: What of the image is seen, in the pixels of its file.
        size: Side of the network's square in pixels.

    Returns:
        One array per name: maps `[size, size]`, numbers without a dimension, `brixia` `[6]`.

    Raises:
        DataError: A mask is unreadable.
    """
    return {name: _read_target(case, name, view, size) for name in names}


def _read_target(case: Case, name: str, view: View, size: int) -> NDArray[np.generic]:
    if name in MAP_TARGETS:
        drawn = MAP_TARGETS[name](case, view.shape)
        return np.full((size, size), IGNORE, np.uint8) if drawn is None else to_square_mask(drawn, view, size)
    if name == "brixia":
        return np.array((-1,) * 6 if case.targets.brixia is None else case.targets.brixia, np.int64)
    if name == "diseased":
        return np.array(_read_disease(case), np.float32)
    if name == "covid":
        category = case.targets.category
        return np.array(np.nan if category is None else category == "covid", np.float32)
    if name not in NUMBER_TARGETS:
        raise ValueError(f"no target is called {name}")
    value = getattr(case.targets, name)
    return np.array(np.nan if value is None else value, np.float32)


def _read_disease(case: Case) -> float:
    """The finding; where a source does not state it, whether a lesion is drawn; NaN where it draws none either."""
    if case.targets.finding is not None:
        return float(case.targets.finding)
    return np.nan if case.targets.lesion_mask is None else float(case.targets.lesion_mask().any())
