"""The phantom as two datasets, `phantom` (radiographs) and `phantom-ct`: the same studies; no data folder is needed."""

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case, Category, Image, Targets
from cxrbench.datasets import DataFolder, Dataset, dataset_adapters
from cxrbench.phantom.made import Kind
from cxrbench.phantom.manifest import Row, boxes_of, manifest, zones_of
from cxrbench.phantom.raters import CONSENSUS, RATERS
from cxrbench.phantom.space import FIELD
from cxrbench.phantom.store import arrays
from cxrbench.phantom.volume import SPACING, to_hu

NAMES = (*(rater.name for rater in RATERS), CONSENSUS)
READERS = ("first", "second")
"""Raters whose count of affected zones stands beside the truth in `readings`."""


@dataset_adapters.register("phantom")
def phantom(data: DataFolder) -> Dataset:  # noqa: ARG001
    """List the radiographs; `data` is not looked at. A picture is made when it is asked for."""
    return Dataset("phantom", tuple(_film(row) for row in manifest().values()))


@dataset_adapters.register("phantom-ct")
def phantom_ct(data: DataFolder) -> Dataset:  # noqa: ARG001
    """List the CTs of the same studies."""
    return Dataset("phantom-ct", tuple(_scan(row) for row in manifest().values()))


def _film(row: Row) -> Case:
    study, raters = row["study"], {name: zones_of(row[f"rater_{name}"]) for name in NAMES}
    targets = replace(
        _shared(row, "cxr"),
        brixia=zones_of(row["brixia"]),
        raters=raters,
        extent=float(row["extent"]),
        opacity=float(row["opacity"]),
        zone_severity=_affected_zones(row["brixia"]),
        readings={name: _affected_zones(row[f"rater_{name}"]) for name in READERS},
        boxes=boxes_of(row["boxes"]),
    )
    return Case(
        id=study,
        patient=row["patient"],
        dataset="phantom",
        targets=targets,
        meta=_meta(row),
        load=partial(_pixels, study),
    )


def _scan(row: Row) -> Case:
    study = row["study"]
    targets = replace(_shared(row, "ct"), ct_grade=int(row["ct_grade"]))
    return Case(
        id=study,
        patient=row["patient"],
        dataset="phantom-ct",
        modality="ct",
        targets=targets,
        meta=_meta(row),
        load=partial(_volume, study),
    )


def _shared(row: Row, kind: Kind) -> Targets:
    """What the film and the CT of a study have in common."""
    study = row["study"]
    return Targets(
        lung_mask=partial(_mask, study, kind, "lungs"),
        lesion_mask=partial(_lesions, study, kind),
        finding=row["category"] == "covid",
        category=_category(row),
        affected_fraction=_fractions(row),
        icu=row["icu"] == "1",
        death=row["death"] == "1",
        day=float(row["day"]),
    )


def _category(row: Row) -> Category:
    found: dict[str, Category] = {"covid": "covid", "other": "other", "healthy": "healthy"}
    return found[row["category"]]


def _fractions(row: Row) -> dict[str, float]:
    return {name: float(row[f"fraction_{name}"]) for name in ("right", "left", "larger")}


def _affected_zones(text: str) -> float:
    return float(sum(score != "0" for score in text))


def _meta(row: Row) -> dict[str, object]:
    told = {key: row[key] for key in ("sex", "view", "confounder", "devices")}
    return {"synthetic": True, "age": int(row["age"]), **told}


def _pixels(study: str) -> Image:
    shown = arrays(study, "cxr")["pixels"]
    return Image(shown.astype(np.float32) / np.float32(255), spacing=(FIELD / len(shown),) * 2)


def _volume(study: str) -> Image:
    return Image(to_hu(arrays(study, "ct")["codes"]), "ct", SPACING)


def _mask(study: str, kind: Kind, key: str) -> NDArray[np.uint8]:
    return arrays(study, kind)[key]


def _lesions(study: str, kind: Kind) -> NDArray[np.bool_]:
    return np.asarray(arrays(study, kind)["lesions"] > 0)
