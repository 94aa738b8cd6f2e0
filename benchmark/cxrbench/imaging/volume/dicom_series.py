"""CT series in DICOM slices: which files of a folder are one, in what order, and how they become HU.

A slice is a CT Image Storage object of modality CT that is no scout view; everything else beside it (RTSTRUCT, SEG,
dose reports, files that are not DICOM) is passed over.
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
from cxrbench.imaging.volume.grid import Affine, Grid, Layout, layout
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
class Series:
    """One CT series as its headers name it, and its files in the order of their names."""

    uid: str
    study: str
    date: str
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Stack:
    """The headers of a series sorted along the normal, and the affine of `[slice, row, column]` indices."""

    slices: tuple[tuple[Path, "Dataset"], ...]
    affine: Affine


def list_series(folder: Path) -> tuple[Series, ...]:
    """Every CT series below `folder`, sorted by date, study and series; it opens each header once.

    Raises `DataError` for a multi-frame CT object and for a `.dcm` file that is not DICOM.
    """
    found: dict[tuple[str, str, str], list[Path]] = defaultdict(list)
    for path, header in _headers(folder):
        if _is_slice(path, header):
            key = tuple(str(header.get(tag, "")) for tag in ("StudyDate", "StudyInstanceUID", "SeriesInstanceUID"))
            found[key[0], key[1], key[2]].append(path)
    return tuple(Series(uid, study, date, tuple(files)) for (date, study, uid), files in sorted(found.items()))


def read_series(folder: Path, uid: str | None = None) -> Image:
    """Read the CT series below `folder` (the one named `uid` where there are several).

    Slices are sorted by position along their normal, never by name or instance number; the rescale is always applied
    and padding becomes -1024. Returns int16 HU `[D, H, W]`, -1024...3071, spacing in mm. Raises `DataError` where
    no or several series are found, slices are not axial, unevenly spaced, doubled or of differing shape, or a slice
    has no rescale or cannot be decoded.
    """
    grid, planes = series_slices(folder, uid)
    volume = np.empty(grid.shape, np.int16)
    for index, plane in enumerate(planes):
        volume[index] = plane
    return Image(volume, "ct", grid.spacing)


def series_slices(folder: Path, uid: str | None = None) -> tuple[Grid, Iterator[NDArray[np.int16]]]:
    """The series' grid, and its slices `[H, W]` as they are decoded, from feet to head: see `read_series`."""
    stack = _stack(_files(folder, uid), folder)
    turn, first = layout(stack.affine, str(folder)), stack.slices[0][1]
    grid = turn.grid((len(stack.slices), first.Rows, first.Columns), stack.affine)
    files = [path for path, _ in stack.slices]
    within = Layout(turn.order, (False, *turn.flip[1:]))
    planes = (within.view(_hounsfield(path)[None])[0] for path in (reversed(files) if turn.flip[0] else files))
    return grid, (np.ascontiguousarray(plane, np.int16) for plane in planes)


def series_grid(folder: Path, uid: str | None = None) -> Grid:
    """The canonical grid of a series, from its headers alone; raises what `read_series` raises on them."""
    stack = _stack(_files(folder, uid), folder)
    first = stack.slices[0][1]
    return layout(stack.affine, str(folder)).grid((len(stack.slices), first.Rows, first.Columns), stack.affine)


def _headers(folder: Path) -> Iterator[tuple[Path, "Dataset"]]:
    """Files below the folder that are DICOM, by name."""
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
    """Some public copies have lost the modality; the class of the object then decides."""
    kind = header.get("SOPClassUID", CT_IMAGE)
    if kind in MULTI_FRAME:
        raise DataError("multi-frame CT object", str(path), "convert it to single slices or to NIfTI")
    scout = "LOCALIZER" in (header.get("ImageType") or ())
    return kind == CT_IMAGE and (header.get("Modality") or "CT") == "CT" and not scout


def _files(folder: Path, uid: str | None) -> tuple[Path, ...]:
    series = [one for one in list_series(folder) if uid in (None, one.uid)]
    if not series:
        named = f" {uid}" if uid else ""
        raise DataError(f"no CT series{named}", str(folder), "check that the folder holds the CT slices")
    if len(series) > 1:
        raise DataError(f"{len(series)} CT series", str(folder), f"name one of {', '.join(one.uid for one in series)}")
    return series[0].files


