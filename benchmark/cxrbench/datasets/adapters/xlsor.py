"""XLSor (NIH): radiographs with lung masks. Synthetic abnormal ones have pseudo-masks; 100 real ones are for testing.

Layout: `train_list.txt` (one name per line, relative to the root), the PNG files that it names, and
`NIH/images/*.png`. The mask of a listed `a/b.png` is `a/b_mask.png`. For a name that begins with `Augmentation` it is
the first 17 characters and `_mask.png`: many synthetic radiographs share the mask of the normal radiograph that they
were made from, which a model predicted. Masks are 0 and 255 and have no sides. The place of the NIH masks is not
documented: any `<name>_mask.png`, or the same name in another folder, below `NIH/` is used.
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from cxrbench.case import Case, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.image_files import find_file, find_root, list_files, make_raster_loader
from cxrbench.datasets.formats.lung_sides import read_drawn_lungs

LIST = "train_list.txt"
SYNTHETIC, KEPT = "Augmentation", 17
"""How names of synthetic radiographs begin, and how many characters of a name identify its mask."""
NIH = re.compile(r"(\d{8})_\d{3}")


@dataset_adapters.register("xlsor")
def list_xlsor(data: DataFolder) -> Dataset:
    """List the radiographs of the list and those of `NIH/images`; the id is the path below the root, without `.png`.

    Synthetic radiographs that share a mask count as one patient, an NIH name gives the NIH patient, and every other
    radiograph is a patient of its own. Listed files and masks that are absent are reported.

    Args:
        data: The data folder.

    Returns:
        One case per radiograph.

    Raises:
        DataError: Neither the list nor the NIH images are there.
    """
    root, _ = find_root(data, "xlsor", LIST, "NIH/images")
    listed = _read_list(root)
    names = [name for name in dict.fromkeys(listed) if not name.startswith("NIH/images/")]
    cases = (*(_make_case(root, name, root / make_mask_name(name)) for name in names), *_list_nih_cases(root))
    problems = [Problem(name, "listed twice: one kept", bad=False) for name in names if listed.count(name) > 1]
    return Dataset("xlsor", cases, (*problems, *_list_problems(root, cases)))


def _read_list(root: Path) -> list[str]:
    path = root / LIST
    lines = path.read_text("utf-8-sig").splitlines() if path.is_file() else []
    return [PurePosixPath(line.strip()).as_posix() for line in lines if line.strip()]


def make_mask_name(name: str) -> str:
    """Make the name of a listed radiograph's mask.

    Args:
        name: The radiograph, relative to the root.

    Returns:
        The mask, relative to the root.

    Example:
        >>> make_mask_name("Augmentation/0001_07.png"), make_mask_name("JSRT/a.png")
        ('Augmentation/0001_mask.png', 'JSRT/a_mask.png')
    """
    return f"{name[:KEPT] if name.startswith(SYNTHETIC) else name.removesuffix('.png')}_mask.png"


def _list_nih_cases(root: Path) -> Iterator[Case]:
    """The real NIH radiographs, with masks by name from any folder of theirs."""
    images = root / "NIH" / "images"
    below = sorted((root / "NIH").rglob("*.png"))
    masks = {path.stem.removesuffix("_mask"): path for path in below if path.parent != images}
    masks |= {path.stem.removesuffix("_mask"): path for path in below if path.stem.endswith("_mask")}
    for image in sorted(images.glob("*.png")):
        if not image.stem.endswith("_mask"):
            yield _make_case(root, image.relative_to(root).as_posix(), masks.get(image.stem))


def _make_case(root: Path, name: str, place: Path | None) -> Case:
    image, mask = find_file(root / name), find_file(place)
    synthetic, number = name.startswith(SYNTHETIC), NIH.search(PurePosixPath(name).name)
    unnamed = f"synthetic:{name[:KEPT]}" if synthetic else f"image:{name}"
    return Case(
        id=name.removesuffix(".png"),
        patient=f"nih:{int(number[1])}" if number and not synthetic else unnamed,
        dataset="xlsor",
        targets=Targets(lung_mask=partial(read_drawn_lungs, mask) if mask else None),
        meta={"synthetic": synthetic},
        load=make_raster_loader(image),
        files=list_files(image),
        mask_files=list_files(mask),
    )


def _list_problems(root: Path, cases: tuple[Case, ...]) -> Iterator[Problem]:
    if not (root / LIST).is_file():
        yield Problem(LIST, "absent: only the NIH radiographs are listed")
    for case in cases:
        if not case.available:
            yield Problem(f"{case.id}.png", "listed but absent")
        if case.targets.lung_mask is None:
            yield Problem(case.id, "lung mask absent")
    unknown = sum(case.patient.startswith("image:") for case in cases)
    if unknown:
        yield Problem("xlsor", f"{unknown} radiographs of unknown patients: each counts as one", bad=False)
