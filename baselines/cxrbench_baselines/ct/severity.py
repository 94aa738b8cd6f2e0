"""Severity of a CT: the affected fraction of each lung, and the larger of the two (Goncharov et al. 2020, section 2.1).

The paper's ranking by severity is by `larger`; its identification by segmentation alone is by the same number.
"""

import numpy as np
from cxrbench.errors import DataError
from numpy.typing import NDArray

SIDES = {1: "right", 2: "left", 3: "both"}
"""Label of a lung mask to its name; 3 stands for lungs whose sides could not be told, measured as one."""


def affected_fraction(lesions: NDArray[np.bool_], lungs: NDArray[np.uint8], *, where: str = "") -> dict[str, float]:
    """The share of each lung that lesions take, in [0, 1]: "right" and "left" (or "both"), and "larger".

    Both arrays `[D, H, W]` on one grid; all voxels have one volume, so counting them is enough. Lesions outside the
    lungs do not count. A lung without voxels has no fraction and is left out; `DataError` where neither has any.

    >>> lungs = np.array([[[1, 1, 0, 2]]], np.uint8)
    >>> affected_fraction(np.array([[[True, False, True, False]]]), lungs)
    {'right': 0.5, 'left': 0.0, 'larger': 0.5}
    """
    found = {name: float(lesions[lungs == label].mean()) for label, name in SIDES.items() if (lungs == label).any()}
    if not found:
        raise DataError("no lungs: the affected fraction is undefined", where, "give the lungs of this series")
    return {**found, "larger": max(found.values())}


def local_severity(lesions: NDArray[np.bool_], lungs: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The share of lung behind each pixel of a frontal view that lesions take: `[D, W]`, NaN where there is no lung."""
    lung = (lungs > 0).sum(axis=1)
    ill = (lesions & (lungs > 0)).sum(axis=1)
    share = np.full(lung.shape, np.nan, np.float32)
    np.divide(ill, lung, out=share, where=lung > 0, casting="same_kind", dtype=np.float32)
    return share
