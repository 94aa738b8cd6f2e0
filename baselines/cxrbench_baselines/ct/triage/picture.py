"""The frontal projection of a CT, coloured where lung is affected."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from cxrbench_baselines.ct.prepare import window_hu

PIXEL_MM = 2.0
COLOUR_SCALE = ((0.0, (255, 226, 120)), (0.35, (247, 148, 55)), (0.7, (214, 48, 49)), (1.0, (120, 0, 60)))
"""Colours (RGB) by the affected share; light to dark, so that colour-blind readers can use it."""
COLOUR_WEIGHT = (0.35, 0.85)
"""Share of colour in a pixel where the affected share is just above 0, and where it is 1."""
LEAST_COLOURED = 0.01
OUTLINE = (120, 190, 215)
BRIGHTEST = 99.5
"""Percentile of the projection that becomes white."""
GAMMA = 1.8

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Picture:
    """RGB `[h, w, 3]`: head up, the patient's right on the left, as a radiograph is displayed."""

    pixels: Bytes

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def save(self, path: Path) -> None:
        """Write a PNG.

        Args:
            path: The file; its folder is created.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(self.pixels).save(path, optimize=True)


def draw_projection(hu: NDArray[np.int16], lungs: Bytes, share: Floats, spacing: tuple[float, ...] | None) -> Picture:
    """Draw the mean of the windowed slices along the line of sight, with the lungs' outline and the share in colour.

    Args:
        hu: CT in HU `[D, H, W]` in LPS.
        lungs: Labels of the same shape.
        share: Affected share `[D, W]` in [0, 1]; NaN where unknown.
        spacing: Spacing in mm, in the same order.

    Returns:
        The picture, at `PIXEL_MM` per pixel.
    """
    size = _compute_size(share.shape, spacing)
    grey = _stretch_grey(_enlarge_plane(window_hu(hu).mean(axis=1), size))
    weight, colour = _weigh_colour(_enlarge_plane(np.nan_to_num(share), size))
    mixed = grey[..., None] * (1 - weight) + colour * weight
    outline = _find_outline(_enlarge_plane((lungs > 0).any(axis=1).astype(np.float32), size) > 0.5)
    mixed[outline] = 0.5 * mixed[outline] + 0.5 * np.array(OUTLINE)
    return Picture(np.ascontiguousarray(np.rint(mixed[::-1]).astype(np.uint8)))


def _compute_size(shape: tuple[int, ...], spacing: tuple[float, ...] | None) -> tuple[int, int]:
    """Columns and rows at `PIXEL_MM`."""
    d, _, w = spacing or (PIXEL_MM,) * 3
    return max(1, round(shape[1] * w / PIXEL_MM)), max(1, round(shape[0] * d / PIXEL_MM))


def _enlarge_plane(plane: Any, size: tuple[int, int]) -> Floats:
    return np.asarray(cv2.resize(np.asarray(plane, np.float32), size, interpolation=cv2.INTER_LINEAR), np.float32)


def _stretch_grey(plane: Floats) -> Floats:
    """Stretch grey values: air is black, the densest lines of sight are white; `GAMMA` keeps the lungs dark."""
    low, high = float(plane.min()), float(np.percentile(plane, BRIGHTEST))
    return np.asarray(255 * np.clip((plane - low) / max(high - low, 1e-6), 0, 1) ** GAMMA, np.float32)


def _weigh_colour(share: Floats) -> tuple[Floats, Floats]:
    """The weight of the colour of each pixel, `[h, w, 1]`, and the colour, `[h, w, 3]`."""
    weight = np.where(share >= LEAST_COLOURED, COLOUR_WEIGHT[0] + (COLOUR_WEIGHT[1] - COLOUR_WEIGHT[0]) * share, 0)
    return np.asarray(weight[..., None], np.float32), interpolate_colour(share)


def interpolate_colour(share: Floats) -> Floats:
    """Interpolate the colour of each share between the stops of `COLOUR_SCALE`.

    Args:
        share: Shares in [0, 1], of any shape.

    Returns:
        RGB in [0, 255], with a last axis of 3.

    Example:
        >>> interpolate_colour(np.array([0.0, 1.0], np.float32)).tolist()
        [[255.0, 226.0, 120.0], [120.0, 0.0, 60.0]]
    """
    stops = [stop for stop, _ in COLOUR_SCALE]
    channels = [np.interp(share, stops, [colour[channel] for _, colour in COLOUR_SCALE]) for channel in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)


def _find_outline(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    whole = inside.astype(np.uint8)
    return np.asarray((whole - cv2.erode(whole, np.ones((3, 3), np.uint8))) > 0)
