"""NIfTI volumes (`.nii`, `.nii.gz`) through nibabel, in the canonical orientation."""

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cxrbench.case import Image
from cxrbench.errors import DataError
from cxrbench.imaging.volume.grid import Affine, Grid, affine_along, layout, turned
from cxrbench.imaging.volume.header import check_nifti_header
from cxrbench.imaging.volume.optional_reader import ct_library
from cxrbench.imaging.volume.values import Array, hounsfield

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, slots=True)
class Stored:
    """A volume as its file holds it, seen along the canonical axes: values, their scale, and the grid.

    `owner` holds the memory that `values` look into, where an array does not hold it itself: keep this record for as
    long as they are used.
    """

    values: Array
    slope: float
    intercept: float
    grid: Grid
    owner: object = None


def read_nifti(
    path: Path,
    *,
    grey_range: tuple[float, float] | None = None,
    axes: str | None = None,
    flip: tuple[str, ...] = (),
) -> Image:
    """Read a CT volume: int16 HU `[D, H, W]`, -1024...3071, spacing in mm in the same order.

    Orientation is the sform where its code is set, else the qform. `axes` (such as "PLI": the sides towards which
    the stored axes run) replaces it for sources whose headers say nothing; `flip` (of "D", "H", "W") reverses
    canonical axes that a source's headers are known to have the wrong way round. `grey_range`: see `hounsfield`.
    Raises `DataError` where sform and qform disagree in axes or handedness, neither is set, a code is none, the
    spacing is missing or not in mm, the volume is not three-dimensional, or the voxels are not HU.
    """
    stored = read_stored(path, axes=axes)
    values = turned(stored.values, flip)
    pixels = hounsfield(values, stored.slope, stored.intercept, str(path), grey_range)
    return Image(pixels, "ct", stored.grid.spacing)


def nifti_grid(path: Path, *, axes: str | None = None) -> Grid:
    """The canonical grid of a NIfTI file, from its header alone."""
    picture = _open(path, axes)
    affine = _lps_affine(picture, path, axes)
    return layout(affine, str(path)).grid(_shape(picture, path), affine)


def read_stored(path: Path, *, axes: str | None = None) -> Stored:
    """Decode the voxels in the file's own type (memory-mapped where the file is not compressed)."""
    picture = _open(path, axes)
    shape, affine = _shape(picture, path), _lps_affine(picture, path, axes)
    turn = layout(affine, str(path))
    try:
        values = np.asanyarray(picture.dataobj.get_unscaled()).reshape(shape)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(f"volume cannot be decoded ({error})", str(path), "fetch the file again") from error
    proxy = picture.dataobj
    return Stored(turn.view(values), float(proxy.slope), float(proxy.inter), turn.grid(shape, affine))


def _open(path: Path, axes: str | None) -> Any:
    nibabel = ct_library("nibabel", "reading NIfTI")
    if not path.is_file():
        raise DataError("volume not found", str(path), "check --data")
    check_nifti_header(path, axes)
    broken = (nibabel.filebasedimages.ImageFileError, nibabel.spatialimages.HeaderDataError)
    try:
        picture = nibabel.load(path)
    except (*broken, OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(f"not a readable volume ({error})", str(path), "fetch the file again") from error
    if not isinstance(picture, nibabel.Nifti1Pair):
        raise DataError("not a NIfTI file", str(path), "convert it to NIfTI")
    return picture


def _shape(picture: Any, path: Path) -> tuple[int, int, int]:
    """Three dimensions; trailing ones of length 1 are dropped."""
    shape = tuple(int(length) for length in picture.shape)
    if len(shape) < 3 or any(length != 1 for length in shape[3:]):
        raise DataError(f"the volume has {len(shape)} dimensions {shape}", str(path), "use a file with one 3-D volume")
    return shape[0], shape[1], shape[2]


def _lps_affine(picture: Any, path: Path, axes: str | None) -> Affine:
    """From stored indices to LPS mm."""
    if axes is not None:
        return affine_along(axes, picture.header.get_zooms()[:3])
    sform, qform = picture.get_sform(coded=True)[0], _qform(picture, path)
    if sform is not None and qform is not None:
        _check_agree(sform, qform, path)
    chosen = qform if sform is None else sform
    if chosen is None:
        raise DataError("neither sform nor qform is set: orientation unknown", str(path), "name the axes")
    return np.asarray(RAS_TO_LPS @ chosen, np.float64)


def _qform(picture: Any, path: Path) -> Affine | None:
    nibabel = ct_library("nibabel", "reading NIfTI")
    try:
        qform: Affine | None = picture.get_qform(coded=True)[0]
    except (nibabel.spatialimages.HeaderDataError, ValueError) as error:
        raise DataError(f"the qform cannot be read ({error})", str(path), "fetch the file again") from error
    return qform


def _check_agree(sform: Affine, qform: Affine, path: Path) -> None:
    """Same axes and same handedness; origins and small angles may differ, and the sform counts."""
    where = str(path)
    handed = np.sign(np.linalg.det(sform[:3, :3])) == np.sign(np.linalg.det(qform[:3, :3]))
    if layout(sform, where) != layout(qform, where) or not handed:
        raise DataError("sform and qform disagree in axes or handedness", where, "correct the header; it is not used")
