"""The per-image predictions that Danilov et al. published: nine networks, BS-Net and COVID-Net.

Files beside metadata.csv: `model_outputs/<network>_<encoder>_<date>.csv` (1,320 rows each, the films that pass the
paper's filter), `bsnet.csv` and `covid_net.csv` (all 1,364).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cxrbench.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

PARTS = tuple(f"lung_segment_{k}" for k in range(1, 7))
"""Share of disease in a third of a lung: 1-3 the image-left lung, bottom to top, 4-6 the image-right lung."""
NETWORK = ("Dataset", "Filename", "Our", *PARTS, "Score R", "Score D", "GT", "Subset", "Label")
BSNET = (
    *("dataset", "filename", "subset", "label", "predicted_score"),
    *(f"raw_score_{row}{column}{level}" for row in range(3) for column in range(2) for level in range(4)),
)
COVID_NET = (
    *("dataset", "filename", "subset", "label", "raw_geo_score", "scaled_geo_score", "rounded_geo_score"),
    *("raw_opc_score", "scaled_opc_score", "rounded_opc_score"),
)


@dataclass(frozen=True, slots=True)
class Published:
    """One system's table: indexed by case id (`<dataset>/<file>`), the file's own columns and `zone_severity`.

    `zone_severity` (0-6) is the column that the paper compares: a network's `Our`, BS-Net's `predicted_score` (zones
    whose most probable class is above 0), COVID-Net's `rounded_geo_score`.
    """

    system: str
    file: Path
    table: "pd.DataFrame"

    def missing(self, cases: Sequence[str]) -> tuple[str, ...]:
        """Which of these cases the table does not predict, in their order."""
        here = set(self.table.index)
        return tuple(case for case in cases if case not in here)


def published_predictions(root: Path) -> Mapping[str, Published]:
    """System name (`MAnet`, `Unet++`, `bsnet`, `covid_net` ...) to its table; `root` holds metadata.csv.

    Systems whose file is absent are left out. Raises `DataError` where a file misses a column or predicts a case
    twice, or where there is no file at all.
    """
    found = [_read(path, NETWORK, "Our") for path in sorted((root / "model_outputs").glob("*.csv"))]
    for name, columns, score in (("bsnet", BSNET, "predicted_score"), ("covid_net", COVID_NET, "rounded_geo_score")):
        if (root / f"{name}.csv").is_file():
            found.append(_read(root / f"{name}.csv", columns, score))
    if not found:
        raise DataError("no published predictions", str(root), "expected model_outputs/*.csv, bsnet.csv, covid_net.csv")
    return {one.system: one for one in found}


def _read(path: Path, columns: Sequence[str], score: str) -> Published:
    import pandas as pd

    table = pd.read_csv(path)
    absent = sorted(set(columns) - set(table.columns))
    if absent:
        raise DataError(f"column missing: {', '.join(absent)}", str(path), "use the official file")
    table.index = pd.Index(table[columns[0]] + "/" + table[columns[1]], name="case_id")
    if not table.index.is_unique:
        raise DataError("a case is predicted twice", str(path), "use the official file")
    system = path.stem if score != "Our" else path.stem.partition("_")[0]
    return Published(system, path, table.assign(zone_severity=table[score].astype(float)))
