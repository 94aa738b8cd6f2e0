"""Opening raster files with Pillow: format from the content, one picture per file, failures as one `DataError`."""

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
"""Signs of EXIF in a PNG file: its chunk, or the text chunk of older writers."""
XMP_ORIENTATION = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')
PNG_COLOUR = (2, 4, 6)
"""PNG colour types with more than one channel: RGB, grey with alpha, RGB with alpha."""

Number = TypeVar("Number", bound=np.generic)


@contextmanager
def open_picture(path: Path) -> Iterator[tuple[Pillow.Image, bytes]]:
    """Open a raster file; a context manager.

    Args:
        path: The file.

    Yields:
        The picture with its header read, and the file's bytes.

    Raises:
        DataError: For every failure within: the file is absent, truncated, not an image, or has several pages.
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
    """Refuse several pages; a camera's JPEG with a preview (MPO) counts as one picture."""
    if getattr(picture, "is_animated", False) and picture.format != "MPO":
        raise ValueError("several pages or frames")


def apply_orientation(pixels: NDArray[Number], picture: Pillow.Image, data: bytes | None = None) -> NDArray[Number]:
    """Rotate and flip pixels according to EXIF.

    Args:
        pixels: `[H, W]` as stored.
        picture: The opened picture.
        data: The file's bytes (see `read_orientation`).

    Returns:
        The upright pixels, C-contiguous.
    """
    turn = read_orientation(picture, data)
    flipped = pixels.T if turn in (5, 6, 7, 8) else pixels
    rows = slice(None, None, -1 if turn in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if turn in (2, 3, 6, 7) else 1)
    return np.ascontiguousarray(flipped[rows, columns])


def read_orientation(picture: Pillow.Image, data: bytes | None = None) -> int:
    """Read the EXIF orientation.

    Args:
        picture: The opened picture.
        data: The file's bytes. With them, EXIF of a PNG is read only where the file has any, since Pillow decodes the
            pixels to find it; otherwise the XMP orientation is used, as Pillow does.

    Returns:
        1-8; 1 (as stored) without EXIF and for a damaged EXIF block.
    """
    if data is not None and picture.format == "PNG" and not any(sign in data for sign in PNG_EXIF):
        match = XMP_ORIENTATION.search(data)
        return int(match[1]) if match else 1
    try:
        turn = picture.getexif().get(ORIENTATION, 1)
    except (OSError, SyntaxError, ValueError, struct.error):
        return 1
    return turn if isinstance(turn, int) and 1 <= turn <= 8 else 1


def has_deep_colour(picture: Pillow.Image, data: bytes) -> bool:
    """Whether a file has several 16-bit channels, which Pillow would silently reduce to 8 bits.

    Args:
        picture: The opened picture.
        data: The file's bytes.

    Returns:
        True for 16-bit colour, or grey with alpha, in PNG and TIFF.
    """
    if picture.format == "PNG":
        return data[24] == 16 and data[25] in PNG_COLOUR
    bits = read_tiff_bits(picture)
    return len(bits) > 1 and max(bits) > 8


def read_tiff_bits(picture: Pillow.Image) -> tuple[int, ...]:
    """Read BitsPerSample of a TIFF file.

    Args:
        picture: The opened picture.

    Returns:
        Bits of each channel; empty for other formats.
    """
    if picture.format != "TIFF":
        return ()
    return tuple(getattr(picture, "tag_v2", {}).get(BITS_PER_SAMPLE, (1,)))


def check_png(data: bytes) -> None:
    """Check that every chunk of a PNG file is present with its checksum.

    Args:
        data: The file's bytes.

    Raises:
        ValueError: The file is truncated or a chunk is damaged.
    """
    start, kind = 8, b""
    while kind != b"IEND":
        size = int.from_bytes(data[start : start + 4])
        kind, stop = data[start + 4 : start + 8], start + size + 12
        if stop > len(data):
            raise ValueError("the file is truncated")
        if zlib.crc32(memoryview(data)[start + 4 : stop - 4]) != int.from_bytes(data[stop - 4 : stop]):
            raise ValueError(f"a damaged chunk, {kind!r}")
        start = stop
