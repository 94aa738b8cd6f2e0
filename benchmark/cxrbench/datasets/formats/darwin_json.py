"""Darwin JSON, the annotation format of V7: one file per image, its annotations by name."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import IGNORE, Floats
from cxrbench.datasets.formats.image_files import read_image_size
from cxrbench.datasets.formats.lung_sides import label_sides
from cxrbench.datasets.formats.polygons import fill_polygon
from cxrbench.errors import DataError

LUNG_NAME, IGNORE_NAME = "Lung", "Ignore"


@dataclass(frozen=True, slots=True)
class DarwinAnnotation:
    """The annotations of one image.

    Attributes:
        filename: The name of the image file.
        url: Where the image can be downloaded.
        size: Height and width in pixels, None where the file does not give them.
        polygons: Name to outlines, each float `[n, 2]` as x and y in pixels.
        tags: Names of the annotations without an outline.
    """

    filename: str
    url: str
    size: tuple[int, int] | None
    polygons: Mapping[str, tuple[Floats, ...]]
    tags: tuple[str, ...]


def read_darwin_annotation(path: Path) -> DarwinAnnotation:
    """Parse one annotation file; an annotation without a polygon is a tag.

    Args:
        path: The JSON file.

    Returns:
        The annotations of its image.

    Raises:
        DataError: A key is missing, or an outline is no list of finite x and y.
    """
    try:
        raw = json.loads(path.read_text("utf-8"))
        image, annotations = raw["image"], raw["annotations"]
        return DarwinAnnotation(
            filename=str(image["filename"]),
            url=str(image.get("url", "")),
            size=(int(image["height"]), int(image["width"])) if {"height", "width"} <= set(image) else None,
            polygons=_collect_polygons(annotations),
            tags=tuple(str(annotation["name"]) for annotation in annotations if "polygon" not in annotation),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"annotation cannot be read ({type(error).__name__}: {error})"
        raise DataError(reason, str(path), "fetch the file again") from error


def _collect_polygons(annotations: Sequence[Mapping[str, object]]) -> dict[str, tuple[Floats, ...]]:
    polygons: dict[str, tuple[Floats, ...]] = {}
    for annotation in annotations:
        if "polygon" in annotation:
            name = str(annotation["name"])
            polygons[name] = (*polygons.get(name, ()), _parse_points(annotation["polygon"]))
    return polygons


def _parse_points(polygon: object) -> Floats:
    """`{"path": [{"x": 1.0, "y": 2.0}, ...]}` as float `[n, 2]`."""
    if not isinstance(polygon, Mapping):
        raise TypeError("a polygon that is no object")
    points = np.array([(corner["x"], corner["y"]) for corner in polygon["path"]], float).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise ValueError("a corner that is not finite")
    return points


def fill_lung_outlines(path: Path, image: Path | None) -> NDArray[np.uint8]:
    """Draw the lung segmentation of an annotation file.

    Args:
        path: The JSON file.
        image: The image, which gives the size where the JSON file does not.

    Returns:
        uint8 `[H, W]`: 1 right lung, 2 left lung (by position, see `label_sides`), `IGNORE` inside an Ignore outline.

    Raises:
        DataError: Neither file gives the size, or a file cannot be read.
    """
    annotation = read_darwin_annotation(path)
    size = annotation.size or (read_image_size(image) if image else None)
    if size is None:
        raise DataError("neither the annotation nor an image gives the size", str(path), "fetch the image")
    mask = label_sides([fill_polygon(points, *size) for points in annotation.polygons[LUNG_NAME]])
    for points in annotation.polygons.get(IGNORE_NAME, ()):
        mask[fill_polygon(points, *size)] = IGNORE
    return mask
