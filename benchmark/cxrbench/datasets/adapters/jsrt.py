"""JSRT radiographs (154 with a lung nodule, 93 without) and the SCR masks of their lungs.

Layout: `[All247images/]JPCLN001.IMG` ... `JPCNN093.IMG`; `[scratch/ or annotations/]fold1/masks/` with `left lung/` and
`right lung/`, in each `JPCLN001.gif`, and `fold2/` the same. Masks are smaller than the radiographs by an integer
factor and are enlarged, each mask pixel to a block. "Right lung" is the patient's right, at image-left; heart and
mediastinum are excluded. `meta["fold"]` is the SCR fold (1 trains, 2 tests in BS-Net). The masks may not be
redistributed.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import LUNG, Case, Image, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.image_files import find_root, list_files
from cxrbench.datasets.formats.lung_sides import LEFT, RIGHT
from cxrbench.errors import DataError
from cxrbench.imaging.radiograph.mask import read_mask

SIDE = 2048
NAMES = (*(f"JPCLN{i:03d}" for i in range(1, 155)), *(f"JPCNN{i:03d}" for i in range(1, 94)))
FOLDS = ("fold1", "fold2")
PLACES = ("scratch", "", "annotations", "scr")


@dataset_adapters.register("jsrt")
def list_jsrt(data: DataFolder) -> Dataset:
    """List the 247 radiographs; the id is the file's stem, each radiograph a patient of its own.

    Args:
        data: The data folder.

    Returns:
        247 cases; radiographs and masks that are absent are reported.

    Raises:
        DataError: No radiograph is there.
    """
    root, _ = find_root(data, "jsrt", "All247images", "JPCLN001.IMG")
    images = _find_images(root)
    folds = {fold: folder for fold in FOLDS if (folder := _find_fold(root, fold))}
    cases = tuple(_make_case(name, images.get(name), folds) for name in NAMES)
    return Dataset("jsrt", cases, tuple(_list_problems(cases, folds)))


def _find_images(root: Path) -> dict[str, Path]:
    folder = root / "All247images"
    paths = sorted((folder if folder.is_dir() else root).iterdir())
    return {path.stem.upper(): path for path in paths if path.suffix.upper() == ".IMG"}


def _find_fold(root: Path, fold: str) -> Path | None:
    return next((path for place in PLACES if (path := root / place / fold / "masks").is_dir()), None)


def _make_case(name: str, image: Path | None, folds: dict[str, Path]) -> Case:
    masks = {fold: pair for fold, folder in folds.items() if (pair := _find_mask_pair(folder, name))}
    fold = next(iter(masks), None)
    nodule = name.startswith("JPCLN")
    return Case(
        id=name,
        patient=name,
        dataset="jsrt",
        targets=Targets(
            finding=nodule,
            category="other" if nodule else None,
            lung_mask=partial(read_scr_lungs, *masks[fold]) if fold else None,
        ),
        meta={"fold": int(fold[-1])} if fold else {},
        load=partial(_read_image, image) if image else None,
        files=list_files(image),
        mask_files=masks[fold] if fold else (),
    )


def _find_mask_pair(folder: Path, name: str) -> tuple[Path, Path] | None:
    """The files of the right and the left lung."""
    right, left = (folder / f"{side} lung" / f"{name}.gif" for side in ("right", "left"))
    return (right, left) if right.is_file() and left.is_file() else None


def _read_image(path: Path) -> Image:
    from cxrbench.imaging.radiograph.raw import read_jsrt

    return read_jsrt(path)


def read_scr_lungs(right: Path, left: Path) -> NDArray[np.uint8]:
    """Read the two lungs of a radiograph at its full size.

    Args:
        right: The mask of the right lung.
        left: The mask of the left lung.

    Returns:
        uint8 `[2048, 2048]`: 0 background, 1 right, 2 left, 3 where a pixel is in both masks.

    Raises:
        DataError: A mask is damaged, or its size is not 2048 pixels divided by an integer.
    """
    sides = [_enlarge_mask(path) for path in (right, left)]
    lungs = np.zeros((SIDE, SIDE), np.uint8)
    lungs[sides[0]], lungs[sides[1]] = RIGHT, LEFT
    lungs[sides[0] & sides[1]] = LUNG
    return lungs


def _enlarge_mask(path: Path) -> NDArray[np.bool_]:
    mask = read_mask(path) > 0
    height, width = mask.shape
    if height != width or SIDE % height:
        raise DataError(f"a mask of {height} x {width} for a radiograph of {SIDE}", str(path), "use the SCR masks")
    factor = SIDE // height
    return mask.repeat(factor, axis=0).repeat(factor, axis=1)


def _list_problems(cases: tuple[Case, ...], folds: dict[str, Path]) -> Iterator[Problem]:
    yield Problem("jsrt", "no patient ids: each radiograph counts as one patient", bad=False)
    yield from (Problem(case.id, "radiograph absent") for case in cases if not case.available)
    yield from (Problem(fold, "SCR masks absent") for fold in FOLDS if fold not in folds)
    if len(folds) == len(FOLDS):
        bare = (case.id for case in cases if case.targets.lung_mask is None)
        yield from (Problem(f"{name}.gif", "a lung mask is absent from both folds") for name in bare)
