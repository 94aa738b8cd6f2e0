"""Supervisely annotations: one JSON file an image, its objects as small bitmaps placed in the image.

An object's bitmap is base64 of zlib of a PNG; the mask is its alpha channel where it has four channels, else its
plane, and it lies with its upper-left corner at `origin` (x, y). Objects of one class are united with OR. (The
reference code of Danilov et al. lets a later object overwrite an earlier one's rectangle, and smooths the mask
with an ellipse; neither is done here: the mask is what was drawn.)
"""

import base64
import binascii
import io
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from cxrbench.errors import DataError

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Bitmap:
    """One object: its class, the column and row of its upper-left corner, and the packed PNG as text."""

    title: str
    left: int
    top: int
    data: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """What was drawn on an image of `height` x `width` pixels."""

    path: Path
    height: int
    width: int
    objects: tuple[Bitmap, ...]

    @property
    def titles(self) -> frozenset[str]:
        """The classes that occur."""
        return frozenset(one.title for one in self.objects)

    def mask(self, title: str) -> Mask:
        """The union of a class's objects, bool `[height, width]`; raises `DataError` for a bitmap that does not fit."""
        out = np.zeros((self.height, self.width), bool)
        for one in self.objects:
            if one.title == title:
                drawn = self._decoded(one)
                rows, columns = drawn.shape
                place = out[one.top : one.top + rows, one.left : one.left + columns]
                if min(one.left, one.top) < 0 or place.shape != drawn.shape:
                    raise DataError(f"an object of class {title} leaves the image", str(self.path), "fetch it again")
                place |= drawn
        return out

    def _decoded(self, one: Bitmap) -> Mask:
        try:
            with Pillow.open(io.BytesIO(zlib.decompress(base64.b64decode(one.data, validate=True)))) as picture:
                pixels = np.asarray(picture)
        except (binascii.Error, zlib.error, UnidentifiedImageError, OSError) as error:
            raise DataError(f"a bitmap cannot be decoded ({error})", str(self.path), "fetch it again") from error
        if pixels.ndim == 3:
            pixels = pixels[..., 3] if pixels.shape[-1] == 4 else pixels.max(-1)
        return np.asarray(pixels > 0)


def read_annotation(path: Path) -> Annotation:
    """Parse one annotation file, bitmaps still packed. Raises `DataError` where a key is missing or of another kind."""
    try:
        raw = json.loads(path.read_text("utf-8"))
        size = raw["size"]
        return Annotation(path, int(size["height"]), int(size["width"]), tuple(map(_bitmap, raw["objects"])))
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"annotation cannot be read ({type(error).__name__}: {error})"
        raise DataError(reason, str(path), "fetch the file again") from error


def _bitmap(raw: dict[str, object]) -> Bitmap:
    bitmap = raw["bitmap"]
    if not isinstance(bitmap, dict):
        raise TypeError("object without a bitmap")
    left, top = bitmap["origin"]
    return Bitmap(str(raw["classTitle"]), int(left), int(top), str(bitmap["data"]))
