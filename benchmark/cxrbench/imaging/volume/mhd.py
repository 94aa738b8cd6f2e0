"""MetaImage volumes (`.mhd` with `.raw` or `.zraw`) through SimpleITK, in the canonical orientation."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cxrbench.case import Image
from cxrbench.errors import DataError
from cxrbench.imaging.volume.grid import Affine, Grid, layout
from cxrbench.imaging.volume.header import check_mhd_header
from cxrbench.imaging.volume.nifti import Stored
from cxrbench.imaging.volume.optional_reader import ct_library
from cxrbench.imaging.volume.values import hounsfield


def read_mhd(path: Path) -> Image:
    """Read a CT volume: int16 HU `[D, H, W]`, -1024...3071, spacing in mm; the TransformMatrix is honoured.

    Raises `DataError` where the header or its data file is absent, truncated or not three-dimensional, or the
    header has no spacing or no matrix, and
    `CxrbenchError` where SimpleITK (extra `ct`) is not installed.
    """
    stored = read_stored_mhd(path)
    return Image(hounsfield(stored.values, 1.0, 0.0, str(path)), "ct", stored.grid.spacing)


def mhd_grid(path: Path) -> Grid:
    """The canonical grid of a MetaImage, from its header alone."""
    reader = _reader(path)
    affine = _affine(reader, path)
    return layout(affine, str(path)).grid(tuple(reader.GetSize()), affine)


def read_stored_mhd(path: Path) -> Stored:
    """Decode the voxels in the file's own type."""
    reader = _reader(path)
    affine = _affine(reader, path)
    picture = _run(reader.Execute, path)
    voxels = ct_library("SimpleITK", "reading MetaImage").GetArrayViewFromImage(picture).transpose()
    turn = layout(affine, str(path))
    return Stored(turn.view(voxels), 1.0, 0.0, turn.grid(voxels.shape, affine), owner=picture)


def _reader(path: Path) -> Any:
    """A reader that has read the header."""
    library = ct_library("SimpleITK", "reading MetaImage (.mhd)")
    if not path.is_file():
        raise DataError("volume not found", str(path), "check --data")
    check_mhd_header(path)
    reader = library.ImageFileReader()
    reader.SetImageIO("MetaImageIO")
    reader.SetFileName(str(path))
    _run(reader.ReadImageInformation, path)
    return reader


def _run(step: Callable[[], Any], path: Path) -> Any:
    """SimpleITK reports everything as `RuntimeError`, over many lines; the last says what happened."""
    try:
        return step()
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise DataError(f"volume cannot be decoded ({reason})", str(path), "fetch both files again") from error


def _affine(reader: Any, path: Path) -> Affine:
    if reader.GetDimension() != 3 or reader.GetNumberOfComponents() != 1:
        raise DataError("not one scalar 3-D volume", str(path), "use the official file")
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(reader.GetDirection(), (3, 3)) * np.asarray(reader.GetSpacing())
    affine[:3, 3] = reader.GetOrigin()
    return affine
