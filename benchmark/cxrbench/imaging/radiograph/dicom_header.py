"""What a DICOM header says of a radiograph, read leniently: what cannot be understood is None, never a guess."""

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
class Header:
    """A DICOM file beside its pixels.

    `windows`: every VOI window as (centre, width), in units after the modality LUT; `voi_lut`: whether a VOI LUT
    stands in the file, which beats the windows on a display. `spacing`: mm along rows and columns, from PixelSpacing,
    else from ImagerPixelSpacing (on the detector), as `spacing_source` tells. `age` in years; None for blank, unknown
    and more than 120. `rescale`: slope and intercept, 1 and 0 where the file has none. `inverted`: whether low codes
    are meant to be shown bright.
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
    def window_center(self) -> float | None:
        """Centre of the first VOI window."""
        return self.windows[0][0] if self.windows else None

    @property
    def window_width(self) -> float | None:
        """Width of the first VOI window."""
        return self.windows[0][1] if self.windows else None

    @property
    def frontal(self) -> bool:
        """Whether the view is frontal, or not told."""
        return self.view is None or not NOT_FRONTAL.search(self.view)


def parse_header(dataset: Dataset) -> Header:
    """The fields of a data set that pydicom has read."""
    stored = _integer(dataset, "BitsStored", _integer(dataset, "BitsAllocated", 16))
    spacing, source = _spacing(dataset)
    photometric = _text(dataset, "PhotometricInterpretation")
    return Header(
        patient_id=_text(dataset, "PatientID"),
        age=parse_age(_text(dataset, "PatientAge")),
        sex=_text(dataset, "PatientSex").upper() or None,
        view=_view(dataset),
        modality=_text(dataset, "Modality").upper(),
        photometric=photometric,
        inverted=photometric == "MONOCHROME1" or _text(dataset, "PresentationLUTShape") == "INVERSE",
        rows=_integer(dataset, "Rows", 0),
        columns=_integer(dataset, "Columns", 0),
        frames=_integer(dataset, "NumberOfFrames", 1),
        samples=_integer(dataset, "SamplesPerPixel", 1),
        bits_allocated=_integer(dataset, "BitsAllocated", 16),
        bits_stored=stored,
        high_bit=_integer(dataset, "HighBit", stored - 1),
        signed=_integer(dataset, "PixelRepresentation", 0) == 1,
        spacing=spacing,
        spacing_source=source,
        rescale=((*_numbers(dataset, "RescaleSlope"), 1.0)[0], (*_numbers(dataset, "RescaleIntercept"), 0.0)[0]),
        windows=tuple(zip(_numbers(dataset, "WindowCenter"), _numbers(dataset, "WindowWidth"), strict=False)),
        voi_lut="VOILUTSequence" in dataset,
        transfer_syntax=_syntax(dataset),
    )


def parse_age(text: str) -> float | None:
    """PatientAge in years: `067Y`, `67`, `006M`, `03W`, `010D`; None for blank, unreadable and above 120 (`155`).

    >>> parse_age("067Y"), parse_age("67"), parse_age("006M"), parse_age("155"), parse_age("")
    (67.0, 67.0, 0.5, None, None)
    """
    found = AGE.match(text.strip().upper())
    if found is None:
        return None
    years = int(found[1]) * UNIT_IN_YEARS[found[2]]
    return years if years <= OLDEST else None


def _text(dataset: Dataset, keyword: str) -> str:
    """An element as stripped text; absent, empty or unreadable is the empty text."""
    try:
        value = dataset.get(keyword)
    except (ValueError, TypeError, AttributeError):
        return ""
    return "" if value is None else str(value).strip()


def _integer(dataset: Dataset, keyword: str, default: int) -> int:
    try:
        return int(_text(dataset, keyword) or default)
    except ValueError:
        return default


def _numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """One or several decimal numbers; an element that is not made of numbers counts as absent."""
    try:
        value = dataset.get(keyword)
        if value is None or value == "":
            return ()
        several = isinstance(value, Sequence) and not isinstance(value, str)
        return tuple(float(one) for one in (value if several else [value]))
    except (ValueError, TypeError, AttributeError):
        return ()


def _spacing(dataset: Dataset) -> tuple[tuple[float, float] | None, str | None]:
    for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
        numbers = _numbers(dataset, keyword)
        if len(numbers) == 2 and min(numbers) > 0:
            return (numbers[0], numbers[1]), keyword
    return None, None


def _view(dataset: Dataset) -> str | None:
    """ViewPosition in capitals; where it is blank, the meaning of the first ViewCodeSequence item."""
    view = _text(dataset, "ViewPosition")
    if not view and dataset.get("ViewCodeSequence"):
        view = _text(dataset["ViewCodeSequence"].value[0], "CodeMeaning")
    return view.upper() or None


def _syntax(dataset: Dataset) -> str:
    meta = getattr(dataset, "file_meta", None)
    return str(meta.get("TransferSyntaxUID", "")) if meta is not None else ""
