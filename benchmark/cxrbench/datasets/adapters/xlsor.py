"""XLSor (NIH): radiographs with lung masks; synthetic abnormal films with pseudo-masks, and 100 real ones for testing.

Layout: `train_list.txt` (a name a line, relative to the root), the PNG files that it names, and `NIH/images/*.png`. The
mask of a listed `a/b.png` is `a/b_mask.png`; for a name that begins with `Augmentation` it is the first 17 characters
and `_mask.png`: many synthetic films share the mask of the normal film that they were made from, which a model drew.
Masks are 0 and 255 and tell no sides. The place of the NIH masks is not documented: any `<name>_mask.png`, or the same
name in another folder, below `NIH/` is taken.
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from cxrbench.case import Case, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.image_files import first_found
from cxrbench.datasets.formats.lung_sides import drawn_lungs
from cxrbench.imaging.radiograph.raster import read_raster

LIST = "train_list.txt"
SYNTHETIC, KEPT = "Augmentation", 17
"""How names of synthetic films begin, and how many characters of one name its mask."""
NIH = re.compile(r"(\d{8})_\d{3}")


@dataset_adapters.register("xlsor")
def xlsor(data: DataFolder) -> Dataset:
    """List the films of the list and those of `NIH/images`; the id is the path below the root, without `.png`.

    Synthetic films that share a mask count as one patient; an NIH name gives the NIH patient; other films are patients
    of their own. Listed files and masks that are absent are reported.
    """
    root, _ = first_found(data, "xlsor", LIST, "NIH/images")
    listed = _listed(root)
    films = {name: mask_name(name) for name in dict.fromkeys(listed) if not name.startswith("NIH/images/")}
    cases = (*(_case(root, name, root / mask) for name, mask in films.items()), *_nih(root))
    problems = [Problem(name, "listed twice: one kept", bad=False) for name in films if listed.count(name) > 1]
    return Dataset("xlsor", cases, (*problems, *_problems(root, cases)))


def _listed(root: Path) -> list[str]:
    path = root / LIST
    lines = path.read_text("utf-8-sig").splitlines() if path.is_file() else []
    return [PurePosixPath(line.strip()).as_posix() for line in lines if line.strip()]


def mask_name(name: str) -> str:
    """The mask of a listed film, relative to the root.

    >>> mask_name("Augmentation/0001_07.png"), mask_name("JSRT/a.png")
    ('Augmentation/0001_mask.png', 'JSRT/a_mask.png')
    """
    return f"{name[:KEPT] if name.startswith(SYNTHETIC) else name.removesuffix('.png')}_mask.png"


def _nih(root: Path) -> Iterator[Case]:
    """The real NIH films, with masks by name from any folder of theirs."""
    images = root / "NIH" / "images"
    below = sorted((root / "NIH").rglob("*.png"))
    masks = {path.stem.removesuffix("_mask"): path for path in below if path.parent != images}
    masks |= {path.stem.removesuffix("_mask"): path for path in below if path.stem.endswith("_mask")}
    for film in sorted(images.glob("*.png")):
        if not film.stem.endswith("_mask"):
            yield _case(root, film.relative_to(root).as_posix(), masks.get(film.stem))


def _case(root: Path, name: str, mask: Path | None) -> Case:
    film, synthetic, number = root / name, name.startswith(SYNTHETIC), NIH.search(PurePosixPath(name).name)
    own = f"synthetic:{name[:KEPT]}" if synthetic else f"image:{name}"
    return Case(
        id=name.removesuffix(".png"),
        patient=f"nih:{int(number[1])}" if number and not synthetic else own,
        dataset="xlsor",
        targets=Targets(lung_mask=partial(drawn_lungs, mask) if mask and mask.is_file() else None),
        meta={"synthetic": synthetic},
        load=partial(read_raster, film) if film.is_file() else None,
    )


def _problems(root: Path, cases: tuple[Case, ...]) -> Iterator[Problem]:
    if not (root / LIST).is_file():
        yield Problem(LIST, "absent: only the NIH films are listed")
    for case in cases:
        if not case.available:
            yield Problem(f"{case.id}.png", "listed but absent")
        if case.targets.lung_mask is None:
            yield Problem(case.id, "lung mask absent")
    alone = sum(case.patient.startswith("image:") for case in cases)
    if alone:
        yield Problem("xlsor", f"{alone} films of unknown patients: each counts as one", bad=False)
