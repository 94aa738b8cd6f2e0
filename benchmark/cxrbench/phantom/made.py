"""What is made of a study: its arrays in two kinds, `cxr` and `ct`, with the hash of each."""

import hashlib
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from cxrbench.phantom.cohort import Study
from cxrbench.phantom.drr import Post
from cxrbench.phantom.radiograph import SIDE, radiograph
from cxrbench.phantom.space import Triple
from cxrbench.phantom.volume import SPACING, scan

Kind = Literal["cxr", "ct"]
Bytes = NDArray[np.uint8]
Arrays = Mapping[str, Bytes]
KEYS: dict[Kind, tuple[str, ...]] = {
    "cxr": ("pixels", "lungs", "lesions"),
    "ct": ("codes", "lungs", "lesions", "airways"),
}


def make(study: Study, kind: Kind, *, side: int = SIDE, spacing: Triple = SPACING, post: Post = "film") -> Arrays:
    """The arrays of a study, all uint8: a radiograph of `side` x `side` pixels, or a CT of the given spacing (mm).

    `post="dlnet"` shows the radiograph as DLNet's paper post-processes its synthetic ones; masks stay the same.
    """
    told = (study.chest, study.disease, study.level)
    with threadpool_limits(1):  # the matrices are small: threads of BLAS cost more than they save
        found = radiograph(*told, side, post) if kind == "cxr" else scan(*told, spacing)
    return {key: getattr(found, key) for key in KEYS[kind]}


def sha256(array: Bytes) -> str:
    """SHA-256 of an array's bytes, slice by slice and row by row."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def hashes(kind: Kind, arrays: Arrays) -> dict[str, str]:
    """Column of the manifest to hash."""
    return {f"{kind}_{key}": sha256(arrays[key]) for key in KEYS[kind]}
