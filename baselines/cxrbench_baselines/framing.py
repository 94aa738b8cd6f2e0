"""From an image of any size to the square that a network sees, and back.

The same code prepares training and prediction. `View` is what of the image the network is shown: a box, and for
systems that look at the lungs alone the pixels to keep.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrbench_baselines.preprocessing import apply_steps
from cxrbench_baselines.recipe import InputSpec

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
NORMALISATION = {
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}
"""Mean and standard deviation per channel of each normalisation, in [0, 1]."""


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
        """All of an image.

        Args:
            shape: Its rows and columns.

        Returns:
            The view.

        Example:
            >>> View.whole((4, 3)).right
            3
        """
        return cls((shape[0], shape[1]), 0, shape[0], 0, shape[1])

    @classmethod
    def around(cls, mask: NDArray[np.bool_], *, masked: bool) -> "View":
        """The tight box around a mask; the whole image where the mask is empty.

        Args:
            mask: Mask `[H, W]`.
            masked: Whether pixels outside the mask are black.

        Returns:
            The view.

        Example:
            >>> view = View.around(np.eye(4, dtype=bool)[1:], masked=False)
            >>> view.top, view.bottom, view.left, view.right
            (0, 3, 1, 4)
        """
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if not len(rows):
            return cls.whole(mask.shape)
        keep = mask if masked else None
        shape = (mask.shape[0], mask.shape[1])
        return cls(shape, int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1, keep)

    def cut(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Cut the box out of an array.

        Args:
            pixels: Array `[H, W]`.

        Returns:
            Array `[h, w]`, a view of the same memory.
        """
        return pixels[self.top : self.bottom, self.left : self.right]


def to_square(pixels: Floats, view: View, spec: InputSpec) -> Bytes:
    """A radiograph as the network's square, preprocessed, in 256 steps.

    Args:
        pixels: Radiograph `[H, W]` in [0, 1].
        view: What of it is seen.
        spec: Size and preprocessing.

    Returns:
        Square `[S, S]`.

    Raises:
        UsageError: The recipe names an unknown preprocessing step or setting.
    """
    seen = pixels if view.keep is None else np.where(view.keep, pixels, np.float32(0))
    small = _resize(np.ascontiguousarray(view.cut(seen)), spec.size)
    return apply_steps(np.rint(np.clip(small, 0, 1) * 255).astype(np.uint8), spec.preprocessing)


def _resize(pixels: Floats, size: int) -> Floats:
    """To `[S, S]` by the mean over each pixel's area; bilinear where the image grows."""
    shrinks = min(pixels.shape) >= size
    return np.asarray(cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))


def to_square_mask(mask: Bytes, view: View, size: int) -> Bytes:
    """Labels as the network's square, by the nearest pixel.

    Args:
        mask: Labels `[H, W]`.
        view: What of the image is seen.
        size: Side of the square in pixels.

    Returns:
        Labels `[size, size]`.
    """
    cut = np.ascontiguousarray(view.cut(mask))
    return np.asarray(cv2.resize(cut, (size, size), interpolation=cv2.INTER_NEAREST_EXACT))


def from_square(values: Floats, view: View) -> Floats:
    """A map of the square back at its place in the image, bilinear; 0 outside the box.

    Args:
        values: Map `[s, s]`, of any size.
        view: What of the image the square shows.

    Returns:
        Map `[H, W]`.
    """
    shape = (view.right - view.left, view.bottom - view.top)
    full = np.zeros(view.shape, np.float32)
    view.cut(full)[:] = cv2.resize(values.astype(np.float32), shape, interpolation=cv2.INTER_LINEAR)
    return full


def normalise_square(pixels: Bytes, spec: InputSpec) -> Floats:
    """The square as the network's numbers.

    Args:
        pixels: Square `[S, S]`.
        spec: Channels and normalisation.

    Returns:
        `[C, S, S]`.
    """
    unit = np.repeat(pixels.astype(np.float32)[None] / 255, spec.channels, axis=0)
    if spec.normalise == "image":
        return np.asarray((unit - unit.mean()) / max(float(unit.std()), 1e-6), np.float32)
    mean, spread = (
        np.array(values[: spec.channels], np.float32)[:, None, None] for values in NORMALISATION[spec.normalise]
    )
    return np.asarray((unit - mean) / spread, np.float32)
