"""The generated arrays of a study, of two kinds, `cxr` and `ct`, with the hash of each."""

import hashlib
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from cxrbench.phantom.cohort import Study
from cxrbench.phantom.drr import Post
from cxrbench.phantom.radiograph import SIDE, project_radiograph
from cxrbench.phantom.space import Triple
from cxrbench.phantom.volume import SPACING, render_ct

ImageKind = Literal["cxr", "ct"]
Bytes = NDArray[np.uint8]
Arrays = Mapping[str, Bytes]
KEYS: dict[ImageKind, tuple[str, ...]] = {
    "cxr": ("pixels", "lungs", "lesions"),
    "ct": ("codes", "lungs", "lesions", "airways"),
}


def make_arrays(
    study: Study, kind: ImageKind, *, side: int = SIDE, spacing: Triple = SPACING, post: Post = "film"
) -> Arrays:
    """Generate the arrays of a study.

    Args:
        study: The study.
        kind: "cxr" for the radiograph, "ct" for the CT.
        side: Side of the radiograph in pixels.
        spacing: Spacing of the CT in mm (slices, rows, columns).
        post: "film" for a radiograph, "dlnet" for the post-processing of DLNet's synthetic radiographs (same masks).

    Returns:
        Uint8 arrays by name: of a radiograph `pixels`, `lungs` (1 right, 2 left) and `lesions`, `[side, side]`; of a CT
        `codes` (see `to_hu`), `lungs`, `lesions` (1 ground glass, 2 consolidation) and `airways`, `[D, H, W]`.
    """
    parameters = (study.chest, study.disease, study.level)
    with threadpool_limits(1):  # the matrices are small: threads of BLAS cost more than they save
        image = project_radiograph(*parameters, side, post) if kind == "cxr" else render_ct(*parameters, spacing)
    return {key: getattr(image, key) for key in KEYS[kind]}


def hash_array(array: Bytes) -> str:
    """Hash an array's bytes, slice by slice and row by row.

    Args:
        array: The array.

    Returns:
        SHA-256 in hexadecimal.
    """
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def hash_arrays(kind: ImageKind, arrays: Arrays) -> dict[str, str]:
    """Hash every array of a kind.

    Args:
        kind: "cxr" or "ct".
        arrays: The arrays by name.

    Returns:
        Hash by column of the manifest.
    """
    return {f"{kind}_{key}": hash_array(arrays[key]) for key in KEYS[kind]}
