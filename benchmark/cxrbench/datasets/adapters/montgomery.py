"""Montgomery County radiographs (NLM): 138 PA films, 80 normal and 58 with tuberculosis, each lung drawn by hand.

Layout: `[MontgomerySet/]CXR_png/MCUCXR_0001_0.png`, `ManualMask/leftMask/` and `rightMask/` with the same names,
`ClinicalReadings/MCUCXR_0001_0.txt`. The last digit of a name says normal (0) or tuberculosis (1).
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from cxrbench.case import Case, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.image_files import first_found
from cxrbench.datasets.formats.lung_sides import drawn_lungs
from cxrbench.imaging.radiograph.raster import read_raster

SIDES = ("leftMask", "rightMask")
SEX = re.compile(r"Sex:\s*([MF])")
AGE = re.compile(r"Age:\s*0*(\d{1,3})Y")


@dataset_adapters.register("montgomery")
def montgomery(data: DataFolder) -> Dataset:
    """List the films; the id is the file's stem, each film a patient of its own.

    `lung_mask` is the union of the two drawn lungs, their sides told by their place on the film. A film without both
    masks has none, which is reported, as is a mask without a film.
    """
    _, films = first_found(data, "montgomery", "MontgomerySet/CXR_png", "CXR_png")
    base = films.parent
    found = sorted(films.glob("MCUCXR_*.png"))
    cases = tuple(_case(base, film) for film in found)
    return Dataset("montgomery", cases, tuple(_problems(base, cases)))


def _case(base: Path, film: Path) -> Case:
    masks = [base / "ManualMask" / side / film.name for side in SIDES]
    ill = {"0": False, "1": True}.get(film.stem.rpartition("_")[2])
    return Case(
        id=film.stem,
        patient=film.stem,
        dataset="montgomery",
        targets=Targets(
            finding=ill,
            category=None if ill is None else "other" if ill else "healthy",
            lung_mask=partial(drawn_lungs, *masks) if all(mask.is_file() for mask in masks) else None,
        ),
        meta={"view": "PA", **_reading(base / "ClinicalReadings" / f"{film.stem}.txt")},
        load=partial(read_raster, film),
    )


def _reading(path: Path) -> dict[str, object]:
    """Sex, age in years and the finding's text, as far as the reading has them."""
    if not path.is_file():
        return {}
    text = path.read_text("utf-8", errors="replace")
    sex, age = SEX.search(text), AGE.search(text)
    words = [line.strip() for line in text.splitlines() if line.strip() and "Patient's" not in line]
    told = {"sex": sex[1] if sex else None, "age": int(age[1]) if age else None, "finding": " ".join(words) or None}
    return {key: value for key, value in told.items() if value is not None}


def _problems(base: Path, cases: tuple[Case, ...]) -> Iterator[Problem]:
    yield Problem("montgomery", "no patient ids: each film counts as one patient", bad=False)
    for case in cases:
        if case.targets.lung_mask is None:
            yield Problem(case.id, "a lung mask is absent")
        if case.targets.finding is None:
            yield Problem(case.id, "the name does not end in _0 or _1: finding unknown")
    known = {case.id for case in cases}
    stray = {path for side in SIDES for path in (base / "ManualMask" / side).glob("*.png") if path.stem not in known}
    yield from (Problem(path.relative_to(base).as_posix(), "mask without a film") for path in sorted(stray))
