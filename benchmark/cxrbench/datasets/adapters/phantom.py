"""The phantom as two datasets of the same studies, `phantom` (radiographs) and `phantom-ct`; no data folder is needed.

Images and masks are made by functions, so the cases have no files.
"""

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case, Category, Image, Targets
from cxrbench.datasets import DataFolder, Dataset, dataset_adapters
from cxrbench.phantom.generate import ImageKind
from cxrbench.phantom.manifest import ManifestRow, parse_boxes, parse_zones, read_manifest
from cxrbench.phantom.raters import CONSENSUS, RATERS
from cxrbench.phantom.space import FIELD
from cxrbench.phantom.store import load_array
from cxrbench.phantom.volume import SPACING, to_hu

NAMES = (*(rater.name for rater in RATERS), CONSENSUS)
READERS = ("first", "second")
"""Raters whose number of affected zones is in `readings`."""


@dataset_adapters.register("phantom")
def list_phantom(data: DataFolder) -> Dataset:  # noqa: ARG001
    """List the radiographs; each is made when it is loaded.

    Args:
        data: Not used.

    Returns:
        One case per study of the manifest.
    """
    return Dataset("phantom", tuple(_make_radiograph_case(row) for row in read_manifest().values()))


@dataset_adapters.register("phantom-ct")
def list_phantom_ct(data: DataFolder) -> Dataset:  # noqa: ARG001
    """List the CTs of the same studies; each is made when it is loaded.

    Args:
        data: Not used.

    Returns:
        One case per study of the manifest.
    """
    return Dataset("phantom-ct", tuple(_make_ct_case(row) for row in read_manifest().values()))


def _make_radiograph_case(row: ManifestRow) -> Case:
    targets = replace(
        _make_shared_targets(row, "cxr"),
        brixia=parse_zones(row["brixia"]),
        raters={name: parse_zones(row[f"rater_{name}"]) for name in NAMES},
        extent=float(row["extent"]),
        opacity=float(row["opacity"]),
        zone_severity=_count_affected_zones(row["brixia"]),
        readings={name: _count_affected_zones(row[f"rater_{name}"]) for name in READERS},
        boxes=parse_boxes(row["boxes"]),
    )
    return Case(
        id=row["study"],
        patient=row["patient"],
        dataset="phantom",
        targets=targets,
        meta=_make_meta(row),
        load=partial(_load_radiograph, row["study"]),
    )


def _make_ct_case(row: ManifestRow) -> Case:
    return Case(
        id=row["study"],
        patient=row["patient"],
        dataset="phantom-ct",
        modality="ct",
        targets=replace(_make_shared_targets(row, "ct"), ct_grade=int(row["ct_grade"])),
        meta=_make_meta(row),
        load=partial(_load_volume, row["study"]),
    )


def _make_shared_targets(row: ManifestRow, kind: ImageKind) -> Targets:
    """What the radiograph and the CT of a study have in common."""
    study = row["study"]
    return Targets(
        lung_mask=partial(_load_lungs, study, kind),
        lesion_mask=partial(_load_lesions, study, kind),
        finding=row["category"] == "covid",
        category=_to_category(row),
        affected_fraction=_parse_fractions(row),
        icu=row["icu"] == "1",
        death=row["death"] == "1",
        day=float(row["day"]),
    )


def _to_category(row: ManifestRow) -> Category:
    categories: dict[str, Category] = {"covid": "covid", "other": "other", "healthy": "healthy"}
    return categories[row["category"]]


def _parse_fractions(row: ManifestRow) -> dict[str, float]:
    return {name: float(row[f"fraction_{name}"]) for name in ("right", "left", "larger")}


def _count_affected_zones(text: str) -> float:
    return float(sum(score != "0" for score in text))


def _make_meta(row: ManifestRow) -> dict[str, object]:
    facts = {key: row[key] for key in ("sex", "view", "confounder", "devices")}
    return {"synthetic": True, "age": int(row["age"]), **facts}


def _load_radiograph(study: str) -> Image:
    pixels = load_array(study, "cxr", "pixels")
    return Image(pixels.astype(np.float32) / np.float32(255), spacing=(FIELD / len(pixels),) * 2)


def _load_volume(study: str) -> Image:
    return Image(to_hu(load_array(study, "ct", "codes")), "ct", SPACING)


def _load_lungs(study: str, kind: ImageKind) -> NDArray[np.uint8]:
    return load_array(study, kind, "lungs")


def _load_lesions(study: str, kind: ImageKind) -> NDArray[np.bool_]:
    return np.asarray(load_array(study, kind, "lesions") > 0)
