"""From an image of any size to the square that a network sees, and back.

The same code prepares training and prediction. `View` is what of the image the network is shown: a box, and for
systems that look at nothing but lungs the pixels to keep.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrbench_baselines.preprocessing import prepared
from cxrbench_baselines.recipe import Input

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
NUMBERS = {
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}
"""Mean and standard deviation a channel that a normalisation takes, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class View:
    """Rows `top...bottom` and columns `left...right` of an image of `shape`; `keep` `[H, W]` is True where pixels stay.

    Pixels outside `keep` are black.
    """

    shape: tuple[int, int]
    top: int
    bottom: int
    left: int
    right: int
    keep: NDArray[np.bool_] | None = None

    @classmethod
    def whole(cls, shape: Sequence[int]) -> "View":
        """All of an image."""
        return cls((shape[0], shape[1]), 0, shape[0], 0, shape[1])

    @classmethod
    def around(cls, mask: NDArray[np.bool_], *, masked: bool) -> "View":
        """The tight box around a mask `[H, W]`; the whole image where it is empty."""
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if not len(rows):
            return cls.whole(mask.shape)
        keep = mask if masked else None
        shape = (mask.shape[0], mask.shape[1])
        return cls(shape, int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1, keep)

    def cut(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """The box out of `[H, W]`."""
        return pixels[self.top : self.bottom, self.left : self.right]


def square(pixels: Floats, view: View, given: Input) -> Bytes:
    """A radiograph `[H, W]` in [0, 1] as the network's square `[S, S]`, preprocessed, in 256 steps."""
    seen = pixels if view.keep is None else np.where(view.keep, pixels, np.float32(0))
    small = _resized(np.ascontiguousarray(view.cut(seen)), given.size)
    return prepared(np.rint(np.clip(small, 0, 1) * 255).astype(np.uint8), given.preprocessing)


def _resized(pixels: Floats, size: int) -> Floats:
    """To `[S, S]` by the mean over each pixel's area; bilinear where the image grows."""
    shrinks = min(pixels.shape) >= size
    return np.asarray(cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))


def square_mask(mask: Bytes, view: View, size: int) -> Bytes:
    """Labels `[H, W]` as the square `[S, S]`, by the nearest pixel."""
    cut = np.ascontiguousarray(view.cut(mask))
    return np.asarray(cv2.resize(cut, (size, size), interpolation=cv2.INTER_NEAREST_EXACT))


def unsquare(values: Floats, view: View) -> Floats:
    """A map `[s, s]` of the square back at its place in the image `[H, W]`, bilinear; 0 outside the box."""
    shape = (view.right - view.left, view.bottom - view.top)
    full = np.zeros(view.shape, np.float32)
    view.cut(full)[:] = cv2.resize(values.astype(np.float32), shape, interpolation=cv2.INTER_LINEAR)
    return full


def normalised(pixels: Bytes, given: Input) -> Floats:
    """The square `[S, S]` as the network's numbers `[C, S, S]`."""
    unit = np.repeat(pixels.astype(np.float32)[None] / 255, given.channels, axis=0)
    if given.normalise == "image":
        return np.asarray((unit - unit.mean()) / max(float(unit.std()), 1e-6), np.float32)
    mean, spread = (np.array(one[: given.channels], np.float32)[:, None, None] for one in NUMBERS[given.normalise])
    return np.asarray((unit - mean) / spread, np.float32)
