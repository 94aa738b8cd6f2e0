"""JSRT radiographs (154 with a lung nodule, 93 without) and the SCR masks of their lungs.

Layout: `[All247images/]JPCLN001.IMG` ... `JPCNN093.IMG`; `[scratch/ or annotations/]fold1/masks/` with `left lung/` and
`right lung/`, in each `JPCLN001.gif`, and `fold2/` the same. Masks are smaller than the films by a whole factor and are
enlarged to them, each mask pixel to a block. "Right lung" is the patient's right, at image-left; heart and mediastinum
are excluded. `meta["fold"]` is the SCR fold (1 trains, 2 tests in BS-Net). The masks may not be passed on.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import LUNG, Case, Image, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.image_files import first_found
from cxrbench.datasets.formats.lung_sides import LEFT, RIGHT
from cxrbench.errors import DataError
from cxrbench.imaging.radiograph.mask import read_mask

SIDE = 2048
FILMS = (*(f"JPCLN{i:03d}" for i in range(1, 155)), *(f"JPCNN{i:03d}" for i in range(1, 94)))
FOLDS = ("fold1", "fold2")
PLACES = ("scratch", "", "annotations", "scr")


@dataset_adapters.register("jsrt")
def jsrt(data: DataFolder) -> Dataset:
    """List the 247 films; the id is the file's stem, each film a patient of its own.

    Films and masks that are absent are reported.
    """
    root, _ = first_found(data, "jsrt", "All247images", "JPCLN001.IMG")
    films = _films(root)
    folds = {fold: folder for fold in FOLDS if (folder := _fold(root, fold))}
    cases = tuple(_case(name, films.get(name), folds) for name in FILMS)
    return Dataset("jsrt", cases, tuple(_problems(cases, folds)))


def _films(root: Path) -> dict[str, Path]:
    folder = root / "All247images"
    found = sorted((folder if folder.is_dir() else root).iterdir())
    return {path.stem.upper(): path for path in found if path.suffix.upper() == ".IMG"}


def _fold(root: Path, fold: str) -> Path | None:
    return next((path for place in PLACES if (path := root / place / fold / "masks").is_dir()), None)


def _case(name: str, film: Path | None, folds: dict[str, Path]) -> Case:
    found = next(((fold, pair) for fold, folder in folds.items() if (pair := _pair(folder, name))), None)
    nodule = name.startswith("JPCLN")
    return Case(
        id=name,
        patient=name,
        dataset="jsrt",
        targets=Targets(
            finding=nodule,
            category="other" if nodule else None,
            lung_mask=partial(scr_lungs, *found[1]) if found else None,
        ),
        meta={"fold": int(found[0][-1])} if found else {},
        load=partial(_read, film) if film else None,
    )


def _pair(folder: Path, name: str) -> tuple[Path, Path] | None:
    """The files of the right and the left lung."""
    right, left = (folder / f"{side} lung" / f"{name}.gif" for side in ("right", "left"))
    return (right, left) if right.is_file() and left.is_file() else None


def _read(film: Path) -> Image:
    from cxrbench.imaging.radiograph.raw import read_jsrt

    return read_jsrt(film)


def scr_lungs(right: Path, left: Path) -> NDArray[np.uint8]:
    """The two lungs of a film at its own size: uint8 `[2048, 2048]`, 1 right, 2 left, 3 where both claim a pixel.

    Raises `DataError` where a mask is damaged or is not 2048 pixels divided by a whole number.
    """
    sides = [_enlarged(path) for path in (right, left)]
    whole = np.zeros((SIDE, SIDE), np.uint8)
    whole[sides[0]], whole[sides[1]] = RIGHT, LEFT
    whole[sides[0] & sides[1]] = LUNG
    return whole


def _enlarged(path: Path) -> NDArray[np.bool_]:
    mask = read_mask(path) > 0
    height, width = mask.shape
    if height != width or SIDE % height:
        raise DataError(f"a mask of {height} x {width} for a film of {SIDE}", str(path), "use the SCR masks")
    factor = SIDE // height
    return mask.repeat(factor, axis=0).repeat(factor, axis=1)


def _problems(cases: tuple[Case, ...], folds: dict[str, Path]) -> Iterator[Problem]:
    yield Problem("jsrt", "no patient ids: each film counts as one patient", bad=False)
    yield from (Problem(case.id, "film absent") for case in cases if not case.available)
    yield from (Problem(fold, "SCR masks absent") for fold in FOLDS if fold not in folds)
    if len(folds) == len(FOLDS):
        bare = (case.id for case in cases if case.targets.lung_mask is None)
        yield from (Problem(f"{name}.gif", "a lung mask is absent from both folds") for name in bare)
