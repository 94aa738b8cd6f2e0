"""Masks that Danilov's annotators drew, where a copy has the Supervisely projects."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import LUNG
from cxrbench.datasets import Problem
from cxrbench.datasets.formats.image_files import picture_size
from cxrbench.datasets.formats.supervisely import Annotation, read_annotation
from cxrbench.errors import DataError

LUNGS, LESIONS = "Lungs", "COVID-19"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn on a film, decoded when asked for, and why it is not used where it is not."""

    lungs: Callable[[], NDArray[np.uint8]] | None = None
    lesions: Callable[[], NDArray[np.bool_]] | None = None
    problems: tuple[Problem, ...] = ()


def drawn(case: str, name: str, project: Path | None, image: Path | None) -> Drawn:
    """The masks of one film; `project` is None where the copy has no annotations.

    A class outside the two known ones, a file that does not parse, or a size other than the image's is reported, and
    the masks are not used. Lungs that were not drawn are None; lesions that were not drawn on an annotated film are
    an empty mask, unless only lungs were drawn there.
    """
    if project is None:
        return Drawn()
    path = project / "ann" / f"{name}.json"
    if not path.is_file():
        return Drawn(problems=(Problem(case, "annotation absent: no masks"),))
    try:
        annotation = read_annotation(path)
        reason = _fault(annotation, image)
    except DataError as error:
        reason = error.what
    if reason:
        return Drawn(problems=(Problem(case, f"{reason}: masks not used"),))
    return _masks(path, annotation.titles)


def _fault(annotation: Annotation, image: Path | None) -> str | None:
    if strange := sorted(annotation.titles - {LUNGS, LESIONS}):
        return f"unknown class {', '.join(strange)}"
    if image is not None and (size := picture_size(image)) != (annotation.height, annotation.width):
        return f"annotation of {annotation.height} x {annotation.width} pixels, image of {size[0]} x {size[1]}"
    return None


def _masks(path: Path, titles: frozenset[str]) -> Drawn:
    return Drawn(
        lungs=partial(_lungs, path) if LUNGS in titles else None,
        lesions=partial(_lesions, path) if LESIONS in titles or not titles else None,
    )


def _lungs(path: Path) -> NDArray[np.uint8]:
    """Uint8 `[H, W]`: the annotators drew both lungs as one class, so the sides are not told."""
    return read_annotation(path).mask(LUNGS).astype(np.uint8) * np.uint8(LUNG)


def _lesions(path: Path) -> NDArray[np.bool_]:
    return read_annotation(path).mask(LESIONS)
