"""Masks that Danilov's annotators drew, where a copy has the Supervisely projects."""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import LUNG
from cxrbench.datasets import Problem
from cxrbench.datasets.formats.drawn_masks import DrawnMasks, compare_sizes
from cxrbench.datasets.formats.supervisely import SuperviselyAnnotation, read_supervisely_annotation
from cxrbench.errors import DataError

LUNGS, LESIONS = "Lungs", "COVID-19"


def find_masks(case: str, name: str, project: Path | None, image: Path | None) -> DrawnMasks:
    """Find the masks of one radiograph.

    A class outside the two known ones, a file that cannot be parsed, or a size other than the image's is reported,
    and the masks are not used.

    Args:
        case: The id of the case, for the reports.
        name: The file name of the radiograph.
        project: The Supervisely project; None where the copy has no annotations.
        image: The image; None where it is absent.

    Returns:
        The masks. Lungs that were not drawn are None. Lesions that were not drawn on an annotated radiograph are an
        empty mask, or None where only lungs were drawn.
    """
    if project is None:
        return DrawnMasks()
    path = project / "ann" / f"{name}.json"
    if not path.is_file():
        return DrawnMasks(problems=(Problem(case, "annotation absent: no masks"),))
    try:
        annotation = read_supervisely_annotation(path)
        reason = _find_fault(annotation, image)
    except DataError as error:
        reason = error.what
    if reason:
        return DrawnMasks(problems=(Problem(case, f"{reason}: masks not used"),))
    return _make_masks(path, annotation.titles)


def _find_fault(annotation: SuperviselyAnnotation, image: Path | None) -> str | None:
    if unknown := sorted(annotation.titles - {LUNGS, LESIONS}):
        return f"unknown class {', '.join(unknown)}"
    return compare_sizes("annotation of", (annotation.height, annotation.width), image)


def _make_masks(path: Path, titles: frozenset[str]) -> DrawnMasks:
    return DrawnMasks(
        lungs=partial(_read_lungs, path) if LUNGS in titles else None,
        lesions=partial(_read_lesions, path) if LESIONS in titles or not titles else None,
        files=(path,),
    )


def _read_lungs(path: Path) -> NDArray[np.uint8]:
    """Both lungs, uint8 `[H, W]`: the annotators drew them as one class, so the sides are unknown."""
    return read_supervisely_annotation(path).mask(LUNGS).astype(np.uint8) * np.uint8(LUNG)


def _read_lesions(path: Path) -> NDArray[np.bool_]:
    return read_supervisely_annotation(path).mask(LESIONS)
