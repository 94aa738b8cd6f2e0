"""Supervisely annotations: one JSON file per image, its objects as small bitmaps placed in the image.

An object's bitmap is base64 of zlib of a PNG. The mask is the alpha channel of a PNG with four channels, else its
single channel; its upper-left corner is at `origin` (x, y). Objects of one class are united with OR. (The reference
code of Danilov et al. lets a later object overwrite the rectangle of an earlier one, and smooths the mask with an
ellipse. Neither is done here: the mask is what was drawn.)
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

from cxrbench.datasets.formats.drawn_masks import place_crop
from cxrbench.errors import DataError

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SuperviselyBitmap:
    """One object: its class, the column and row of its upper-left corner, and the packed PNG as text."""

    title: str
    left: int
    top: int
    data: str


@dataclass(frozen=True, slots=True)
class SuperviselyAnnotation:
    """What was drawn on an image of `height` x `width` pixels."""

    path: Path
    height: int
    width: int
    objects: tuple[SuperviselyBitmap, ...]

    @property
    def titles(self) -> frozenset[str]:
        """The classes that occur."""
        return frozenset(bitmap.title for bitmap in self.objects)

    def mask(self, title: str) -> Mask:
        """Draw the union of the objects of a class.

        Args:
            title: The class.

        Returns:
            bool `[height, width]`.

        Raises:
            DataError: A bitmap cannot be decoded or leaves the image.
        """
        out = np.zeros((self.height, self.width), bool)
        for bitmap in self.objects:
            if bitmap.title == title:
                place_crop(out, self._decode(bitmap), bitmap.top, bitmap.left, self.path)
        return out

    def _decode(self, bitmap: SuperviselyBitmap) -> Mask:
        try:
            with Pillow.open(io.BytesIO(zlib.decompress(base64.b64decode(bitmap.data, validate=True)))) as picture:
                pixels = np.asarray(picture)
        except (binascii.Error, zlib.error, UnidentifiedImageError, OSError) as error:
            raise DataError(f"a bitmap cannot be decoded ({error})", str(self.path), "fetch it again") from error
        if pixels.ndim == 3:
            pixels = pixels[..., 3] if pixels.shape[-1] == 4 else pixels.max(-1)
        return np.asarray(pixels > 0)


def read_supervisely_annotation(path: Path) -> SuperviselyAnnotation:
    """Parse one annotation file; its bitmaps stay packed.

    Args:
        path: The JSON file.

    Returns:
        Its objects and the size of the image.

    Raises:
        DataError: A key is missing or has another type.
    """
    try:
        raw = json.loads(path.read_text("utf-8"))
        size = raw["size"]
        bitmaps = tuple(map(_parse_bitmap, raw["objects"]))
        return SuperviselyAnnotation(path, int(size["height"]), int(size["width"]), bitmaps)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"annotation cannot be read ({type(error).__name__}: {error})"
        raise DataError(reason, str(path), "fetch the file again") from error


def _parse_bitmap(raw: dict[str, object]) -> SuperviselyBitmap:
    bitmap = raw["bitmap"]
    if not isinstance(bitmap, dict):
        raise TypeError("object without a bitmap")
    left, top = bitmap["origin"]
    return SuperviselyBitmap(str(raw["classTitle"]), int(left), int(top), str(bitmap["data"]))
