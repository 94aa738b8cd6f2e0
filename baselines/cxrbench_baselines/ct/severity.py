"""Severity of a CT: the affected fraction of each lung, and the larger of the two (Goncharov et al. 2020, section 2.1).

The paper's ranking by severity is by `larger`; its identification by segmentation alone is by the same number.
"""

import numpy as np
from cxrbench.errors import DataError
from numpy.typing import NDArray

SIDES = {1: "right", 2: "left", 3: "both"}
"""Label of a lung mask to its name; 3 is for lungs of unknown side, measured as one."""


def affected_fraction(lesions: NDArray[np.bool_], lungs: NDArray[np.uint8], *, where: str = "") -> dict[str, float]:
    """Compute the fraction of each lung that is affected by lesions (section 2.1).

    All voxels have the same volume, so that counting them is enough. Lesions outside the lungs do not count.

    Args:
        lesions: Lesion mask `[D, H, W]`.
        lungs: Labels `[D, H, W]` on the same grid: 1 right, 2 left, 3 of unknown side.
        where: Name of the series for errors.

    Returns:
        Fractions in [0, 1]: "right" and "left" (or "both"), and the "larger" of them. A lung without voxels has no
        fraction and is left out.

    Raises:
        DataError: No lung has a voxel.

    Example:
        >>> lungs = np.array([[[1, 1, 0, 2]]], np.uint8)
        >>> affected_fraction(np.array([[[True, False, True, False]]]), lungs)
        {'right': 0.5, 'left': 0.0, 'larger': 0.5}
    """
    fractions = {name: float(lesions[lungs == label].mean()) for label, name in SIDES.items() if (lungs == label).any()}
    if not fractions:
        raise DataError("no lungs: the affected fraction is undefined", where, "give the lungs of this series")
    return {**fractions, "larger": max(fractions.values())}


def compute_local_severity(lesions: NDArray[np.bool_], lungs: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Compute the affected share of the lung behind each pixel of a frontal view.

    Args:
        lesions: Lesion mask `[D, H, W]`.
        lungs: Labels `[D, H, W]` on the same grid.

    Returns:
        Shares `[D, W]` in [0, 1]; NaN where there is no lung.
    """
    lung = (lungs > 0).sum(axis=1)
    affected = (lesions & (lungs > 0)).sum(axis=1)
    share = np.full(lung.shape, np.nan, np.float32)
    np.divide(affected, lung, out=share, where=lung > 0, casting="same_kind", dtype=np.float32)
    return share
