"""MetaImage volumes (`.mhd` with `.raw` or `.zraw`) through SimpleITK, in canonical orientation."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cxrbench.case import Image
from cxrbench.errors import DataError
from cxrbench.imaging.volume.grid import Affine, VolumeGrid, find_layout
from cxrbench.imaging.volume.header import check_mhd_header
from cxrbench.imaging.volume.nifti import StoredVolume
from cxrbench.imaging.volume.optional_reader import import_ct_library
from cxrbench.imaging.volume.values import convert_to_hounsfield


def read_mhd(path: Path) -> Image:
    """Read a CT volume; the TransformMatrix is applied.

    Args:
        path: The `.mhd` file.

    Returns:
        Int16 HU `[D, H, W]` in LPS order, -1024 to 3071, spacing in mm.

    Raises:
        DataError: Header or data file is absent, truncated or not three-dimensional, or the header has no spacing or no
            matrix.
        CxrbenchError: SimpleITK (extra `ct`) is not installed.
    """
    stored = read_stored_mhd(path)
    return Image(convert_to_hounsfield(stored.values, 1.0, 0.0, str(path)), "ct", stored.grid.spacing)


def read_mhd_grid(path: Path) -> VolumeGrid:
    """Read the canonical grid of a MetaImage file, from its header alone.

    Args:
        path: The `.mhd` file.

    Returns:
        Shape and affine.

    Raises:
        DataError: As `read_mhd`.
    """
    reader = _open_reader(path)
    affine = _read_affine(reader, path)
    return find_layout(affine, str(path)).grid(tuple(reader.GetSize()), affine)


def read_stored_mhd(path: Path) -> StoredVolume:
    """Decode the voxels in the file's own type.

    Args:
        path: The `.mhd` file.

    Returns:
        The values along canonical axes, and the grid.

    Raises:
        DataError: As `read_mhd`.
    """
    reader = _open_reader(path)
    affine = _read_affine(reader, path)
    picture = _run_step(reader.Execute, path)
    voxels = import_ct_library("SimpleITK", "reading MetaImage").GetArrayViewFromImage(picture).transpose()
    turn = find_layout(affine, str(path))
    return StoredVolume(turn.view(voxels), 1.0, 0.0, turn.grid(voxels.shape, affine), owner=picture)


def _open_reader(path: Path) -> Any:
    """A SimpleITK reader that has read the header."""
    library = import_ct_library("SimpleITK", "reading MetaImage (.mhd)")
    if not path.is_file():
        raise DataError("volume not found", str(path), "check --data")
    check_mhd_header(path)
    reader = library.ImageFileReader()
    reader.SetImageIO("MetaImageIO")
    reader.SetFileName(str(path))
    _run_step(reader.ReadImageInformation, path)
    return reader


def _run_step(step: Callable[[], Any], path: Path) -> Any:
    """Run a step of SimpleITK, which reports everything as `RuntimeError` over many lines; the last has the reason."""
    try:
        return step()
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise DataError(f"volume cannot be decoded ({reason})", str(path), "fetch both files again") from error


def _read_affine(reader: Any, path: Path) -> Affine:
    """The affine from stored indices to LPS mm."""
    if reader.GetDimension() != 3 or reader.GetNumberOfComponents() != 1:
        raise DataError("not one scalar 3-D volume", str(path), "use the official file")
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(reader.GetDirection(), (3, 3)) * np.asarray(reader.GetSpacing())
    affine[:3, 3] = reader.GetOrigin()
    return affine
