"""What libraries would repair in a header without a word: codes, spacing and units, looked at before they do.

nibabel takes an unknown orientation code for 0, a spacing of 0 for 1 mm and a negative one for its opposite, and
passes over units; SimpleITK takes a missing spacing for 1 mm and a missing matrix for the identity.
"""

import zlib
from pathlib import Path
from typing import Any

import numpy as np

from cxrbench.errors import DataError
from cxrbench.imaging.volume.optional_reader import ct_library

LAST_CODE = 5
"""NIfTI's orientation codes are 0 (not set) to 5 (a template of another kind)."""
MILLIMETRES = (0, 2)
"""The unit's code where it is not told, and for mm."""
UNITS = {1: "metres", 3: "micrometres"}
SPACING_KEYS = ("ElementSpacing", "ElementSize")
MATRIX_KEYS = ("TransformMatrix", "Rotation", "Orientation")
LONGEST_HEADER = 1 << 16


def check_nifti_header(path: Path, axes: str | None) -> None:
    """Raise `DataError` for orientation codes and units that do not exist, and where the spacing is missing.

    The spacing is needed where it is used: with a qform, or with named `axes`. What is no single-file NIfTI passes.
    """
    header = _nifti_header(path)
    if header is None:
        return
    codes = {name: int(header[name]) for name in ("sform_code", "qform_code")}
    if axes is None and (wrong := [f"{name} {code}" for name, code in codes.items() if not 0 <= code <= LAST_CODE]):
        reason = f"{' and '.join(wrong)} is no orientation code of NIfTI (0-{LAST_CODE})"
        raise DataError(reason, str(path), "correct the header, or name the axes")
    steps = np.asarray(header["pixdim"][1:4], float)
    if (axes is not None or not codes["sform_code"]) and not (np.isfinite(steps) & (steps > 0)).all():
        raise DataError(f"spacing missing (pixdim {_told(steps)})", str(path), "correct the header; none is assumed")
    unit = int(header["xyzt_units"]) & 7
    if unit not in MILLIMETRES:
        named = UNITS.get(unit, f"code {unit}")
        raise DataError(f"spacing in {named}, not millimetres", str(path), "correct the header; nothing is converted")


def _nifti_header(path: Path) -> Any:
    """The header as it is stored; None where the file holds none, which its reader will say."""
    nibabel = ct_library("nibabel", "reading NIfTI")
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


def _told(steps: np.ndarray[Any, Any]) -> str:
    return ", ".join(f"{step:g}" for step in steps)


def check_mhd_header(path: Path) -> None:
    """Raise `DataError` where a MetaImage header has no spacing or no matrix."""
    text = path.read_bytes()[:LONGEST_HEADER].decode("latin-1")
    keys = {line.partition("=")[0].strip() for line in text.splitlines()}
    for wanted, what in ((SPACING_KEYS, "spacing missing"), (MATRIX_KEYS, "orientation unknown")):
        if not keys & set(wanted):
            raise DataError(f"{what} (no {wanted[0]})", str(path), "correct the header; none is assumed")
