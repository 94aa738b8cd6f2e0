"""The predictions per image that Danilov et al. published: nine networks, BS-Net and COVID-Net.

Files beside metadata.csv: `model_outputs/<network>_<encoder>_<date>.csv` (1,320 rows each, the radiographs that pass
the paper's filter), `bsnet.csv` and `covid_net.csv` (all 1,364).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cxrbench.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

PARTS = tuple(f"lung_segment_{k}" for k in range(1, 7))
"""Affected fraction of a third of a lung: 1-3 the image-left lung, bottom to top, 4-6 the image-right lung."""
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
class PublishedPredictions:
    """The predictions of one system.

    Attributes:
        system: The network, `bsnet` or `covid_net`.
        file: The file that they were read from.
        table: Indexed by case id (`<dataset>/<file>`), with the file's columns and `zone_severity` (0-6): the column
            that the paper compares. That is a network's `Our`, BS-Net's `predicted_score` (the number of zones whose
            most probable class is above 0), COVID-Net's `rounded_geo_score`.
    """

    system: str
    file: Path
    table: "pd.DataFrame"


def read_published_predictions(root: Path) -> Mapping[str, PublishedPredictions]:
    """Read the published predictions of all systems.

    Args:
        root: The folder of metadata.csv.

    Returns:
        System name (`MAnet`, `Unet++`, `bsnet`, `covid_net` ...) to its predictions; systems whose file is absent
        are left out.

    Raises:
        DataError: A file lacks a column or predicts a case twice, or there is no file at all.
    """
    systems = [_read_predictions(path, NETWORK, "Our") for path in sorted((root / "model_outputs").glob("*.csv"))]
    for name, columns, score in (("bsnet", BSNET, "predicted_score"), ("covid_net", COVID_NET, "rounded_geo_score")):
        if (root / f"{name}.csv").is_file():
            systems.append(_read_predictions(root / f"{name}.csv", columns, score))
    if not systems:
        raise DataError("no published predictions", str(root), "expected model_outputs/*.csv, bsnet.csv, covid_net.csv")
    return {predictions.system: predictions for predictions in systems}


def _read_predictions(path: Path, columns: Sequence[str], score: str) -> PublishedPredictions:
    import pandas as pd

    table = pd.read_csv(path)
    absent = sorted(set(columns) - set(table.columns))
    if absent:
        raise DataError(f"column missing: {', '.join(absent)}", str(path), "use the official file")
    table.index = pd.Index(table[columns[0]] + "/" + table[columns[1]], name="case_id")
    if not table.index.is_unique:
        raise DataError("a case is predicted twice", str(path), "use the official file")
    system = path.stem if score != "Our" else path.stem.partition("_")[0]
    return PublishedPredictions(system, path, table.assign(zone_severity=table[score].astype(float)))
