"""Opening raster files with Pillow: the format from the bytes, one picture a file, failures as one `DataError`."""

import io
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from cxrbench.errors import DataError

ORIENTATION = 0x0112
BITS_PER_SAMPLE = 258
PNG_EXIF = (b"eXIf", b"Raw profile type")
"""What a PNG file holds that has EXIF: its chunk, or the text that older writers put it into."""
XMP_ORIENTATION = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')
PNG_COLOUR = (2, 4, 6)
"""PNG colour types with more than one channel: RGB, grey with alpha, RGB with alpha."""

Number = TypeVar("Number", bound=np.generic)


@contextmanager
def opened(path: Path) -> Iterator[tuple[Pillow.Image, bytes]]:
    """The picture with its header read, and the file's bytes.

    Raises `DataError` for all that fails within: a file that is absent, cut short, no image, or of several pages.
    """
    try:
        data = path.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Pillow.open(io.BytesIO(data)) as picture:
                _check_single(picture)
                yield picture, data
    except FileNotFoundError:
        raise DataError("image not found", str(path), "check --data") from None
    except UnidentifiedImageError:
        reason = "no known image format" if path.stat().st_size else "empty file"
        raise DataError(f"image cannot be decoded ({reason})", str(path), "fetch the file again") from None
    except (OSError, SyntaxError, ValueError, struct.error, Pillow.DecompressionBombError) as error:
        raise DataError(f"image cannot be decoded ({error})", str(path), "fetch the file again") from error


def _check_single(picture: Pillow.Image) -> None:
    """Several pages are refused; a camera's JPEG with a preview (MPO) counts as one picture."""
    if getattr(picture, "is_animated", False) and picture.format != "MPO":
        raise ValueError("several pages or frames")


def oriented(pixels: NDArray[Number], picture: Pillow.Image, data: bytes | None = None) -> NDArray[Number]:
    """Turn `[H, W]` pixels as the picture's EXIF orientation asks; `data` as for `orientation`."""
    turn = orientation(picture, data)
    flipped = pixels.T if turn in (5, 6, 7, 8) else pixels
    rows = slice(None, None, -1 if turn in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if turn in (2, 3, 6, 7) else 1)
    return np.ascontiguousarray(flipped[rows, columns])


def orientation(picture: Pillow.Image, data: bytes | None = None) -> int:
    """The EXIF orientation, 1-8; 1, as it lies, without EXIF and for a damaged EXIF block.

    With the file's bytes in `data`, only a PNG that has EXIF is asked, for which Pillow decodes its pixels; else XMP
    tells, read as Pillow reads it.
    """
    if data is not None and picture.format == "PNG" and not any(sign in data for sign in PNG_EXIF):
        found = XMP_ORIENTATION.search(data)
        return int(found[1]) if found else 1
    try:
        turn = picture.getexif().get(ORIENTATION, 1)
    except (OSError, SyntaxError, ValueError, struct.error):
        return 1
    return turn if isinstance(turn, int) and 1 <= turn <= 8 else 1


def has_deep_colour(picture: Pillow.Image, data: bytes) -> bool:
    """Whether the file has several channels of 16 bit, which Pillow would reduce to 8 without a word."""
    if picture.format == "PNG":
        return data[24] == 16 and data[25] in PNG_COLOUR
    bits = tiff_bits(picture)
    return len(bits) > 1 and max(bits) > 8


def tiff_bits(picture: Pillow.Image) -> tuple[int, ...]:
    """BitsPerSample of a TIFF file; nothing for other formats."""
    if picture.format != "TIFF":
        return ()
    return tuple(getattr(picture, "tag_v2", {}).get(BITS_PER_SAMPLE, (1,)))


def check_png(data: bytes) -> None:
    """Raise `ValueError` unless every chunk of a PNG file up to its end is there with its checksum."""
    start, kind = 8, b""
    while kind != b"IEND":
        size = int.from_bytes(data[start : start + 4])
        kind, stop = data[start + 4 : start + 8], start + size + 12
        if stop > len(data):
            raise ValueError("the file is cut short")
        if zlib.crc32(memoryview(data)[start + 4 : stop - 4]) != int.from_bytes(data[stop - 4 : stop]):
            raise ValueError(f"a damaged chunk, {kind!r}")
        start = stop
