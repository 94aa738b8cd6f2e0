"""DICOM radiographs to canonical pixels.

The conventions (docs: design, section 4), in this order: stored codes (bits outside BitsStored masked,
PixelRepresentation 1 read as two's complement); modality LUT or rescale; divided by the full range of BitsStored (with
a modality LUT: of its own bits), never by the image's own minimum and maximum; inverted once where the file is to be
displayed inverted (MONOCHROME1, or PresentationLUTShape INVERSE, which states the same again). No VOI window is
applied: it is a display choice, and `read_header` keeps it. PixelPaddingValue is treated as any other code.
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
from cxrbench.imaging.radiograph.dicom_header import DicomHeader, parse_header

VOLUMES = ("CT", "MR", "PT", "NM", "US")
"""Modalities whose images are slices or sweeps, not radiographs."""

__all__ = ["DicomHeader", "read_header", "read_radiograph"]


def read_header(path: Path) -> DicomHeader:
    """Read the header of a DICOM file, not its pixels.

    Args:
        path: The file.

    Returns:
        The fields that matter for a radiograph.

    Raises:
        DataError: The file is absent or not DICOM.
    """
    with _convert_errors(path):
        return parse_header(pydicom.dcmread(path, stop_before_pixels=True))


def read_radiograph(path: Path) -> Image:
    """Decode one frontal radiograph.

    Where an image was resized after its header was written (RSNA), the spacing in the header is that of the original
    matrix; the adapter of such a dataset must discard it.

    Args:
        path: The file.

    Returns:
        Float32 `[H, W]` in [0, 1], air dark and bone bright, with the spacing of the header in mm.

    Raises:
        DataError: The file is absent, damaged or cannot be decoded, or it is not one frontal radiograph: another view,
            several frames, colour, a slice of a volume.
    """
    with _convert_errors(path):
        dataset = pydicom.dcmread(path)
        header = parse_header(dataset)
        _check_frontal(header, path)
        codes = _extract_codes(_decode_stored(dataset, header, path), header)
        return Image(_scale_codes(codes, dataset, header), spacing=header.spacing)


@contextmanager
def _convert_errors(path: Path) -> Iterator[None]:
    """Suppress pydicom's warnings, and convert its failures to `DataError`."""
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


def _check_frontal(header: DicomHeader, path: Path) -> None:
    """Raise `DataError` with the reason where the file is not one frontal radiograph."""
    reason = None
    if header.modality in VOLUMES:
        reason = f"modality {header.modality}"
    elif header.frames > 1:
        reason = f"{header.frames} frames"
    elif header.samples > 1 or not header.photometric.startswith("MONOCHROME"):
        reason = f"a colour capture ({header.photometric})"
    elif not header.frontal:
        reason = f"view {header.view}"
    if reason:
        raise DataError(f"not a frontal radiograph: {reason}", str(path), "leave it out")


def _decode_stored(dataset: FileDataset, header: DicomHeader, path: Path) -> NDArray[np.integer]:
    """The stored array `[rows, columns]` from the decoder; pydicom's own masking would ignore HighBit."""
    if "PixelData" not in dataset:
        raise DataError("no pixel data; the file is truncated or holds no image", str(path), "fetch the file again")
    syntax = UID(header.transfer_syntax)
    if syntax.is_encapsulated and not get_decoder(syntax).is_available:
        raise _make_decoder_error(syntax, path)
    return np.asarray(pixel_array(dataset, correct_unused_bits=False))


def _make_decoder_error(syntax: UID, path: Path) -> DataError:
    """Name the transfer syntax, and a package that decodes it."""
    name = f"no decoder for {syntax.name} ({syntax})"
    jpeg = syntax.startswith("1.2.840.10008.1.2.4.")
    fix = "install pylibjpeg-libjpeg (GPL-3.0)" if jpeg else "convert the file to Explicit VR Little Endian"
    return DataError(name, str(path), fix)


def _extract_codes(stored: NDArray[np.integer], header: DicomHeader) -> NDArray[np.integer]:
    """The codes in the BitsStored bits up to HighBit; all other bits are dropped."""
    shift = max(header.high_bit + 1 - header.bits_stored, 0)
    unsigned = stored.view(f"u{stored.dtype.itemsize}") >> shift
    codes = np.asarray(unsigned & ((1 << header.bits_stored) - 1))
    if not header.signed:
        return codes
    sign = 1 << (header.bits_stored - 1)
    return np.asarray((codes.astype(np.int32) ^ sign) - sign)


def _scale_codes(codes: NDArray[np.integer], dataset: Dataset, header: DicomHeader) -> NDArray[np.float32]:
    """Apply the modality LUT or rescale, scale to [0, 1] by the full range, then invert if needed."""
    unit = _apply_modality_lut(codes, dataset) if "ModalityLUTSequence" in dataset else _apply_rescale(codes, header)
    return np.asarray(1 - unit if header.inverted else unit, np.float32)


def _apply_modality_lut(codes: NDArray[np.integer], dataset: Dataset) -> NDArray[np.float32]:
    """Apply the first modality LUT and divide by the range of its bits; codes outside it take its end values.

    Not by pydicom, which supports LUT entries of 8 and 16 bits only.
    """
    item = dataset.ModalityLUTSequence[0]
    count, first, bits = (int(number) for number in item.LUTDescriptor)
    count, raw = count or 1 << 16, item.LUTData
    width = "u1" if isinstance(raw, bytes) and len(raw) < 2 * count else "<u2"
    table = np.frombuffer(raw, width)[:count] if isinstance(raw, bytes) else np.asarray(raw)
    places = np.clip(codes.astype(np.int32) - first, 0, count - 1)
    return np.asarray(table[places] / np.float32((1 << bits) - 1), np.float32)


def _apply_rescale(codes: NDArray[np.integer], header: DicomHeader) -> NDArray[np.float32]:
    """A linear rescale cancels against the range that it spans; only the sign of its slope has an effect."""
    if header.rescale[0] == 0:
        raise ValueError("RescaleSlope is 0")
    least = -(1 << (header.bits_stored - 1)) if header.signed else 0
    unit = (codes.astype(np.float32) - np.float32(least)) / np.float32((1 << header.bits_stored) - 1)
    return np.asarray(1 - unit if header.rescale[0] < 0 else unit, np.float32)
