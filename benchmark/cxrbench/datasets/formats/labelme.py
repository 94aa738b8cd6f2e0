"""labelme annotations: one JSON file a film, its shapes as labelled polygons."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Floats
from cxrbench.datasets.formats.polygons import filled
from cxrbench.errors import DataError


@dataclass(frozen=True, slots=True)
class Shape:
    """One outline: its label and its corners, float `[n, 2]` as x, y in pixels."""

    label: str
    points: Floats


@dataclass(frozen=True, slots=True)
class Drawing:
    """What was drawn on a film of `height` x `width` pixels."""

    height: int
    width: int
    shapes: tuple[Shape, ...]

    @property
    def labels(self) -> frozenset[str]:
        """The labels that occur."""
        return frozenset(shape.label for shape in self.shapes)

    def mask(self, labels: Iterable[str]) -> NDArray[np.bool_]:
        """The union of the shapes of these labels, bool `[height, width]`."""
        wanted, out = set(labels), np.zeros((self.height, self.width), bool)
        for shape in self.shapes:
            if shape.label in wanted:
                out |= filled(shape.points, self.height, self.width)
        return out


def read_drawing(path: Path) -> Drawing:
    """Parse one file; the copy of the film inside it is not decoded.

    Raises `DataError` where a key is missing, or a shape is no polygon of finite corners.
    """
    try:
        raw = json.loads(path.read_text("utf-8"))
        shapes = tuple(_shape(shape) for shape in raw["shapes"])
        return Drawing(int(raw["imageHeight"]), int(raw["imageWidth"]), shapes)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"annotation cannot be read ({type(error).__name__}: {error})"
        raise DataError(reason, str(path), "fetch the file again") from error


def _shape(raw: dict[str, object]) -> Shape:
    if raw["shape_type"] != "polygon":
        raise ValueError(f"a shape of type {raw['shape_type']}")
    points = np.array(raw["points"], float)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise ValueError("a polygon without corners")
    return Shape(str(raw["label"]), points)
