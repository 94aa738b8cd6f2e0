"""Label masks as stored: one channel of small integers, without any colour conversion."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from cxrbench.imaging.radiograph.opening import apply_orientation, has_deep_colour, open_picture

__all__ = ["read_mask"]

GREY_BITS = {1: 255, 2: 85, 4: 17}
"""What Pillow multiplies grey PNG values of 1, 2 and 4 bit with."""


def read_mask(path: Path) -> NDArray[np.uint8]:
    """Decode one mask.

    A palette file gives its indices, not the colours or their luma; grey of 1, 2 or 4 bits gives 0-1, 0-3 or 0-15.
    Colour whose channels are equal counts as one channel. An alpha channel that is not opaque, unequal channels and
    labels above 255 are refused, since it is undefined which number is the label.

    Args:
        path: The file.

    Returns:
        Uint8 `[H, W]`: the stored number of each pixel, rotated according to EXIF.

    Raises:
        DataError: The file is absent, damaged, not an image, or not one channel of labels 0-255.
    """
    with open_picture(path) as (picture, data):
        if has_deep_colour(picture, data):
            raise ValueError("a mask in 16-bit colour")
        bits = data[24] if picture.format == "PNG" and picture.mode in ("1", "L") else 8
        picture.load()
        labels = _extract_labels(picture)
        if labels.min() < 0 or labels.max() > 255:
            raise ValueError(f"a label of {labels.max()} in a mask")
        scale = GREY_BITS.get(bits, 1) if picture.mode == "L" else 1
        return np.asarray(apply_orientation(labels // scale, picture), np.uint8)


def _extract_labels(picture: Pillow.Image) -> NDArray[np.integer]:
    """The stored numbers `[H, W]`."""
    if picture.mode == "PA":
        raise ValueError("a mask with a transparent palette")
    if picture.mode not in ("1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16", "I;16B", "I;16L"):
        raise ValueError(f"a mask of mode {picture.mode}")
    pixels = np.asarray(picture)
    if pixels.ndim == 2:
        return pixels.astype(np.int32)
    if picture.mode in ("LA", "RGBA") and (pixels[..., -1] != 255).any():
        raise ValueError("a mask with transparency")
    labels = pixels[..., 0]
    if picture.mode in ("RGB", "RGBA") and (pixels[..., :3] != labels[..., None]).any():
        raise ValueError("a mask in colour")
    return labels.astype(np.int32)
