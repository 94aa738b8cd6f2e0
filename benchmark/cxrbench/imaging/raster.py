"""PNG, JPEG, TIFF and BMP radiographs to canonical pixels.

The conventions (docs: design, section 4): EXIF orientation applied; palette and CMYK to RGB; alpha composited over
black; luma by ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B); divided by the full range of the file's type.
The format is taken from the bytes, not from the name: public sets keep PNG files under `.jpg` names.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from cxrbench.case import Image
from cxrbench.errors import DataError

LUMA_601 = (0.299, 0.587, 0.114)


def read_raster(path: Path) -> Image:
    """Decode one raster file to a radiograph: float32 `[H, W]` in [0, 1].

    Raises `DataError` where the file is absent, truncated or not an image.
    """
    try:
        with Pillow.open(path) as opened:
            opened.load()
            return Image(_grey(ImageOps.exif_transpose(opened)))
    except FileNotFoundError:
        raise DataError("image not found", str(path), "check --data") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Pillow.DecompressionBombError) as error:
        raise DataError(f"image cannot be decoded ({error})", str(path), "fetch the file again") from error


def _grey(picture: Pillow.Image) -> NDArray[np.float32]:
    """Any Pillow mode to one channel in [0, 1]."""
    if picture.mode in ("I;16", "I;16B", "I;16L", "I"):
        return np.asarray(picture).astype(np.float32) / np.float32(65535)
    if picture.mode == "1":
        return np.asarray(picture).astype(np.float32)
    if picture.mode in ("P", "PA", "CMYK", "YCbCr", "HSV", "LAB"):
        picture = picture.convert("RGBA" if "transparency" in picture.info or picture.mode == "PA" else "RGB")
    return _over_black(picture) / np.float32(255)


def _over_black(picture: Pillow.Image) -> NDArray[np.float32]:
    """Luma in 0...255, an alpha channel composited over black."""
    pixels = np.asarray(picture).astype(np.float32)
    if pixels.ndim == 2:
        return pixels
    alpha = pixels[..., -1] / np.float32(255) if picture.mode in ("RGBA", "LA") else np.float32(1)
    colour = pixels[..., :3] if pixels.shape[-1] >= 3 else pixels[..., :1]
    weights = np.asarray(LUMA_601 if colour.shape[-1] == 3 else (1.0,), np.float32)
    return np.asarray(np.minimum(colour @ weights, np.float32(255)) * alpha, np.float32)
