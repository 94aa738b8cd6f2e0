"""PNG, JPEG, TIFF, BMP and GIF radiographs to canonical pixels.

The conventions (docs: design, section 4): EXIF orientation applied; palette and CMYK to RGB; alpha composited over
black, a colour declared transparent included; luma by ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B); divided by the full
range of the file's type, 8 or 16 bit. The format is taken from the bytes, not from the name: public sets keep PNG
files under `.jpg` names. Pillow decodes, but for colour of 16 bit, which it would reduce to 8: there OpenCV does.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from cxrbench.case import Image
from cxrbench.imaging.radiograph.mask import read_mask
from cxrbench.imaging.radiograph.opening import check_png, has_deep_colour, opened, oriented, tiff_bits

__all__ = ["LUMA_601", "read_mask", "read_raster"]

LUMA_601 = (0.299, 0.587, 0.114)
SIXTEEN = ("I;16", "I;16B", "I;16L", "I;16N")


def read_raster(path: Path) -> Image:
    """Decode one raster file to a radiograph: float32 `[H, W]` in [0, 1].

    Raises `DataError` where the file is absent, truncated, not an image, holds several pages, or numbers without a
    full range (float, 32 bit).
    """
    with opened(path) as (picture, data):
        return Image(oriented(_grey(picture, data), picture, data))


def _grey(picture: Pillow.Image, data: bytes) -> NDArray[np.float32]:
    """Any picture to one channel in [0, 1], not yet turned."""
    if has_deep_colour(picture, data):
        return _luma(_deep_colour(picture, data), np.float32(65535))
    picture.load()
    if picture.mode in SIXTEEN or (picture.mode == "I" and picture.format == "PPM"):
        return _sixteen(picture)
    if picture.mode in ("I", "F"):
        raise ValueError(f"numbers without a full range, mode {picture.mode}")
    return _luma(np.asarray(_eight(picture)), np.float32(255))


def _deep_colour(picture: Pillow.Image, data: bytes) -> NDArray[np.generic]:
    """16-bit channels in the order R, G, B, A. OpenCV would pass a damaged file: it is checked first."""
    import cv2

    if picture.format == "PNG":
        check_png(data)
    else:
        picture.load()
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3:
        raise ValueError("this layout of 16-bit colour is not supported")
    return np.asarray(pixels[..., [2, 1, 0, 3][: pixels.shape[-1]]])


def _sixteen(picture: Pillow.Image) -> NDArray[np.float32]:
    """One channel of more than 8 bit; 12-bit TIFF has its own full range."""
    bits = max(tiff_bits(picture), default=16)
    values = np.asarray(picture).astype(np.float32)
    clear = picture.info.get("transparency")
    if isinstance(clear, int):
        values[values == clear] = 0
    return np.asarray(values / np.float32(2**bits - 1), np.float32)


def _eight(picture: Pillow.Image) -> Pillow.Image:
    """Any mode of up to 8 bit to L, LA, RGB or RGBA."""
    if picture.has_transparency_data:
        return picture if picture.mode in ("LA", "RGBA") else picture.convert("RGBA")
    return picture if picture.mode in ("L", "RGB") else picture.convert("L" if picture.mode == "1" else "RGB")


def _luma(pixels: NDArray[np.generic], full: np.float32) -> NDArray[np.float32]:
    """`[H, W]` or `[H, W, C]` in 0...full to luma in [0, 1], an alpha channel composited over black."""
    values = pixels.astype(np.float32)
    if values.ndim == 2:
        return values / full
    channels = values.shape[-1]
    alpha = values[..., -1] / full if channels in (2, 4) else np.float32(1)
    grey = values[..., :3] @ np.asarray(LUMA_601, np.float32) if channels >= 3 else values[..., 0]
    return np.asarray(np.minimum(grey / full, np.float32(1)) * alpha, np.float32)
