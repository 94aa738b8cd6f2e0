"""CT series of DICOM slices: which files of a folder form one, in what order, and how they become Hounsfield units.

A slice is a CT Image Storage object of modality CT that is not a scout view. Everything else in the folder (RTSTRUCT,
SEG, dose reports, files that are not DICOM) is ignored.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Image
from cxrbench.errors import DataError
from cxrbench.imaging.volume.grid import Affine, AxisLayout, VolumeGrid, find_layout
from cxrbench.imaging.volume.values import HU_HIGH, HU_LOW

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
MULTI_FRAME = (f"{CT_IMAGE}.1", f"{CT_IMAGE}.2")
"""SOP classes: CT Image Storage; Enhanced and Legacy Converted Enhanced CT."""
IDENTITY = ["SOPClassUID", "Modality", "ImageType", "SeriesInstanceUID", "StudyInstanceUID", "StudyDate"]
STEP_TOLERANCE_MM = 0.1
"""How far the distance of two slices may be from the median one; headers round positions to some decimals."""
AXIAL = float(np.cos(np.radians(10)))
"""The least cosine between the slices' normal and the body's axis: a tilted gantry beyond it is refused."""


@dataclass(frozen=True, slots=True)
class DicomSeries:
    """One CT series as described by its headers.

    Attributes:
        uid: SeriesInstanceUID.
        study: StudyInstanceUID.
        date: StudyDate.
        files: Its files, in the order of their names.
    """

    uid: str
    study: str
    date: str
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _SliceStack:
    """The headers of a series sorted along the normal, and the affine of `[slice, row, column]` indices."""

    slices: tuple[tuple[Path, "Dataset"], ...]
    affine: Affine


def list_series(folder: Path) -> tuple[DicomSeries, ...]:
    """List every CT series below a folder; each header is opened once.

    Args:
        folder: The folder, searched with its subfolders.

    Returns:
        The series, sorted by date, study and series.

    Raises:
        DataError: A multi-frame CT object, or a `.dcm` file that is not DICOM.
    """
    groups: dict[tuple[str, str, str], list[Path]] = defaultdict(list)
    for path, header in _read_headers(folder):
        if _is_slice(path, header):
            key = tuple(str(header.get(tag, "")) for tag in ("StudyDate", "StudyInstanceUID", "SeriesInstanceUID"))
            groups[key[0], key[1], key[2]].append(path)
    return tuple(DicomSeries(uid, study, date, tuple(files)) for (date, study, uid), files in sorted(groups.items()))


def read_series(folder: Path, uid: str | None = None) -> Image:
    """Read one CT series of DICOM slices.

    Slices are sorted by position along their normal, never by name or instance number. The rescale is always applied,
    and padding becomes -1024.

    Args:
        folder: The folder, searched with its subfolders.
        uid: SeriesInstanceUID, where the folder has several series.

    Returns:
        Int16 HU `[D, H, W]` in LPS order, -1024 to 3071, spacing in mm.

    Raises:
        DataError: No series or several; slices that are not axial, unevenly spaced, duplicate or of different shapes; a
            slice without rescale or that cannot be decoded.
    """
    grid, planes = open_series_slices(folder, uid)
    volume = np.empty(grid.shape, np.int16)
    for index, plane in enumerate(planes):
        volume[index] = plane
    return Image(volume, "ct", grid.spacing)


def open_series_slices(folder: Path, uid: str | None = None) -> tuple[VolumeGrid, Iterator[NDArray[np.int16]]]:
    """Open a CT series to be decoded slice by slice (see `read_series`).

    Args:
        folder: The folder, searched with its subfolders.
        uid: SeriesInstanceUID, where the folder has several series.

    Returns:
        The canonical grid, and the slices `[H, W]` from feet to head as they are decoded.

    Raises:
        DataError: As `read_series`; a slice that cannot be decoded raises when it is reached.
    """
    stack = _sort_slices(_find_series_files(folder, uid), folder)
    turn, first = find_layout(stack.affine, str(folder)), stack.slices[0][1]
    grid = turn.grid((len(stack.slices), first.Rows, first.Columns), stack.affine)
    files = [path for path, _ in stack.slices]
    within = AxisLayout(turn.order, (False, *turn.flip[1:]))
    planes = (within.view(_read_slice(path)[None])[0] for path in (reversed(files) if turn.flip[0] else files))
    return grid, (np.ascontiguousarray(plane, np.int16) for plane in planes)


def read_series_grid(folder: Path, uid: str | None = None) -> VolumeGrid:
    """Read the canonical grid of a series from its headers alone.

    Args:
        folder: The folder, searched with its subfolders.
        uid: SeriesInstanceUID, where the folder has several series.

    Returns:
        Shape and affine.

    Raises:
        DataError: As `read_series` for its headers.
    """
    stack = _sort_slices(_find_series_files(folder, uid), folder)
    first = stack.slices[0][1]
    return find_layout(stack.affine, str(folder)).grid((len(stack.slices), first.Rows, first.Columns), stack.affine)


def _read_headers(folder: Path) -> Iterator[tuple[Path, "Dataset"]]:
    """The DICOM files below the folder, by name."""
    import pydicom

    if not folder.is_dir():
        raise DataError("series folder not found", str(folder), "check --data")
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")):
        try:
            yield path, pydicom.dcmread(path, stop_before_pixels=True, specific_tags=IDENTITY)
        except (pydicom.errors.InvalidDicomError, EOFError, OSError) as error:
            if path.suffix.lower() == ".dcm":
                raise DataError("not a readable DICOM file", str(path), "fetch the file again") from error


def _is_slice(path: Path, header: "Dataset") -> bool:
    """Whether a file is a CT slice. Some public copies have lost the modality; then the SOP class decides."""
    kind = header.get("SOPClassUID", CT_IMAGE)
    if kind in MULTI_FRAME:
        raise DataError("multi-frame CT object", str(path), "convert it to single slices or to NIfTI")
    scout = "LOCALIZER" in (header.get("ImageType") or ())
    return kind == CT_IMAGE and (header.get("Modality") or "CT") == "CT" and not scout


def _find_series_files(folder: Path, uid: str | None) -> tuple[Path, ...]:
    series = [each for each in list_series(folder) if uid in (None, each.uid)]
    if not series:
        named = f" {uid}" if uid else ""
        raise DataError(f"no CT series{named}", str(folder), "check that the folder holds the CT slices")
    if len(series) > 1:
        raise DataError(
            f"{len(series)} CT series", str(folder), f"name one of {', '.join(each.uid for each in series)}"
        )
    return series[0].files


def _sort_slices(files: tuple[Path, ...], folder: Path) -> _SliceStack:
    import pydicom

    headers = [(path, pydicom.dcmread(path, stop_before_pixels=True)) for path in files]
    missing = next((path for path, header in headers if not _has_geometry(header)), None)
    if missing is not None:
        raise DataError("a slice without position, orientation or pixel spacing", str(missing), "use the original")
    _check_alike([header for _, header in headers], folder)
    normal = _compute_normal(headers[0][1], folder)
    position = {path: float(normal @ np.asarray(header.ImagePositionPatient, float)) for path, header in headers}
    ordered = tuple(sorted(headers, key=lambda item: position[item[0]]))
    _check_steps([position[path] for path, _ in ordered], folder)
    return _SliceStack(ordered, _make_affine([header for _, header in ordered], normal, folder))


def _has_geometry(header: "Dataset") -> bool:
    tags = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns")
    return all(header.get(tag) is not None for tag in tags)


def _check_alike(headers: list["Dataset"], folder: Path) -> None:
    first = headers[0]
    for header in headers:
        turned = np.abs(np.subtract(header.ImageOrientationPatient, first.ImageOrientationPatient)).max() > 1e-3
        if turned or (header.Rows, header.Columns, header.PixelSpacing) != (
            first.Rows,
            first.Columns,
            first.PixelSpacing,
        ):
            raise DataError("slices differ in orientation, shape or pixel spacing", str(folder), "split the series")


def _compute_normal(header: "Dataset", folder: Path) -> NDArray[np.float64]:
    """The unit normal of the slices; axial slices only."""
    along = np.asarray(header.ImageOrientationPatient, float)
    normal = np.cross(along[:3], along[3:])
    if not abs(normal[2]) >= AXIAL:
        raise DataError("slices are not axial", str(folder), "use the axial series; a tilted one is not resampled")
    return np.asarray(normal / np.linalg.norm(normal))


def _check_steps(positions: list[float], folder: Path) -> None:
    steps = np.diff(positions)
    if not len(steps):
        return
    if steps.min() < STEP_TOLERANCE_MM:
        raise DataError("two slices at one position", str(folder), "split the series, or remove the doubled slices")
    if np.abs(steps - np.median(steps)).max() > STEP_TOLERANCE_MM:
        reason = f"uneven slice spacing ({steps.min():g} to {steps.max():g} mm)"
        raise DataError(reason, str(folder), "complete the series; slices are missing or of two series")


def _make_affine(headers: list["Dataset"], normal: NDArray[np.float64], folder: Path) -> Affine:
    """The affine from `[slice, row, column]` to LPS mm; PixelSpacing is (between rows, between columns)."""
    first, last = headers[0], headers[-1]
    along = np.asarray(first.ImageOrientationPatient, float)
    origin, end = (np.asarray(header.ImagePositionPatient, float) for header in (first, last))
    affine = np.eye(4)
    affine[:3, 0] = (end - origin) / (len(headers) - 1) if len(headers) > 1 else normal * _read_thickness(first, folder)
    affine[:3, 1] = along[3:] * float(first.PixelSpacing[0])
    affine[:3, 2] = along[:3] * float(first.PixelSpacing[1])
    affine[:3, 3] = origin
    return affine


def _read_thickness(header: "Dataset", folder: Path) -> float:
    """The distance to the next slice that a single slice states."""
    step = float(header.get("SpacingBetweenSlices") or header.get("SliceThickness") or 0)
    if step <= 0:
        raise DataError("a single slice without thickness", str(folder), "complete the series")
    return step


def _read_slice(path: Path) -> NDArray[np.int16]:
    """One slice in HU, clipped; padding, as declared in the header, becomes -1024."""
    header, stored = _decode_slice(path)
    slope, intercept = header.get("RescaleSlope"), header.get("RescaleIntercept")
    if slope is None or intercept is None:
        raise DataError("a CT slice without rescale: not in HU", str(path), "use the original")
    if stored.ndim != 2:
        raise DataError(f"a slice of shape {stored.shape}", str(path), "use single-frame grey slices")
    values = np.rint(stored.astype(np.float32) * np.float32(slope) + np.float32(intercept))
    if (padding := header.get("PixelPaddingValue")) is not None:
        values[stored == padding] = HU_LOW
    return np.asarray(np.clip(values, HU_LOW, HU_HIGH), np.int16)


def _decode_slice(path: Path) -> tuple["Dataset", NDArray[np.generic]]:
    import pydicom

    try:
        header = pydicom.dcmread(path)
        pixels = header.pixel_array
    except (AttributeError, EOFError, KeyError, NotImplementedError, OSError, RuntimeError, ValueError) as error:
        raise DataError(f"slice cannot be decoded ({error})", str(path), "fetch it again") from error
    return header, pixels
