"""Fixed steps before a network sees a radiograph, by the names that recipes use. They run once per case."""

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from cxrbench.errors import UsageError
from cxrbench.registry import make_unknown_name_error
from numpy.typing import NDArray

from cxrbench_baselines.recipe import Step

Bytes = NDArray[np.uint8]


def equalise_histogram(pixels: Bytes, *, clip: float = 0.01, grid: int = 8) -> Bytes:
    """Contrast-limited adaptive histogram equalisation, OpenCV's.

    The two libraries redistribute the clipped part of the histogram differently, so pixels differ by a few grey values
    from those of scikit-image.

    Args:
        pixels: Grey values `[S, S]`.
        clip: The largest fraction of a tile's pixels that one of 256 grey values may hold, as scikit-image counts it
            (and the papers with it); OpenCV counts in multiples of an even histogram, so 0.01 is its 2.56.
        grid: Tiles along each side.

    Returns:
        Grey values `[S, S]`.
    """
    return np.asarray(cv2.createCLAHE(clip * 256, (grid, grid)).apply(pixels))


def filter_median(pixels: Bytes, *, kernel: int = 3) -> Bytes:
    """The median of each pixel's neighbourhood.

    Args:
        pixels: Grey values `[S, S]`.
        kernel: Width of the neighbourhood in pixels, odd.

    Returns:
        Grey values `[S, S]`.
    """
    return np.asarray(cv2.medianBlur(pixels, kernel))


def clip_percentiles(pixels: Bytes, *, low: float = 2, high: float = 98) -> Bytes:
    """Clip at two percentiles of the image and stretch the values between them over the whole range.

    Args:
        pixels: Grey values `[S, S]`.
        low: Percentile that becomes 0.
        high: Percentile that becomes 255.

    Returns:
        Grey values `[S, S]`.

    Example:
        >>> clip_percentiles(np.array([[10, 20, 30]], np.uint8), low=0, high=100).tolist()
        [[0, 128, 255]]
    """
    bottom, top = np.percentile(pixels, [low, high])
    unit = np.clip((pixels.astype(np.float32) - bottom) / max(top - bottom, 1.0), 0, 1)
    return np.asarray(np.rint(unit * 255), np.uint8)


STEPS: dict[str, Callable[..., Bytes]] = {
    "clahe": equalise_histogram,
    "median-filter": filter_median,
    "clip-percentiles": clip_percentiles,
}


def apply_steps(pixels: Bytes, steps: Sequence[Step]) -> Bytes:
    """Apply each step in turn.

    Args:
        pixels: Grey values `[S, S]`.
        steps: The recipe's preprocessing.

    Returns:
        Grey values `[S, S]`.

    Raises:
        UsageError: A step or one of its settings is unknown.
    """
    for step in steps:
        pixels = _apply_step(pixels, step.op, step.settings)
    return pixels


def _apply_step(pixels: Bytes, name: str, settings: dict[str, Any]) -> Bytes:
    if name not in STEPS:
        raise make_unknown_name_error("preprocessing step", name, STEPS)
    try:
        return STEPS[name](pixels, **settings)
    except TypeError as error:
        raise UsageError(
            f"preprocessing step {name} does not take this ({error})", str(settings), "correct it"
        ) from error
