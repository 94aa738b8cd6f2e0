"""Shenzhen radiographs (NLM): 662 films, normal or with tuberculosis; lungs of 566 drawn by others.

Layout: `[ChinaSet_AllFiles/]CXR_png/CHNCXR_0001_0.png`, `ClinicalReadings/CHNCXR_0001_0.txt`, and the masks in
`mask/mask/`, `mask/` or `masks/` of the root, named with or without `_mask` before `.png`. A mask holds both lungs in
one value: their sides are unknown. The last digit of a name says normal (0) or tuberculosis (1).
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

MASKS = ("mask/mask", "mask", "masks")
ABOUT = re.compile(r"\b(male|female)\b\W*(\d{1,3})\s*yrs?", re.IGNORECASE)


@dataset_adapters.register("shenzhen")
def shenzhen(data: DataFolder) -> Dataset:
    """List the films; the id is the file's stem, each film a patient of its own.

    Films without a mask (96 in the source) stay cases without one; a mask without a film is reported.
    """
    root, films = first_found(data, "shenzhen", "ChinaSet_AllFiles/CXR_png", "CXR_png")
    masks = _masks(root, films.parent)
    cases = tuple(_case(film, masks.get(film.stem)) for film in sorted(films.glob("CHNCXR_*.png")))
    return Dataset("shenzhen", cases, tuple(_problems(cases, masks)))


def _masks(root: Path, base: Path) -> dict[str, Path]:
    """Mask files by film."""
    folders = [place / name for place in dict.fromkeys((root, base)) for name in MASKS]
    return {path.stem.removesuffix("_mask"): path for folder in folders for path in sorted(folder.glob("CHNCXR_*.png"))}


def _case(film: Path, mask: Path | None) -> Case:
    ill = {"0": False, "1": True}.get(film.stem.rpartition("_")[2])
    return Case(
        id=film.stem,
        patient=film.stem,
        dataset="shenzhen",
        targets=Targets(
            finding=ill,
            category=None if ill is None else "other" if ill else "healthy",
            lung_mask=partial(drawn_lungs, mask) if mask else None,
        ),
        meta=_reading(film.parent.parent / "ClinicalReadings" / f"{film.stem}.txt"),
        load=partial(read_raster, film),
    )


def _reading(path: Path) -> dict[str, object]:
    """Sex (M, F), age in years and the finding's text of a reading that begins `male 45yrs`."""
    if not path.is_file():
        return {}
    text = path.read_text("utf-8", errors="replace")
    about = ABOUT.search(text)
    finding = " ".join(ABOUT.sub("", text).split())
    told = {"sex": about[1][0].upper(), "age": int(about[2])} if about else {}
    return {**told, **({"finding": finding} if finding else {})}


def _problems(cases: tuple[Case, ...], masks: dict[str, Path]) -> Iterator[Problem]:
    yield Problem("shenzhen", "no patient ids: each film counts as one patient", bad=False)
    bare = sum(case.targets.lung_mask is None for case in cases)
    if bare:
        yield Problem("shenzhen", f"{bare} of {len(cases)} films have no lung mask (96 in the source)", bad=bare > 96)
    known = {case.id for case in cases}
    yield from (Problem(masks[name].name, "mask without a film") for name in sorted(set(masks) - known))
    for case in cases:
        if case.targets.finding is None:
            yield Problem(case.id, "the name does not end in _0 or _1: finding unknown")
