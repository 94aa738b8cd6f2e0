"""The 36 tables by which Danilov et al. chose the threshold T: the error of each network at 101 thresholds.

Files: `threshold_selection/<part>/threshold_selection_<part>_<network>_<encoder>_<date>.csv`, parts train, val, test
and all, columns Threshold (fraction of a lung part, 0.00-1.00 by 0.01), MAE, MSE, RMSE, R2. The paper prints T as
0-255.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.errors import DataError

COLUMNS = ("Threshold", "MAE", "MSE")
SCALE = 255
"""The paper's unit of T: a fraction of 1 is 255."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ThresholdScan:
    """The error at each threshold `[k]`: fraction in [0, 1], mean absolute and mean squared error in score points."""

    threshold: Floats
    mae: Floats
    mse: Floats


def read_threshold_tables(root: Path) -> Mapping[tuple[str, str], ThresholdScan]:
    """Read the tables of all networks and parts.

    Args:
        root: The folder that holds `threshold_selection`.

    Returns:
        (network, part) to its table; empty where there is none.

    Raises:
        DataError: A column is missing or a table is empty.
    """
    paths = sorted(root.glob("threshold_selection/*/*.csv"))
    return {(_parse_network(path), path.parent.name): _read_scan(path) for path in paths}


def _parse_network(path: Path) -> str:
    return path.stem.removeprefix(f"threshold_selection_{path.parent.name}_").partition("_")[0]


def _read_scan(path: Path) -> ThresholdScan:
    import pandas as pd

    table = pd.read_csv(path)
    absent = sorted(set(COLUMNS) - set(table.columns))
    if absent or table.empty:
        raise DataError(f"column missing: {', '.join(absent)}", str(path), "use the official file")
    return ThresholdScan(*(table[name].to_numpy(np.float64) for name in COLUMNS))
