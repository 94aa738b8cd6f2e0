"""Darwin JSON, the annotation format of V7: one file an image, its annotations by name."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import IGNORE, Floats
from cxrbench.datasets.formats.image_files import picture_size
from cxrbench.datasets.formats.lung_sides import sided
from cxrbench.datasets.formats.polygons import filled
from cxrbench.errors import DataError

LUNG_NAME, IGNORE_NAME = "Lung", "Ignore"


@dataclass(frozen=True, slots=True)
class Annotated:
    """One annotated image: its file name, its size where the file tells it, outlines and tags by name."""

    filename: str
    url: str
    size: tuple[int, int] | None
    polygons: Mapping[str, tuple[Floats, ...]]
    tags: tuple[str, ...]


def read_annotated(path: Path) -> Annotated:
    """Parse one file; an annotation without a polygon is a tag.

    Raises `DataError` where a key is missing or an outline is no list of finite x and y.
    """
    try:
        raw = json.loads(path.read_text("utf-8"))
        image, annotations = raw["image"], raw["annotations"]
        return Annotated(
            filename=str(image["filename"]),
            url=str(image.get("url", "")),
            size=(int(image["height"]), int(image["width"])) if {"height", "width"} <= set(image) else None,
            polygons=_polygons(annotations),
            tags=tuple(str(one["name"]) for one in annotations if "polygon" not in one),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"annotation cannot be read ({type(error).__name__}: {error})"
        raise DataError(reason, str(path), "fetch the file again") from error


def _polygons(annotations: Sequence[Mapping[str, object]]) -> dict[str, tuple[Floats, ...]]:
    found: dict[str, tuple[Floats, ...]] = {}
    for one in annotations:
        if "polygon" in one:
            name = str(one["name"])
            found[name] = (*found.get(name, ()), _points(one["polygon"]))
    return found


def _points(polygon: object) -> Floats:
    """`{"path": [{"x": 1.0, "y": 2.0}, ...]}` as float `[n, 2]`."""
    if not isinstance(polygon, Mapping):
        raise TypeError("a polygon that is no object")
    points = np.array([(corner["x"], corner["y"]) for corner in polygon["path"]], float).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise ValueError("a corner that is not finite")
    return points


def outlined_lungs(path: Path, image: Path | None) -> NDArray[np.uint8]:
    """The lungs that a file outlines: uint8 `[H, W]`, sides told by place, `IGNORE` where an Ignore outline lies.

    The size is the file's, else the image's. Raises `DataError` where neither tells it.
    """
    told = read_annotated(path)
    size = told.size or (picture_size(image) if image else None)
    if size is None:
        raise DataError("neither the annotation nor an image tells the size", str(path), "fetch the image")
    whole = sided([filled(points, *size) for points in told.polygons[LUNG_NAME]])
    for points in told.polygons.get(IGNORE_NAME, ()):
        whole[filled(points, *size)] = IGNORE
    return whole
