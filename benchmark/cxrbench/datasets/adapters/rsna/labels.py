"""RSNA labels: one row per box in, one label per image out; what contradicts itself is reported and left out."""

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
class RsnaLabel:
    """One image's label: Target, boxes float `[n, 4]` (x, y, width, height in pixels), and the class, "" if unknown."""

    finding: bool
    boxes: Floats
    name: str = ""

    @property
    def category(self) -> Category | None:
        """The class Normal is "healthy", the two others are "other"; None where the class is unknown."""
        return CLASSES.get(self.name)


class _ContradictionError(Exception):
    """The rows of one image contradict each other."""


def read_labels(labels: Path, classes: Path, fallback: Mapping[str, str]) -> tuple[dict[str, RsnaLabel], list[Problem]]:
    """Read the labels and the classes.

    An image whose rows contradict each other (Target 1 without a box, Target 0 with a box, both Targets, a class that
    excludes the Target) is left out. A box that leaves the image is clipped, one wholly outside is dropped.

    Args:
        labels: `stage_2_train_labels.csv`.
        classes: `stage_2_detailed_class_info.csv`, which may be absent.
        fallback: The class of an image that the class table lacks.

    Returns:
        `patientId` to label, in file order, and every problem.

    Raises:
        DataError: The label table or a column is missing.
    """
    by_image: dict[str, list[Row]] = defaultdict(list)
    for row in read_rows(labels, ("patientId", *BOX, "Target")):
        by_image[row["patientId"]].append(row)
    names, problems = _read_classes(classes, fallback, by_image)
    image_labels: dict[str, RsnaLabel] = {}
    for image, rows in by_image.items():
        try:
            image_labels[image] = _make_label(image, rows, names.get(image, ""), problems)
        except _ContradictionError as error:
            problems.append(Problem(image, f"{error}: left out"))
    return image_labels, problems


def _make_label(image: str, rows: Sequence[Row], name: str, problems: list[Problem]) -> RsnaLabel:
    targets = {row["Target"] for row in rows}
    if len(targets) > 1 or not targets <= {"0", "1"}:
        raise _ContradictionError(f"Target is {' and '.join(sorted(targets))}")
    finding = targets == {"1"}
    if name and (name == OPACITY) != finding:
        raise _ContradictionError(f"Target {int(finding)} but class {name}")
    boxes = _parse_boxes(image, rows, problems)
    if finding and not boxes:
        raise _ContradictionError("Target 1 without a box inside the image")
    if boxes and not finding:
        raise _ContradictionError("Target 0 with a box")
    return RsnaLabel(finding, np.array(boxes, float) if boxes else _NONE, name)


def _parse_boxes(image: str, rows: Sequence[Row], problems: list[Problem]) -> list[tuple[float, ...]]:
    """The boxes of one image: equal rows count once, edges are clipped, and both are reported."""
    boxes: list[tuple[float, ...]] = []
    all_cells = [tuple(row[key] for key in BOX) for row in rows]
    for cells in dict.fromkeys(all_cells):
        if all_cells.count(cells) > 1:
            problems.append(Problem(image, f"{all_cells.count(cells)} equal label rows: one kept"))
        if not any(cells):
            continue
        box = _parse_numbers(cells)
        inside = _clip_box(box)
        if inside is None:
            problems.append(Problem(image, f"box {box} is outside the image: dropped"))
            continue
        if inside != box:
            problems.append(Problem(image, f"box {box} leaves the image: clipped to {inside}"))
        boxes.append(inside)
    return boxes


def _parse_numbers(cells: tuple[str, ...]) -> tuple[float, ...]:
    try:
        return tuple(float(cell) for cell in cells)
    except ValueError:
        raise _ContradictionError(f"box {','.join(cells)} is not four numbers") from None


def _clip_box(box: tuple[float, ...]) -> tuple[float, ...] | None:
    """The part of x, y, width, height inside the image; None where that has no area (or is not a number)."""
    x, y, width, height = box
    left, top = max(x, 0.0), max(y, 0.0)
    right, bottom = min(x + width, float(SIDE)), min(y + height, float(SIDE))
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None


def _read_classes(
    path: Path, fallback: Mapping[str, str], images: Mapping[str, object]
) -> tuple[dict[str, str], list[Problem]]:
    """Class by image. The file has one row per box, so equal rows are normal and no problem."""
    if not path.is_file():
        rows, problems = [], [Problem(path.name, "absent: classes are taken from rsna_to_nih, or unknown")]
    else:
        rows, problems = read_rows(path, ("patientId", "class")), []
    classes: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        classes[row["patientId"]].add(row["class"])
    if rows and (lacking := [image for image in images if image not in classes]):
        problems.append(_report_missing_classes(path, lacking, fallback))
    for image in images:
        if image not in classes and image in fallback:
            classes[image].add(fallback[image])
    unclear = {image: names for image, names in classes.items() if len(names) > 1 or not names <= set(CLASSES)}
    problems += [Problem(image, f"class is {' and '.join(sorted(names))}: unknown") for image, names in unclear.items()]
    return {image: min(names) for image, names in classes.items() if image not in unclear}, problems


def _report_missing_classes(path: Path, images: Sequence[str], fallback: Mapping[str, str]) -> Problem:
    count = sum(image in fallback for image in images)
    reason = f"no row for {len(images)} images, from {images[0]} on: {count} have their class from rsna_to_nih"
    return Problem(path.name, reason)
