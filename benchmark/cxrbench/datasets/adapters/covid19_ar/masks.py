"""Lungs and opacities drawn on COVID-19-AR: labelled outlines to masks."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cxrbench.datasets import Problem
from cxrbench.datasets.adapters.covid19_ar.radiographs import Radiograph
from cxrbench.datasets.formats.drawn_masks import DrawnMasks, compare_sizes
from cxrbench.datasets.formats.labelme import LabelmeAnnotation, read_labelme_annotation
from cxrbench.datasets.formats.lung_sides import merge_lungs
from cxrbench.errors import DataError

Pixels = TypeVar("Pixels")
LUNGS = ("right_lung", "left_lung")
OPACITIES = ("groud_glass_opacity", "consolidation", "opacity")
"""The labels of an opacity; the first is misspelt in the source. Effusion is not among them: it is no lesion."""


def find_masks(radiograph: Radiograph, folder: Path) -> DrawnMasks:
    """Find the masks of one radiograph.

    A label outside the known ones, a file that cannot be parsed, or a size other than the radiograph's is reported,
    and the masks are not used.

    Args:
        radiograph: The radiograph.
        folder: The folder of the labelme files.

    Returns:
        The masks; none where nothing was drawn on it.
    """
    path = folder / f"{radiograph.stem}.json"
    if radiograph.stem is None or not path.is_file():
        return DrawnMasks()
    try:
        annotation = read_labelme_annotation(path)
        reason = _find_fault(annotation, radiograph.path)
    except DataError as error:
        reason = error.what
    if reason:
        return DrawnMasks(problems=(Problem(radiograph.id, f"{reason}: masks not used"),))
    drawn = bool(annotation.labels & set(LUNGS))
    return DrawnMasks(
        lungs=partial(_read_mask, path, fill_lung_mask) if drawn else None,
        lesions=partial(_read_mask, path, fill_lesion_mask),
        problems=() if drawn else (Problem(radiograph.id, "no lung was drawn: lesions not clipped"),),
        files=(path,),
    )


def _find_fault(annotation: LabelmeAnnotation, image: Path) -> str | None:
    if unknown := sorted(annotation.labels - {*LUNGS, *OPACITIES}):
        return f"unknown label {', '.join(unknown)}"
    return compare_sizes("annotation of", (annotation.height, annotation.width), image)


def _read_mask(path: Path, fill: Callable[[LabelmeAnnotation], Pixels]) -> Pixels:
    return fill(read_labelme_annotation(path))


def fill_lung_mask(annotation: LabelmeAnnotation) -> NDArray[np.uint8]:
    """Fill the outlines of the lungs.

    Args:
        annotation: What was drawn on a radiograph.

    Returns:
        uint8 `[H, W]`: 0 background, 1 the right lung (image-left), 2 the left. Where both were drawn: the left.
    """
    right, left = (annotation.mask([label]) for label in LUNGS)
    return merge_lungs(right, left)


def fill_lesion_mask(annotation: LabelmeAnnotation) -> NDArray[np.bool_]:
    """Fill the outlines of all opacities.

    Args:
        annotation: What was drawn on a radiograph.

    Returns:
        bool `[H, W]`, clipped to the lungs where lungs were drawn.
    """
    lesions = annotation.mask(OPACITIES)
    return lesions & (fill_lung_mask(annotation) > 0) if annotation.labels & set(LUNGS) else lesions
