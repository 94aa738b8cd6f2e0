"""Decoding for the cache: from a radiograph's file to its small picture, as exact as the record's depth allows.

A 16-bit record is the canonical image (`read_raster` and the other readers), area-averaged. An 8-bit record of a plain
8-bit JPEG or PNG is computed faster, with the same result within 1/255: luma and average are each rounded to 8 bits.
With `draft`, JPEG files are decoded at a half, a quarter or an eighth of their size, never below the requested size.
That is faster and gives other pixels; it is never the default.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from cxrbench.case import Image
from cxrbench.imaging.cache.geometry import Geometry
from cxrbench.imaging.cache.reader import CacheSettings, Pixels
from cxrbench.imaging.radiograph.opening import apply_orientation, check_png, open_picture, read_orientation
from cxrbench.imaging.radiograph.raster import read_raster

Bytes = NDArray[np.uint8]

END_OF_IMAGE = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class ShrunkImage:
    """A resized picture.

    Attributes:
        pixels: `[height, width]`, over the full range of its type.
        geometry: Sizes before and after resizing.
        spacing: Millimetres per pixel along rows and columns; None where unknown.
    """

    pixels: Pixels
    geometry: Geometry
    spacing: tuple[float, float] | None


def shrink_radiograph(load: Callable[[], Image], settings: CacheSettings) -> ShrunkImage:
    """Decode a radiograph and resize it.

    Args:
        load: The function that decodes the image, as in `Case.load`.
        settings: Size, depth and whether drafts are allowed.

    Returns:
        The resized picture.

    Raises:
        DataError: The file is absent or cannot be decoded.
    """
    path = _find_plain_path(load)
    if path is not None and settings.depth == "uint8" and (fast := _shrink_fast(path, settings)) is not None:
        return fast
    image = load()
    rows, columns = image.pixels.shape
    geometry = Geometry.fitted(rows, columns, settings.size)
    unit = np.clip(resize_pixels(image.pixels, geometry), 0, 1)
    pixels = np.rint(unit * np.float32(np.iinfo(settings.dtype).max)).astype(settings.dtype)
    return ShrunkImage(pixels, geometry, geometry.spacing_in(image.spacing))


def resize_pixels(pixels: NDArray[Any], geometry: Geometry) -> NDArray[Any]:
    """Resize by area averaging; bilinear where the image is enlarged.

    8-bit pixels stay 8-bit, rounded. Enlarging them is done in float, since OpenCV's 8-bit weights are coarse.

    Args:
        pixels: `[rows, columns]`.
        geometry: Sizes before and after resizing.

    Returns:
        `[height, width]`, same type.
    """
    import cv2

    shape = geometry.width, geometry.height
    if geometry.height <= pixels.shape[0] and geometry.width <= pixels.shape[1]:
        return np.asarray(cv2.resize(pixels, shape, interpolation=cv2.INTER_AREA))
    grown = np.asarray(cv2.resize(pixels.astype(np.float32), shape, interpolation=cv2.INTER_LINEAR))
    return grown if pixels.dtype == np.float32 else np.rint(grown).astype(pixels.dtype)


def _find_plain_path(load: Callable[[], Image]) -> Path | None:
    """The file of a loader that does nothing but `read_raster(path)`."""
    if isinstance(load, partial) and load.func is read_raster and len(load.args) == 1 and not load.keywords:
        return Path(load.args[0])
    return None


def _shrink_fast(path: Path, settings: CacheSettings) -> ShrunkImage | None:
    """Resize in 8-bit luma; None for files that need the exact reader."""
    with open_picture(path) as (picture, data):
        luma = _decode_luma(picture, data, settings)
        if luma is None:
            return None
        upright = apply_orientation(luma, picture, data)
        swapped = read_orientation(picture, data) >= 5
        columns, rows = picture.size[::-1] if swapped else picture.size
        geometry = Geometry.fitted(rows, columns, settings.size)
        return ShrunkImage(resize_pixels(upright, geometry), geometry, None)


def _decode_luma(picture: Pillow.Image, data: bytes, settings: CacheSettings) -> Bytes | None:
    """Decode to luma, not yet rotated; None for any other format or mode."""
    if picture.format == "JPEG" and picture.mode in ("L", "RGB") and _is_complete_jpeg(data):
        return _decode_jpeg(data, _choose_reduction(picture.size, settings))
    if picture.format == "PNG" and _is_plain_png(picture, data):
        return _decode_png(data)
    return None


def _is_complete_jpeg(data: bytes) -> bool:
    """Whether a JPEG file has its end marker after the last scan. OpenCV fills up a truncated file with grey."""
    return data.endswith(END_OF_IMAGE) or data.rfind(END_OF_IMAGE) > data.rfind(b"\xff\xda")


def _choose_reduction(size: tuple[int, int], settings: CacheSettings) -> int:
    """8, 4, 2 or 1: the strongest reduction whose long side is at least the requested size."""
    steps = (8, 4, 2) if settings.draft else ()
    return next((by for by in steps if max(size) >= settings.size * by), 1)


def _decode_jpeg(data: bytes, reduction: int) -> Bytes:
    """Decode a JPEG file, not yet rotated; colour to luma by ITU-R BT.601, rounded."""
    import cv2

    flags = {
        1: cv2.IMREAD_UNCHANGED,
        2: cv2.IMREAD_REDUCED_COLOR_2 | cv2.IMREAD_IGNORE_ORIENTATION,
        4: cv2.IMREAD_REDUCED_COLOR_4 | cv2.IMREAD_IGNORE_ORIENTATION,
        8: cv2.IMREAD_REDUCED_COLOR_8 | cv2.IMREAD_IGNORE_ORIENTATION,
    }
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags[reduction])
    if pixels is None:
        raise ValueError("the JPEG data is damaged")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY) if pixels.ndim == 3 else pixels, np.uint8)


def _is_plain_png(picture: Pillow.Image, data: bytes) -> bool:
    """Whether a PNG is 8-bit grey or colour, with or without alpha, and declares no transparent colour."""
    return data[24] == 8 and picture.mode in ("L", "LA", "RGB", "RGBA") and "transparency" not in picture.info


def _decode_png(data: bytes) -> Bytes | None:
    """Decode a PNG file to luma; None where a pixel is not opaque. OpenCV accepts damaged files: checked first."""
    import cv2

    check_png(data)
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError("the PNG data is damaged")
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        return _convert_opaque(pixels)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY) if pixels.ndim == 3 else pixels, np.uint8)


def _convert_opaque(pixels: NDArray[Any]) -> Bytes | None:
    """Luma of BGRA pixels that are all opaque; else None."""
    import cv2

    if cv2.minMaxLoc(cv2.extractChannel(pixels, 3))[0] < 255:
        return None
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2GRAY), np.uint8)