def _stack(files: tuple[Path, ...], folder: Path) -> _Stack:
    import pydicom

    headers = [(path, pydicom.dcmread(path, stop_before_pixels=True)) for path in files]
    missing = next((path for path, one in headers if not _has_geometry(one)), None)
    if missing is not None:
        raise DataError("a slice without position, orientation or pixel spacing", str(missing), "use the original")
    _check_alike([header for _, header in headers], folder)
    normal = _normal(headers[0][1], folder)
    place = {path: float(normal @ np.asarray(one.ImagePositionPatient, float)) for path, one in headers}
    ordered = tuple(sorted(headers, key=lambda item: place[item[0]]))
    _check_steps([place[path] for path, _ in ordered], folder)
    return _Stack(ordered, _affine([one for _, one in ordered], normal, folder))


def _has_geometry(header: "Dataset") -> bool:
    tags = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns")
    return all(header.get(tag) is not None for tag in tags)


def _check_alike(headers: list["Dataset"], folder: Path) -> None:
    first = headers[0]
    for one in headers:
        turned = np.abs(np.subtract(one.ImageOrientationPatient, first.ImageOrientationPatient)).max() > 1e-3
        if turned or (one.Rows, one.Columns, one.PixelSpacing) != (first.Rows, first.Columns, first.PixelSpacing):
            raise DataError("slices differ in orientation, shape or pixel spacing", str(folder), "split the series")


def _normal(header: "Dataset", folder: Path) -> NDArray[np.float64]:
    """The slices' unit normal; axial slices only."""
    along = np.asarray(header.ImageOrientationPatient, float)
    normal = np.cross(along[:3], along[3:])
    if not abs(normal[2]) >= AXIAL:
        raise DataError("slices are not axial", str(folder), "use the axial series; a tilted one is not resampled")
    return np.asarray(normal / np.linalg.norm(normal))


def _check_steps(places: list[float], folder: Path) -> None:
    steps = np.diff(places)
    if not len(steps):
        return
    if steps.min() < STEP_TOLERANCE_MM:
        raise DataError("two slices at one position", str(folder), "split the series, or remove the doubled slices")
    if np.abs(steps - np.median(steps)).max() > STEP_TOLERANCE_MM:
        reason = f"uneven slice spacing ({steps.min():g} to {steps.max():g} mm)"
        raise DataError(reason, str(folder), "complete the series; slices are missing or of two series")


def _affine(headers: list["Dataset"], normal: NDArray[np.float64], folder: Path) -> Affine:
    """From `[slice, row, column]` indices to LPS mm; PixelSpacing is (between rows, between columns)."""
    first, last = headers[0], headers[-1]
    along = np.asarray(first.ImageOrientationPatient, float)
    origin, end = (np.asarray(one.ImagePositionPatient, float) for one in (first, last))
    affine = np.eye(4)
    affine[:3, 0] = (end - origin) / (len(headers) - 1) if len(headers) > 1 else normal * _thickness(first, folder)
    affine[:3, 1] = along[3:] * float(first.PixelSpacing[0])
    affine[:3, 2] = along[:3] * float(first.PixelSpacing[1])
    affine[:3, 3] = origin
    return affine


def _thickness(header: "Dataset", folder: Path) -> float:
    """What a single slice says of its distance to the next one."""
    step = float(header.get("SpacingBetweenSlices") or header.get("SliceThickness") or 0)
    if step <= 0:
        raise DataError("a single slice that tells no thickness", str(folder), "complete the series")
    return step


def _hounsfield(path: Path) -> NDArray[np.int16]:
    """One slice in HU, clipped; padding, as the header declares it, is -1024."""
    header, stored = _decoded(path)
    slope, intercept = header.get("RescaleSlope"), header.get("RescaleIntercept")
    if slope is None or intercept is None:
        raise DataError("a CT slice without rescale: not in HU", str(path), "use the original")
    if stored.ndim != 2:
        raise DataError(f"a slice of shape {stored.shape}", str(path), "use single-frame grey slices")
    values = np.rint(stored.astype(np.float32) * np.float32(slope) + np.float32(intercept))
    if (padding := header.get("PixelPaddingValue")) is not None:
        values[stored == padding] = HU_LOW
    return np.asarray(np.clip(values, HU_LOW, HU_HIGH), np.int16)


def _decoded(path: Path) -> tuple["Dataset", NDArray[np.generic]]:
    import pydicom

    try:
        header = pydicom.dcmread(path)
        pixels = header.pixel_array
    except (AttributeError, EOFError, KeyError, NotImplementedError, OSError, RuntimeError, ValueError) as error:
        raise DataError(f"slice cannot be decoded ({error})", str(path), "fetch it again") from error
    return header, pixels
