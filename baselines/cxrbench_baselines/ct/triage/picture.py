"""The frontal projection of a CT, coloured where lung is affected."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from cxrbench_baselines.ct.prepare import windowed

PIXEL_MM = 2.0
SCALE = ((0.0, (255, 226, 120)), (0.35, (247, 148, 55)), (0.7, (214, 48, 49)), (1.0, (120, 0, 60)))
"""Colours (RGB) by the affected share; light to dark, so that it can be read without telling red from green."""
WEIGHT = (0.35, 0.85)
"""How much of a pixel is colour where the share is just above 0, and where it is 1."""
LEAST = 0.01
OUTLINE = (120, 190, 215)
BRIGHTEST = 99.5
"""Percentile of the projection that becomes white."""
GAMMA = 1.8

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Picture:
    """RGB `[h, w, 3]`: head up, the patient's right at the left, as a radiograph is hung."""

    pixels: Bytes

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def save(self, path: Path) -> None:
        """Write a PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(self.pixels).save(path, optimize=True)


def projection(hu: NDArray[np.int16], lungs: Bytes, share: Floats, spacing: tuple[float, ...] | None) -> Picture:
    """The mean of the windowed slices along the line of sight, the lungs' outline, and `share` in colour over it.

    `hu` and `lungs` `[D, H, W]` in LPS; `share` `[D, W]` in [0, 1], NaN where nothing is to be said; `spacing` in mm.
    """
    size = _size(share.shape, spacing)
    grey = _grey(_enlarged(windowed(hu).mean(axis=1), size))
    weight, colour = _coloured(_enlarged(np.nan_to_num(share), size))
    mixed = grey[..., None] * (1 - weight) + colour * weight
    outline = _outline(_enlarged((lungs > 0).any(axis=1).astype(np.float32), size) > 0.5)
    mixed[outline] = 0.5 * mixed[outline] + 0.5 * np.array(OUTLINE)
    return Picture(np.ascontiguousarray(np.rint(mixed[::-1]).astype(np.uint8)))


def _size(shape: tuple[int, ...], spacing: tuple[float, ...] | None) -> tuple[int, int]:
    """Columns and rows at `PIXEL_MM`."""
    d, _, w = spacing or (PIXEL_MM,) * 3
    return max(1, round(shape[1] * w / PIXEL_MM)), max(1, round(shape[0] * d / PIXEL_MM))


def _enlarged(plane: Any, size: tuple[int, int]) -> Floats:
    return np.asarray(cv2.resize(np.asarray(plane, np.float32), size, interpolation=cv2.INTER_LINEAR), np.float32)


def _grey(plane: Floats) -> Floats:
    """Stretched so that air is black and the densest lines of sight are white; `GAMMA` keeps the lungs dark."""
    low, high = float(plane.min()), float(np.percentile(plane, BRIGHTEST))
    return np.asarray(255 * np.clip((plane - low) / max(high - low, 1e-6), 0, 1) ** GAMMA, np.float32)


def _coloured(share: Floats) -> tuple[Floats, Floats]:
    """How much colour each pixel gets, `[h, w, 1]`, and which, `[h, w, 3]`."""
    weight = np.where(share >= LEAST, WEIGHT[0] + (WEIGHT[1] - WEIGHT[0]) * share, 0)
    return np.asarray(weight[..., None], np.float32), scale_colour(share)


def scale_colour(share: Floats) -> Floats:
    """The colour of each share, RGB 0...255, between the stops of `SCALE`.

    >>> scale_colour(np.array([0.0, 1.0], np.float32)).tolist()
    [[255.0, 226.0, 120.0], [120.0, 0.0, 60.0]]
    """
    stops = [stop for stop, _ in SCALE]
    channels = [np.interp(share, stops, [colour[channel] for _, colour in SCALE]) for channel in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)


def _outline(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    whole = inside.astype(np.uint8)
    return np.asarray((whole - cv2.erode(whole, np.ones((3, 3), np.uint8))) > 0)
