"""Decoding for the cache: one radiograph to its small picture, as exact as the record's depth.

A record of 16 bit is the canonical image (`read_raster` and its like), area-averaged. A record of 8 bit of a plain
8-bit JPEG or PNG takes a shorter road to the same numbers within 1/255: colour to luma and the average are each
rounded to 8 bit. With `draft`, JPEG files are decoded at a half, a quarter or an eighth of their size, never below
the size asked for: quicker, other pixels, never the default.
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
from cxrbench.imaging.radiograph.opening import check_png, opened, orientation, oriented
from cxrbench.imaging.radiograph.raster import read_raster

Bytes = NDArray[np.uint8]

END_OF_IMAGE = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class Small:
    """A picture `[height, width]` over the full range of its type, how it came about, and its own spacing in mm."""

    pixels: Pixels
    geometry: Geometry
    spacing: tuple[float, float] | None


def shrink(load: Callable[[], Image], settings: CacheSettings) -> Small:
    """Decode with `load` and resize. Raises `DataError` where the file is absent or cannot be decoded."""
    path = _plain_path(load)
    if path is not None and settings.depth == "uint8" and (quick := _quick(path, settings)) is not None:
        return quick
    image = load()
    rows, columns = image.pixels.shape
    geometry = Geometry.fitted(rows, columns, settings.size)
    unit = np.clip(resized(image.pixels, geometry), 0, 1)
    pixels = np.rint(unit * np.float32(np.iinfo(settings.dtype).max)).astype(settings.dtype)
    return Small(pixels, geometry, geometry.spacing_in(image.spacing))


def resized(pixels: NDArray[Any], geometry: Geometry) -> NDArray[Any]:
    """`[rows, columns]` to `[height, width]`: the mean over each pixel's area; bilinear where the image grows.

    Bytes stay bytes, rounded; growing ones take a detour by float, since OpenCV's weights for bytes are coarse.
    """
    import cv2

    shape = geometry.width, geometry.height
    if geometry.height <= pixels.shape[0] and geometry.width <= pixels.shape[1]:
        return np.asarray(cv2.resize(pixels, shape, interpolation=cv2.INTER_AREA))
    grown = np.asarray(cv2.resize(pixels.astype(np.float32), shape, interpolation=cv2.INTER_LINEAR))
    return grown if pixels.dtype == np.float32 else np.rint(grown).astype(pixels.dtype)


def _plain_path(load: Callable[[], Image]) -> Path | None:
    """The file of a loader that does nothing but `read_raster(path)`."""
    if isinstance(load, partial) and load.func is read_raster and len(load.args) == 1 and not load.keywords:
        return Path(load.args[0])
    return None


def _quick(path: Path, settings: CacheSettings) -> Small | None:
    """Through luma of 8 bit; None for files that need the exact reader."""
    with opened(path) as (picture, data):
        luma = _luma(picture, data, settings)
        if luma is None:
            return None
        upright = oriented(luma, picture, data)
        swapped = orientation(picture, data) >= 5
        columns, rows = picture.size[::-1] if swapped else picture.size
        geometry = Geometry.fitted(rows, columns, settings.size)
        return Small(resized(upright, geometry), geometry, None)


def _luma(picture: Pillow.Image, data: bytes, settings: CacheSettings) -> Bytes | None:
    """Decoded as it lies; None for what is not plain."""
    if picture.format == "JPEG" and picture.mode in ("L", "RGB") and _complete(data):
        return _jpeg(data, _reduction(picture.size, settings))
    if picture.format == "PNG" and _plain_png(picture, data):
        return _png(data)
    return None


def _complete(data: bytes) -> bool:
    """Whether a JPEG file has its end marker after the last scan; OpenCV fills the rest of a cut file with grey."""
    return data.endswith(END_OF_IMAGE) or data.rfind(END_OF_IMAGE) > data.rfind(b"\xff\xda")


def _reduction(size: tuple[int, int], settings: CacheSettings) -> int:
    """8, 4, 2 or 1: the strongest reduction that leaves the long side at least the size asked for."""
    steps = (8, 4, 2) if settings.draft else ()
    return next((by for by in steps if max(size) >= settings.size * by), 1)


def _jpeg(data: bytes, reduction: int) -> Bytes:
    """Decode as it lies; colour to luma by BT.601, rounded."""
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


def _plain_png(picture: Pillow.Image, data: bytes) -> bool:
    """8-bit grey or colour, with an alpha channel or without, and no colour declared transparent."""
    return data[24] == 8 and picture.mode in ("L", "LA", "RGB", "RGBA") and "transparency" not in picture.info


def _png(data: bytes) -> Bytes | None:
    """Decode as it lies, colour to luma; None where a pixel is not opaque. Checked first: OpenCV passes damage."""
    import cv2

    check_png(data)
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError("the PNG data is damaged")
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        return _opaque(pixels)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY) if pixels.ndim == 3 else pixels, np.uint8)


def _opaque(pixels: NDArray[Any]) -> Bytes | None:
    """Luma of BGRA pixels that are all opaque; else None."""
    import cv2

    if cv2.minMaxLoc(cv2.extractChannel(pixels, 3))[0] < 255:
        return None
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2GRAY), np.uint8)
