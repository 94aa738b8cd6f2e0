"""DICOM radiographs to canonical pixels.

The conventions (docs: design, section 4), in this order: stored codes (bits beside BitsStored masked,
PixelRepresentation 1 read as two's complement); modality LUT or rescale; divided by the full range that BitsStored
can give (a modality LUT: by that of its own bits), never by the image's own minimum and maximum; inverted once where
the file is meant to be shown inverted (MONOCHROME1, or PresentationLUTShape INVERSE, which says the same again).
No VOI window: it is a display choice, and `header` keeps it. PixelPaddingValue is a code like any other.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from cxrbench.case import Image
from cxrbench.errors import DataError
from cxrbench.imaging.radiograph.dicom_header import Header, parse_header

VOLUMES = ("CT", "MR", "PT", "NM", "US")
"""Modalities whose images are slices or sweeps, not radiographs."""

__all__ = ["Header", "header", "read_radiograph"]


def header(path: Path) -> Header:
    """What a DICOM file says beside its pixels, which are not read. Raises `DataError` where it is no DICOM file."""
    with _quiet(path):
        return parse_header(pydicom.dcmread(path, stop_before_pixels=True))


def read_radiograph(path: Path) -> Image:
    """Decode one frontal radiograph: float32 `[H, W]` in [0, 1], air dark and bone bright; spacing as the file says.

    The spacing of a film that was resized after its header was written (RSNA) is that of the original matrix: the
    adapter of such a set must drop it. Raises `DataError` for an absent, damaged or undecodable file, and for what
    is no frontal radiograph: another view, several frames, colour, a slice of a volume.
    """
    with _quiet(path):
        dataset = pydicom.dcmread(path)
        found = parse_header(dataset)
        _refuse(found, path)
        codes = _codes(_stored(dataset, found, path), found)
        return Image(_scaled(codes, dataset, found), spacing=found.spacing)


@contextmanager
def _quiet(path: Path) -> Iterator[None]:
    """Keep pydicom's remarks to itself, and tell its failures as one `DataError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except FileNotFoundError:
        raise DataError("image not found", str(path), "check --data") from None
    except InvalidDicomError:
        raise DataError("not a DICOM file", str(path), "fetch the file again") from None
    except DataError:
        raise
    except Exception as error:
        # A damaged file can fail anywhere in pydicom and its decoders, with any exception.
        reason = str(error) or type(error).__name__
        raise DataError(f"DICOM file cannot be decoded ({reason})", str(path), "fetch the file again") from error


def _refuse(found: Header, path: Path) -> None:
    """Raise for what is not one frontal radiograph, with the reason."""
    reason = None
    if found.modality in VOLUMES:
        reason = f"modality {found.modality}"
    elif found.frames > 1:
        reason = f"{found.frames} frames"
    elif found.samples > 1 or not found.photometric.startswith("MONOCHROME"):
        reason = f"a colour capture ({found.photometric})"
    elif not found.frontal:
        reason = f"view {found.view}"
    if reason:
        raise DataError(f"not a frontal radiograph: {reason}", str(path), "leave it out")


def _stored(dataset: FileDataset, found: Header, path: Path) -> NDArray[np.integer]:
    """The stored array `[rows, columns]` as the decoder gives it; pydicom's own masking would ignore HighBit."""
    if "PixelData" not in dataset:
        raise DataError("no pixel data; the file is truncated or holds no image", str(path), "fetch the file again")
    syntax = UID(found.transfer_syntax)
    if syntax.is_encapsulated and not get_decoder(syntax).is_available:
        raise _no_decoder(syntax, path)
    return np.asarray(pixel_array(dataset, correct_unused_bits=False))


def _no_decoder(syntax: UID, path: Path) -> DataError:
    """Name the transfer syntax, and the package that would decode it."""
    name = f"no decoder for {syntax.name} ({syntax})"
    jpeg = syntax.startswith("1.2.840.10008.1.2.4.")
    fix = "install pylibjpeg-libjpeg (GPL-3.0)" if jpeg else "convert the file to Explicit VR Little Endian"
    return DataError(name, str(path), fix)


def _codes(stored: NDArray[np.integer], found: Header) -> NDArray[np.integer]:
    """The codes that BitsStored bits up to HighBit spell; all other bits are dropped."""
    shift = max(found.high_bit + 1 - found.bits_stored, 0)
    unsigned = stored.view(f"u{stored.dtype.itemsize}") >> shift
    codes = np.asarray(unsigned & ((1 << found.bits_stored) - 1))
    if not found.signed:
        return codes
    sign = 1 << (found.bits_stored - 1)
    return np.asarray((codes.astype(np.int32) ^ sign) - sign)


def _scaled(codes: NDArray[np.integer], dataset: Dataset, found: Header) -> NDArray[np.float32]:
    """Modality LUT, then [0, 1] by the full range, then the inversion."""
    unit = _looked_up(codes, dataset) if "ModalityLUTSequence" in dataset else _rescaled(codes, found)
    return np.asarray(1 - unit if found.inverted else unit, np.float32)


def _looked_up(codes: NDArray[np.integer], dataset: Dataset) -> NDArray[np.float32]:
    """Through the first modality LUT, divided by the range of the LUT's own bits; codes beside it take its ends.

    Not by pydicom, which knows LUT entries of 8 and 16 bit only.
    """
    item = dataset.ModalityLUTSequence[0]
    count, first, bits = (int(number) for number in item.LUTDescriptor)
    count, raw = count or 1 << 16, item.LUTData
    width = "u1" if isinstance(raw, bytes) and len(raw) < 2 * count else "<u2"
    table = np.frombuffer(raw, width)[:count] if isinstance(raw, bytes) else np.asarray(raw)
    places = np.clip(codes.astype(np.int32) - first, 0, count - 1)
    return np.asarray(table[places] / np.float32((1 << bits) - 1), np.float32)


def _rescaled(codes: NDArray[np.integer], found: Header) -> NDArray[np.float32]:
    """A linear rescale cancels against the range that it spans; of it only the sign of the slope is left."""
    if found.rescale[0] == 0:
        raise ValueError("RescaleSlope is 0")
    least = -(1 << (found.bits_stored - 1)) if found.signed else 0
    unit = (codes.astype(np.float32) - np.float32(least)) / np.float32((1 << found.bits_stored) - 1)
    return np.asarray(1 - unit if found.rescale[0] < 0 else unit, np.float32)
