"""PNG, JPEG, TIFF, BMP and GIF radiographs to canonical pixels.

The conventions (docs: design, section 4): EXIF orientation applied; palette and CMYK to RGB; alpha composited over
black, including a colour declared transparent; luma by ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B); divided by the full
range of the file's type, 8 or 16 bits. The format is detected from the content, not from the name: public datasets
have PNG files named `.jpg`. Pillow decodes, except 16-bit colour, which it would reduce to 8 bits: OpenCV decodes it.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from cxrbench.case import Image
from cxrbench.imaging.radiograph.mask import read_mask
from cxrbench.imaging.radiograph.opening import (
    apply_orientation,
    check_png,
    has_deep_colour,
    open_picture,
    read_tiff_bits,
)

__all__ = ["LUMA_601", "read_mask", "read_raster"]

LUMA_601 = (0.299, 0.587, 0.114)
SIXTEEN = ("I;16", "I;16B", "I;16L", "I;16N")


def read_raster(path: Path) -> Image:
    """Decode one raster file to a radiograph.

    Args:
        path: The file.

    Returns:
        Float32 `[H, W]` in [0, 1]; no spacing.

    Raises:
        DataError: The file is absent, truncated, not an image, has several pages, or a type without a full range
            (float, 32 bits).
    """
    with open_picture(path) as (picture, data):
        return Image(apply_orientation(_to_grey(picture, data), picture, data))


def _to_grey(picture: Pillow.Image, data: bytes) -> NDArray[np.float32]:
    """Any picture to one channel in [0, 1], not yet rotated."""
    if has_deep_colour(picture, data):
        return _compute_luma(_decode_deep_colour(picture, data), np.float32(65535))
    picture.load()
    if picture.mode in SIXTEEN or (picture.mode == "I" and picture.format == "PPM"):
        return _scale_sixteen_bit(picture)
    if picture.mode in ("I", "F"):
        raise ValueError(f"numbers without a full range, mode {picture.mode}")
    return _compute_luma(np.asarray(_convert_eight_bit(picture)), np.float32(255))


def _decode_deep_colour(picture: Pillow.Image, data: bytes) -> NDArray[np.generic]:
    """16-bit channels in the order R, G, B, A. OpenCV would accept a damaged file: it is checked first."""
    import cv2

    if picture.format == "PNG":
        check_png(data)
    else:
        picture.load()
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3:
        raise ValueError("this layout of 16-bit colour is not supported")
    return np.asarray(pixels[..., [2, 1, 0, 3][: pixels.shape[-1]]])


def _scale_sixteen_bit(picture: Pillow.Image) -> NDArray[np.float32]:
    """One channel of more than 8 bits; a 12-bit TIFF has a full range of its own."""
    bits = max(read_tiff_bits(picture), default=16)
    values = np.asarray(picture).astype(np.float32)
    clear = picture.info.get("transparency")
    if isinstance(clear, int):
        values[values == clear] = 0
    return np.asarray(values / np.float32(2**bits - 1), np.float32)


def _convert_eight_bit(picture: Pillow.Image) -> Pillow.Image:
    """Any mode of up to 8 bits to L, LA, RGB or RGBA."""
    if picture.has_transparency_data:
        return picture if picture.mode in ("LA", "RGBA") else picture.convert("RGBA")
    return picture if picture.mode in ("L", "RGB") else picture.convert("L" if picture.mode == "1" else "RGB")


def _compute_luma(pixels: NDArray[np.generic], full: np.float32) -> NDArray[np.float32]:
    """`[H, W]` or `[H, W, C]` of 0 to `full` to luma in [0, 1], an alpha channel composited over black."""
    values = pixels.astype(np.float32)
    if values.ndim == 2:
        return values / full
    channels = values.shape[-1]
    alpha = values[..., -1] / full if channels in (2, 4) else np.float32(1)
    grey = values[..., :3] @ np.asarray(LUMA_601, np.float32) if channels >= 3 else values[..., 0]
    return np.asarray(np.minimum(grey / full, np.float32(1)) * alpha, np.float32)
