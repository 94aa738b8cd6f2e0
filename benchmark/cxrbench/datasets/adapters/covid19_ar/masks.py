"""Lungs and opacities drawn on COVID-19-AR: labelled outlines to masks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cxrbench.datasets import Problem
from cxrbench.datasets.adapters.covid19_ar.radiographs import Film
from cxrbench.datasets.formats.image_files import picture_size
from cxrbench.datasets.formats.labelme import Drawing, read_drawing
from cxrbench.errors import DataError

Pixels = TypeVar("Pixels")
LUNGS = {"right_lung": 1, "left_lung": 2}
OPACITIES = ("groud_glass_opacity", "consolidation", "opacity")
"""The labels of an opacity; the first is misspelt in the source. Effusion is not among them: it is no lesion."""


@dataclass(frozen=True, slots=True)
class Outlined:
    """What was drawn on a film, filled when asked for, and why it is not used where it is not."""

    lungs: Callable[[], NDArray[np.uint8]] | None = None
    lesions: Callable[[], NDArray[np.bool_]] | None = None
    problems: tuple[Problem, ...] = ()


def outlined(case: str, path: Path, film: Film) -> Outlined:
    """The masks of one film; none where nothing was drawn on it.

    A label outside the known ones, a file that does not parse, or a size other than the film's is reported and the
    masks are not used.
    """
    if film.stem is None or not path.is_file():
        return Outlined()
    try:
        drawing = read_drawing(path)
        reason = _fault(drawing, film.path)
    except DataError as error:
        reason = error.what
    if reason:
        return Outlined(problems=(Problem(case, f"{reason}: masks not used"),))
    lungless = () if drawing.labels & set(LUNGS) else (Problem(case, "no lung was drawn: lesions not clipped"),)
    return Outlined(
        lungs=partial(_read, path, lung_mask) if drawing.labels & set(LUNGS) else None,
        lesions=partial(_read, path, lesion_mask),
        problems=lungless,
    )


def _fault(drawing: Drawing, film: Path) -> str | None:
    if strange := sorted(drawing.labels - {*LUNGS, *OPACITIES}):
        return f"unknown label {', '.join(strange)}"
    if (size := picture_size(film)) != (drawing.height, drawing.width):
        return f"annotation of {drawing.height} x {drawing.width} pixels, film of {size[0]} x {size[1]}"
    return None


def _read(path: Path, fill: Callable[[Drawing], Pixels]) -> Pixels:
    return fill(read_drawing(path))


def lung_mask(drawing: Drawing) -> NDArray[np.uint8]:
    """0 background, 1 the right lung (image-left), 2 the left; uint8 `[H, W]`. Where both were drawn: the left."""
    mask = np.zeros((drawing.height, drawing.width), np.uint8)
    for label, value in LUNGS.items():
        mask[drawing.mask([label])] = value
    return mask


def lesion_mask(drawing: Drawing) -> NDArray[np.bool_]:
    """The union of all opacities, bool `[H, W]`, clipped to the lungs where lungs were drawn."""
    lesions = drawing.mask(OPACITIES)
    return lesions & (lung_mask(drawing) > 0) if drawing.labels & set(LUNGS) else lesions
