"""The fields of a DICOM header that matter for a radiograph. What cannot be parsed is None, never a guess."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

NOT_FRONTAL = re.compile(r"^(LL|RL|LLD|RLD|LLO|RLO|LAO|RAO|LPO|RPO|L|LAT)$|LATERAL|OBLIQUE|DECUB")
"""Views that are not frontal: lateral, oblique, decubitus. A blank or unknown view counts as frontal."""

AGE = re.compile(r"^(\d{1,3})\s*([YMWD]?)$")
UNIT_IN_YEARS = {"": 1.0, "Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}
OLDEST = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomHeader:
    """The header of a DICOM radiograph.

    Attributes:
        patient_id: PatientID.
        age: Age in years; None where blank, unreadable or above 120.
        sex: PatientSex in capitals.
        view: ViewPosition, or the meaning of the view code, in capitals.
        modality: Modality in capitals.
        photometric: PhotometricInterpretation.
        inverted: Whether low codes are to be displayed bright.
        rows: Height in pixels.
        columns: Width in pixels.
        frames: Number of frames.
        samples: Number of channels.
        bits_allocated: BitsAllocated.
        bits_stored: BitsStored.
        high_bit: HighBit.
        signed: Whether codes are signed.
        spacing: Millimetres along rows and columns, from PixelSpacing, else from ImagerPixelSpacing (on the detector).
        spacing_source: Which of the two it is from.
        rescale: Slope and intercept; 1 and 0 where the file has none.
        windows: Every VOI window as (centre, width), in units after the modality LUT.
        voi_lut: Whether the file has a VOI LUT, which takes precedence over the windows on a display.
        transfer_syntax: UID of the transfer syntax.
    """

    patient_id: str
    age: float | None
    sex: str | None
    view: str | None
    modality: str
    photometric: str
    inverted: bool
    rows: int
    columns: int
    frames: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    spacing: tuple[float, float] | None
    spacing_source: str | None
    rescale: tuple[float, float]
    windows: tuple[tuple[float, float], ...]
    voi_lut: bool
    transfer_syntax: str

    @property
    def frontal(self) -> bool:
        """Whether the view is frontal or not stated."""
        return self.view is None or not NOT_FRONTAL.search(self.view)


def parse_header(dataset: Dataset) -> DicomHeader:
    """Parse the fields of a data set that pydicom has read.

    Args:
        dataset: The data set, with or without pixels.

    Returns:
        The header.
    """
    stored = _read_integer(dataset, "BitsStored", _read_integer(dataset, "BitsAllocated", 16))
    spacing, source = _read_spacing(dataset)
    photometric = _read_text(dataset, "PhotometricInterpretation")
    return DicomHeader(
        patient_id=_read_text(dataset, "PatientID"),
        age=parse_age(_read_text(dataset, "PatientAge")),
        sex=_read_text(dataset, "PatientSex").upper() or None,
        view=_read_view(dataset),
        modality=_read_text(dataset, "Modality").upper(),
        photometric=photometric,
        inverted=photometric == "MONOCHROME1" or _read_text(dataset, "PresentationLUTShape") == "INVERSE",
        rows=_read_integer(dataset, "Rows", 0),
        columns=_read_integer(dataset, "Columns", 0),
        frames=_read_integer(dataset, "NumberOfFrames", 1),
        samples=_read_integer(dataset, "SamplesPerPixel", 1),
        bits_allocated=_read_integer(dataset, "BitsAllocated", 16),
        bits_stored=stored,
        high_bit=_read_integer(dataset, "HighBit", stored - 1),
        signed=_read_integer(dataset, "PixelRepresentation", 0) == 1,
        spacing=spacing,
        spacing_source=source,
        rescale=(
            (*_read_numbers(dataset, "RescaleSlope"), 1.0)[0],
            (*_read_numbers(dataset, "RescaleIntercept"), 0.0)[0],
        ),
        windows=tuple(zip(_read_numbers(dataset, "WindowCenter"), _read_numbers(dataset, "WindowWidth"), strict=False)),
        voi_lut="VOILUTSequence" in dataset,
        transfer_syntax=_read_transfer_syntax(dataset),
    )


def parse_age(text: str) -> float | None:
    """Parse PatientAge: `067Y`, `67`, `006M`, `03W`, `010D`.

    Args:
        text: The value of the element.

    Returns:
        The age in years; None for a blank, unreadable or impossible value (above 120, such as `155`).

    Example:
        >>> parse_age("067Y"), parse_age("67"), parse_age("006M"), parse_age("155"), parse_age("")
        (67.0, 67.0, 0.5, None, None)
    """
    match = AGE.match(text.strip().upper())
    if match is None:
        return None
    years = int(match[1]) * UNIT_IN_YEARS[match[2]]
    return years if years <= OLDEST else None


def _read_text(dataset: Dataset, keyword: str) -> str:
    """An element as stripped text; empty where it is absent, empty or unreadable."""
    try:
        value = dataset.get(keyword)
    except (ValueError, TypeError, AttributeError):
        return ""
    return "" if value is None else str(value).strip()


def _read_integer(dataset: Dataset, keyword: str, default: int) -> int:
    try:
        return int(_read_text(dataset, keyword) or default)
    except ValueError:
        return default


def _read_numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """One or several decimal numbers; an element with anything else counts as absent."""
    try:
        value = dataset.get(keyword)
        if value is None or value == "":
            return ()
        several = isinstance(value, Sequence) and not isinstance(value, str)
        return tuple(float(number) for number in (value if several else [value]))
    except (ValueError, TypeError, AttributeError):
        return ()


def _read_spacing(dataset: Dataset) -> tuple[tuple[float, float] | None, str | None]:
    for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
        numbers = _read_numbers(dataset, keyword)
        if len(numbers) == 2 and min(numbers) > 0:
            return (numbers[0], numbers[1]), keyword
    return None, None


def _read_view(dataset: Dataset) -> str | None:
    """ViewPosition in capitals; where it is blank, the meaning of the first item of ViewCodeSequence."""
    view = _read_text(dataset, "ViewPosition")
    if not view and dataset.get("ViewCodeSequence"):
        view = _read_text(dataset["ViewCodeSequence"].value[0], "CodeMeaning")
    return view.upper() or None


def _read_transfer_syntax(dataset: Dataset) -> str:
    meta = getattr(dataset, "file_meta", None)
    return str(meta.get("TransferSyntaxUID", "")) if meta is not None else ""
