"""NIfTI volumes (`.nii`, `.nii.gz`) through nibabel, in canonical orientation."""

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cxrbench.case import Image
from cxrbench.errors import DataError
from cxrbench.imaging.volume.grid import Affine, VolumeGrid, find_layout, flip_axes, make_affine
from cxrbench.imaging.volume.header import check_nifti_header
from cxrbench.imaging.volume.optional_reader import import_ct_library
from cxrbench.imaging.volume.values import Array, convert_to_hounsfield

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, slots=True)
class StoredVolume:
    """A volume as stored in its file, viewed along the canonical axes.

    Attributes:
        values: `[D, H, W]` in the file's own type.
        slope: Factor from stored to scaled values.
        intercept: Offset from stored to scaled values.
        grid: The canonical grid.
        owner: The object that owns the memory of `values`; keep this record for as long as they are used.
    """

    values: Array
    slope: float
    intercept: float
    grid: VolumeGrid
    owner: object = None


def read_nifti(
    path: Path,
    *,
    grey_range: tuple[float, float] | None = None,
    axes: str | None = None,
    flip: tuple[str, ...] = (),
) -> Image:
    """Read a CT volume from a NIfTI file.

    The orientation is the sform where its code is set, else the qform.

    Args:
        path: The file.
        grey_range: HU of 0 and of 255 for an 8-bit picture (see `convert_to_hounsfield`).
        axes: The patient sides towards which the stored axes run, such as "PLI"; for sources without orientation.
        flip: Canonical axes (of "D", "H", "W") that a source's headers are known to have reversed.

    Returns:
        Int16 HU `[D, H, W]` in LPS order, -1024 to 3071, spacing in mm.

    Raises:
        DataError: Sform and qform disagree in axes or handedness, or neither is set; a code does not exist; the spacing
            is missing or not in mm; the volume is not three-dimensional; the voxels are not HU.
        CxrbenchError: nibabel (extra `ct`) is not installed.
    """
    stored = read_stored_nifti(path, axes=axes)
    values = flip_axes(stored.values, flip)
    pixels = convert_to_hounsfield(values, stored.slope, stored.intercept, str(path), grey_range)
    return Image(pixels, "ct", stored.grid.spacing)


def read_nifti_grid(path: Path, *, axes: str | None = None) -> VolumeGrid:
    """Read the canonical grid of a NIfTI file, from its header alone.

    Args:
        path: The file.
        axes: As in `read_nifti`.

    Returns:
        Shape and affine.

    Raises:
        DataError: As `read_nifti` for the header.
    """
    picture = _open_nifti(path, axes)
    affine = _read_lps_affine(picture, path, axes)
    return find_layout(affine, str(path)).grid(_read_shape(picture, path), affine)


def read_stored_nifti(path: Path, *, axes: str | None = None) -> StoredVolume:
    """Decode the voxels in the file's own type (memory-mapped where the file is not compressed).

    Args:
        path: The file.
        axes: As in `read_nifti`.

    Returns:
        The values along canonical axes, their scale and the grid.

    Raises:
        DataError: As `read_nifti`, except for the values.
    """
    picture = _open_nifti(path, axes)
    shape, affine = _read_shape(picture, path), _read_lps_affine(picture, path, axes)
    turn = find_layout(affine, str(path))
    try:
        values = np.asanyarray(picture.dataobj.get_unscaled()).reshape(shape)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(f"volume cannot be decoded ({error})", str(path), "fetch the file again") from error
    proxy = picture.dataobj
    return StoredVolume(turn.view(values), float(proxy.slope), float(proxy.inter), turn.grid(shape, affine))


def _open_nifti(path: Path, axes: str | None) -> Any:
    nibabel = import_ct_library("nibabel", "reading NIfTI")
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


def _read_shape(picture: Any, path: Path) -> tuple[int, int, int]:
    """Three dimensions; trailing dimensions of length 1 are dropped."""
    shape = tuple(int(length) for length in picture.shape)
    if len(shape) < 3 or any(length != 1 for length in shape[3:]):
        raise DataError(f"the volume has {len(shape)} dimensions {shape}", str(path), "use a file with one 3-D volume")
    return shape[0], shape[1], shape[2]


def _read_lps_affine(picture: Any, path: Path, axes: str | None) -> Affine:
    """The affine from stored indices to LPS mm."""
    if axes is not None:
        return make_affine(axes, picture.header.get_zooms()[:3])
    sform, qform = picture.get_sform(coded=True)[0], _read_qform(picture, path)
    if sform is not None and qform is not None:
        _check_forms_agree(sform, qform, path)
    chosen = qform if sform is None else sform
    if chosen is None:
        raise DataError("neither sform nor qform is set: orientation unknown", str(path), "name the axes")
    return np.asarray(RAS_TO_LPS @ chosen, np.float64)


def _read_qform(picture: Any, path: Path) -> Affine | None:
    nibabel = import_ct_library("nibabel", "reading NIfTI")
    try:
        qform: Affine | None = picture.get_qform(coded=True)[0]
    except (nibabel.spatialimages.HeaderDataError, ValueError) as error:
        raise DataError(f"the qform cannot be read ({error})", str(path), "fetch the file again") from error
    return qform


def _check_forms_agree(sform: Affine, qform: Affine, path: Path) -> None:
    """Sform and qform must agree in axes and handedness; origins and small angles may differ (the sform is used)."""
    where = str(path)
    handed = np.sign(np.linalg.det(sform[:3, :3])) == np.sign(np.linalg.det(qform[:3, :3]))
    if find_layout(sform, where) != find_layout(qform, where) or not handed:
        raise DataError("sform and qform disagree in axes or handedness", where, "correct the header; it is not used")
