"""Fixed steps before a network sees a radiograph, by the names that recipes use. They run once a case."""

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from cxrbench.errors import UsageError
from cxrbench.registry import unknown
from numpy.typing import NDArray

from cxrbench_baselines.recipe import Step

Bytes = NDArray[np.uint8]


def clahe(pixels: Bytes, *, clip: float = 0.01, grid: int = 8) -> Bytes:
    """Contrast-limited adaptive histogram equalisation, OpenCV's.

    `clip` is the largest share of a tile's pixels that one of 256 grey values may hold, as scikit-image counts it (and
    the papers with it); OpenCV counts in multiples of an even histogram, so 0.01 is its 2.56. The two libraries
    redistribute what is cut off differently, so pixels differ by a few grey values.
    """
    return np.asarray(cv2.createCLAHE(clip * 256, (grid, grid)).apply(pixels))


def median(pixels: Bytes, *, kernel: int = 3) -> Bytes:
    """The median of each pixel's neighbourhood, `kernel` pixels wide."""
    return np.asarray(cv2.medianBlur(pixels, kernel))


def percentiles(pixels: Bytes, *, low: float = 2, high: float = 98) -> Bytes:
    """Clip at two percentiles of the image and stretch what is between over the whole range."""
    bottom, top = np.percentile(pixels, [low, high])
    unit = np.clip((pixels.astype(np.float32) - bottom) / max(top - bottom, 1.0), 0, 1)
    return np.asarray(np.rint(unit * 255), np.uint8)


STEPS: dict[str, Callable[..., Bytes]] = {
    "clahe": clahe,
    "median-filter": median,
    "clip-percentiles": percentiles,
}


def prepared(pixels: Bytes, steps: Sequence[Step]) -> Bytes:
    """Grey values `[S, S]` after each step in turn. Raises `UsageError` for an unknown step or setting."""
    for step in steps:
        pixels = _applied(pixels, step.op, step.settings)
    return pixels


def _applied(pixels: Bytes, name: str, settings: dict[str, Any]) -> Bytes:
    if name not in STEPS:
        raise unknown("preprocessing step", name, STEPS)
    try:
        return STEPS[name](pixels, **settings)
    except TypeError as error:
        raise UsageError(
            f"preprocessing step {name} does not take this ({error})", str(settings), "correct it"
        ) from error
