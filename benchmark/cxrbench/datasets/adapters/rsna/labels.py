"""RSNA labels: rows a box to one label an image, with what contradicts itself reported and left out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cxrbench.case import Category, Floats
from cxrbench.datasets import Problem
from cxrbench.datasets.formats.csv_table import Row, read_rows

SIDE = 1024
"""Every image of the challenge is 1024 x 1024 pixels."""
BOX = ("x", "y", "width", "height")
OPACITY = "Lung Opacity"
CLASSES: Mapping[str, Category] = {
    OPACITY: "other",
    "No Lung Opacity / Not Normal": "other",
    "Normal": "healthy",
}
_NONE = np.empty((0, 4))
_NONE.setflags(write=False)


@dataclass(frozen=True, slots=True)
class Label:
    """One image's label: Target, boxes float `[n, 4]` (x, y, width, height in pixels), and the class, "" if unknown."""

    finding: bool
    boxes: Floats
    name: str = ""

    @property
    def category(self) -> Category | None:
        """The class Normal is "healthy", the two others are "other"; None where the class is unknown."""
        return CLASSES.get(self.name)


class _ContradictionError(Exception):
    """The rows of one image do not fit together."""


def read_labels(labels: Path, classes: Path, fallback: Mapping[str, str]) -> tuple[dict[str, Label], list[Problem]]:
    """Labels by `patientId` in file order, and every problem met.

    An image whose rows contradict one another (Target 1 without a box, Target 0 with one, both Targets, a class that
    denies the Target) is left out. A box that leaves the image is clipped, one wholly outside is dropped.
    `fallback` gives the class of an image that the class table lacks; a class outside the three is unknown.
    """
    by_image: dict[str, list[Row]] = defaultdict(list)
    for row in read_rows(labels, ("patientId", *BOX, "Target")):
        by_image[row["patientId"]].append(row)
    names, problems = _classes(classes, fallback, by_image)
    found: dict[str, Label] = {}
    for image, rows in by_image.items():
        try:
            found[image] = _label(image, rows, names.get(image, ""), problems)
        except _ContradictionError as error:
            problems.append(Problem(image, f"{error}: left out"))
    return found, problems


def _label(image: str, rows: Sequence[Row], name: str, problems: list[Problem]) -> Label:
    targets = {row["Target"] for row in rows}
    if len(targets) > 1 or not targets <= {"0", "1"}:
        raise _ContradictionError(f"Target is {' and '.join(sorted(targets))}")
    finding = targets == {"1"}
    if name and (name == OPACITY) != finding:
        raise _ContradictionError(f"Target {int(finding)} but class {name}")
    boxes = _boxes(image, rows, problems)
    if finding and not boxes:
        raise _ContradictionError("Target 1 without a box inside the image")
    if boxes and not finding:
        raise _ContradictionError("Target 0 with a box")
    return Label(finding, np.array(boxes, float) if boxes else _NONE, name)


def _boxes(image: str, rows: Sequence[Row], problems: list[Problem]) -> list[tuple[float, ...]]:
    """The boxes of one image: an identical row counts once, edges are clipped, and both are reported."""
    boxes: list[tuple[float, ...]] = []
    seen = [tuple(row[key] for key in BOX) for row in rows]
    for cells in dict.fromkeys(seen):
        if seen.count(cells) > 1:
            problems.append(Problem(image, f"{seen.count(cells)} equal label rows: one kept"))
        if not any(cells):
            continue
        box = _numbers(cells)
        inside = _clipped(box)
        if inside is None:
            problems.append(Problem(image, f"box {box} lies outside the image: dropped"))
            continue
        if inside != box:
            problems.append(Problem(image, f"box {box} leaves the image: clipped to {inside}"))
        boxes.append(inside)
    return boxes


def _numbers(cells: tuple[str, ...]) -> tuple[float, ...]:
    try:
        return tuple(float(cell) for cell in cells)
    except ValueError:
        raise _ContradictionError(f"box {','.join(cells)} is not four numbers") from None


def _clipped(box: tuple[float, ...]) -> tuple[float, ...] | None:
    """The part of x, y, width, height inside the image; None where that has no area (or is not a number)."""
    x, y, width, height = box
    left, top = max(x, 0.0), max(y, 0.0)
    right, bottom = min(x + width, float(SIDE)), min(y + height, float(SIDE))
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None


def _classes(
    path: Path, fallback: Mapping[str, str], images: Mapping[str, object]
) -> tuple[dict[str, str], list[Problem]]:
    """Class by image; one row a box in the file, so equal rows are its form and not a problem."""
    if not path.is_file():
        rows, problems = [], [Problem(path.name, "absent: classes are as rsna_to_nih says, or unknown")]
    else:
        rows, problems = read_rows(path, ("patientId", "class")), []
    said: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        said[row["patientId"]].add(row["class"])
    if rows and (lacking := [image for image in images if image not in said]):
        problems.append(_lacking(path, lacking, fallback))
    for image in images:
        if image not in said and image in fallback:
            said[image].add(fallback[image])
    problems += [Problem(image, f"class is {' and '.join(sorted(own))}: unknown") for image, own in _unclear(said)]
    return {image: own.pop() for image, own in said.items() if len(own) == 1 and own <= set(CLASSES)}, problems


def _lacking(path: Path, images: Sequence[str], fallback: Mapping[str, str]) -> Problem:
    elsewhere = sum(image in fallback for image in images)
    reason = f"no row for {len(images)} images, from {images[0]} on: {elsewhere} have their class from rsna_to_nih"
    return Problem(path.name, reason)


def _unclear(said: Mapping[str, set[str]]) -> list[tuple[str, set[str]]]:
    return [(image, own) for image, own in said.items() if len(own) > 1 or not own <= set(CLASSES)]
