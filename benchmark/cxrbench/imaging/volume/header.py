"""Errors in a header that libraries would silently repair: orientation codes, spacing and units, checked first.

nibabel reads an unknown orientation code as 0, a spacing of 0 as 1 mm and a negative one as positive, and ignores
units; SimpleITK reads a missing spacing as 1 mm and a missing matrix as the identity.
"""

import zlib
from pathlib import Path
from typing import Any

import numpy as np

from cxrbench.errors import DataError
from cxrbench.imaging.volume.optional_reader import import_ct_library

LAST_CODE = 5
"""NIfTI's orientation codes are 0 (not set) to 5 (a template of another kind)."""
MILLIMETRES = (0, 2)
"""Codes of the unit: unknown, and mm."""
UNITS = {1: "metres", 3: "micrometres"}
SPACING_KEYS = ("ElementSpacing", "ElementSize")
MATRIX_KEYS = ("TransformMatrix", "Rotation", "Orientation")
LONGEST_HEADER = 1 << 16


def check_nifti_header(path: Path, axes: str | None) -> None:
    """Check the orientation codes, units and spacing of a NIfTI header.

    The spacing is required where it is used: with a qform, or with named `axes`. A file that is not single-file NIfTI
    passes.

    Args:
        path: The file.
        axes: Named axes, where they replace the orientation of the header.

    Raises:
        DataError: A code or unit that does not exist or is not mm, or a missing spacing.
    """
    header = _read_nifti_header(path)
    if header is None:
        return
    codes = {name: int(header[name]) for name in ("sform_code", "qform_code")}
    if axes is None and (wrong := [f"{name} {code}" for name, code in codes.items() if not 0 <= code <= LAST_CODE]):
        reason = f"{' and '.join(wrong)} is no orientation code of NIfTI (0-{LAST_CODE})"
        raise DataError(reason, str(path), "correct the header, or name the axes")
    steps = np.asarray(header["pixdim"][1:4], float)
    if (axes is not None or not codes["sform_code"]) and not (np.isfinite(steps) & (steps > 0)).all():
        raise DataError(
            f"spacing missing (pixdim {_format_steps(steps)})", str(path), "correct the header; none is assumed"
        )
    unit = int(header["xyzt_units"]) & 7
    if unit not in MILLIMETRES:
        named = UNITS.get(unit, f"code {unit}")
        raise DataError(
            f"spacing in {named}, not millimetres", str(path), "correct the header; units are not converted"
        )


def _read_nifti_header(path: Path) -> Any:
    """The header as stored; None where there is none, which the reader will report."""
    nibabel = import_ct_library("nibabel", "reading NIfTI")
    if not path.name.endswith((".nii", ".nii.gz")):
        return None
    try:
        with nibabel.openers.ImageOpener(path) as file:
            start = file.read(nibabel.Nifti2Header.sizeof_hdr)
        for kind in (nibabel.Nifti1Header, nibabel.Nifti2Header):
            if kind.may_contain_header(start):
                return kind(start[: kind.sizeof_hdr], check=False)
    except (OSError, EOFError, ValueError, zlib.error):
        return None
    return None


def _format_steps(steps: np.ndarray[Any, Any]) -> str:
    """Spacings as text."""
    return ", ".join(f"{step:g}" for step in steps)


def check_mhd_header(path: Path) -> None:
    """Check that a MetaImage header has spacing and orientation.

    Args:
        path: The `.mhd` file.

    Raises:
        DataError: Either is missing.
    """
    text = path.read_bytes()[:LONGEST_HEADER].decode("latin-1")
    keys = {line.partition("=")[0].strip() for line in text.splitlines()}
    for wanted, what in ((SPACING_KEYS, "spacing missing"), (MATRIX_KEYS, "orientation unknown")):
        if not keys & set(wanted):
            raise DataError(f"{what} (no {wanted[0]})", str(path), "correct the header; none is assumed")
