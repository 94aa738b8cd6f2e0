"""labelme annotations: one JSON file per radiograph, its shapes as labelled polygons."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Floats
from cxrbench.datasets.formats.polygons import fill_polygon
from cxrbench.errors import DataError


@dataclass(frozen=True, slots=True)
class LabelmeShape:
    """One outline: its label and its corners, float `[n, 2]` as x and y in pixels."""

    label: str
    points: Floats


@dataclass(frozen=True, slots=True)
class LabelmeAnnotation:
    """What was drawn on a radiograph of `height` x `width` pixels."""

    height: int
    width: int
    shapes: tuple[LabelmeShape, ...]

    @property
    def labels(self) -> frozenset[str]:
        """The labels that occur."""
        return frozenset(shape.label for shape in self.shapes)

    def mask(self, labels: Iterable[str]) -> NDArray[np.bool_]:
        """Draw the union of the shapes of some labels.

        Args:
            labels: The labels wanted.

        Returns:
            bool `[height, width]`.
        """
        wanted, out = set(labels), np.zeros((self.height, self.width), bool)
        for shape in self.shapes:
            if shape.label in wanted:
                out |= fill_polygon(shape.points, self.height, self.width)
        return out


def read_labelme_annotation(path: Path) -> LabelmeAnnotation:
    """Parse one annotation file; the copy of the radiograph inside it is not decoded.

    Args:
        path: The JSON file.

    Returns:
        Its shapes and the size of the radiograph.

    Raises:
        DataError: A key is missing, or a shape is no polygon of finite corners.
    """
    try:
        raw = json.loads(path.read_text("utf-8"))
        shapes = tuple(_parse_shape(shape) for shape in raw["shapes"])
        return LabelmeAnnotation(int(raw["imageHeight"]), int(raw["imageWidth"]), shapes)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"annotation cannot be read ({type(error).__name__}: {error})"
        raise DataError(reason, str(path), "fetch the file again") from error


def _parse_shape(raw: dict[str, object]) -> LabelmeShape:
    if raw["shape_type"] != "polygon":
        raise ValueError(f"a shape of type {raw['shape_type']}")
    points = np.array(raw["points"], float)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise ValueError("a polygon without corners")
    return LabelmeShape(str(raw["label"]), points)
