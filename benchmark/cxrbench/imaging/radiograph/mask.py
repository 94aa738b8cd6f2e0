"""Label masks as stored: one channel of small integers, with no colour conversion on the way."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from cxrbench.imaging.radiograph.opening import has_deep_colour, opened, oriented

__all__ = ["read_mask"]

GREY_BITS = {1: 255, 2: 85, 4: 17}
"""What Pillow multiplies grey PNG values of 1, 2 and 4 bit with."""


def read_mask(path: Path) -> NDArray[np.uint8]:
    """Decode one mask: uint8 `[H, W]`, each pixel the number that the file stores, turned as EXIF asks.

    A palette file gives its indices, not the palette's colours or their luma; 1-, 2- and 4-bit grey its values 0-1,
    0-3, 0-15. Colour whose channels are equal counts as one channel; an alpha channel that is not opaque, unequal
    channels and labels above 255 are refused, since no rule says which number is the label. Raises `DataError` then,
    and where the file is absent, damaged or no image.
    """
    with opened(path) as (picture, data):
        if has_deep_colour(picture, data):
            raise ValueError("a mask in 16-bit colour")
        bits = data[24] if picture.format == "PNG" and picture.mode in ("1", "L") else 8
        picture.load()
        labels = _one_channel(picture)
        if labels.min() < 0 or labels.max() > 255:
            raise ValueError(f"a label of {labels.max()} in a mask")
        scale = GREY_BITS.get(bits, 1) if picture.mode == "L" else 1
        return np.asarray(oriented(labels // scale, picture), np.uint8)


def _one_channel(picture: Pillow.Image) -> NDArray[np.integer]:
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
