"""Chest X-ray images of children (Kermany et al., Mendeley rscbjbr9sj; called CXN in COVIDx and by Danilov et al.).

Layout: `chest_xray/{train,val,test}/{NORMAL,PNEUMONIA}/<file>.jpeg`; some archives nest a second `chest_xray` and have
a `__MACOSX` folder, which is skipped. The id is the path below that root; the patient is `person<N>` or `IM-<N>`, with
or without `NORMAL2` before it. There is no table: the files in the folders are the set.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from cxrbench.case import Case, Category, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.findings import to_finding
from cxrbench.datasets.formats.image_files import find_file, find_root, list_files, make_raster_loader

PARTS = ("train", "val", "test")
CLASSES: dict[str, Category] = {"NORMAL": "healthy", "PNEUMONIA": "other"}
PICTURE = re.compile(r"\.jpe?g$|\.png$", re.IGNORECASE)
PERSON = re.compile(r"person\d+|IM-\d+")
KIND = re.compile(r"virus|bacteria")


@dataset_adapters.register("kermany")
def list_kermany(data: DataFolder) -> Dataset:
    """List the radiographs in their folders.

    Args:
        data: The data folder.

    Returns:
        One case per file; `meta["subset"]` is the part as published, `meta["kind"]` virus or bacteria.

    Raises:
        DataError: The dataset is not there.
    """
    nested = ("chest_xray/train", "chest_xray/chest_xray/train", "train")
    root = find_root(data, "kermany", *nested)[1].parent
    problems = _check_folders(root)
    cases = tuple(_make_case(root, path) for path in _find_images(root))
    unnamed = [case for case in cases if case.patient == f"image:{case.id}"]
    problems += [Problem(case.id, "no patient in the file name: counts as a patient of its own") for case in unnamed]
    return Dataset("kermany", cases, tuple(problems))


def _find_images(root: Path) -> Iterator[Path]:
    for part in PARTS:
        for name in CLASSES:
            folder = root / part / name
            yield from sorted(path for path in folder.glob("*") if PICTURE.search(path.name) and path.name[0] != ".")


def _check_folders(root: Path) -> list[Problem]:
    """Absent folders of the layout, and folders that are no class."""
    expected = [f"{part}/{name}" for part in PARTS for name in CLASSES]
    lost = [Problem(folder, "absent: no case from it") for folder in expected if not (root / folder).is_dir()]
    present = [path.relative_to(root).as_posix() for part in PARTS for path in sorted((root / part).glob("*"))]
    extra = [name for name in present if name not in expected and not name.rpartition("/")[2].startswith(".")]
    return [*lost, *(Problem(name, "neither NORMAL nor PNEUMONIA: not listed") for name in extra)]


def _make_case(root: Path, path: Path) -> Case:
    name, image = path.relative_to(root).as_posix(), find_file(path)
    person, kind, category = PERSON.search(path.name), KIND.search(path.name), CLASSES[path.parent.name]
    return Case(
        id=name,
        patient=person[0] if person else f"image:{name}",
        dataset="kermany",
        targets=Targets(finding=to_finding(category), category=category),
        meta={"subset": path.parent.parent.name, **({"kind": kind[0]} if kind else {})},
        load=make_raster_loader(image),
        files=list_files(image),
    )
