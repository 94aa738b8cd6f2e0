"""Predicted masks in files: PNG and other raster files for a radiograph, NIfTI for a volume."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrbench.errors import DataError, UsageError
from cxrbench.imaging.radiograph.mask import read_mask

NIFTI = (".nii", ".nii.gz")
LPS = ("L", "P", "S")


def read_mask_file(path: Path) -> NDArray[np.generic]:
    """Read a mask that a table of predictions names.

    Args:
        path: A PNG or another raster file, or a NIfTI file.

    Returns:
        The mask: `[H, W]` of a raster file, `[D, H, W]` in LPS of a NIfTI file.

    Raises:
        DataError: Where the file is absent or unreadable.
        UsageError: Where NIfTI needs the extra `ct`.
    """
    return _read_volume(path) if path.name.endswith(NIFTI) else read_mask(path)


def _read_volume(path: Path) -> NDArray[np.generic]:
    """Voxels turned to feet to head, front to back, the patient's right to left, as canonical volumes are."""
    try:
        nib: Any = import_module("nibabel")
    except ImportError:
        raise UsageError("NIfTI masks need the extra ct", str(path), "pip install 'cxrbench[ct]'") from None
    try:
        image = nib.load(path)
        turn = nib.orientations.ornt_transform(
            nib.orientations.io_orientation(image.affine), nib.orientations.axcodes2ornt(LPS)
        )
        voxels = np.asarray(nib.orientations.apply_orientation(np.asanyarray(image.dataobj), turn))
    except (OSError, EOFError, ValueError, nib.filebasedimages.ImageFileError) as error:
        raise DataError(f"mask cannot be decoded ({error})", str(path), "write it again") from error
    return voxels.T
