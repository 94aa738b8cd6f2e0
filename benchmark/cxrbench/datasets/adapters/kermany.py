"""Chest X-ray images of children (Kermany et al., Mendeley rscbjbr9sj; called CXN in COVIDx and by Danilov et al.).

Layout: `chest_xray/{train,val,test}/{NORMAL,PNEUMONIA}/<file>.jpeg`; some archives nest a second `chest_xray` and carry
a `__MACOSX` folder, which is passed over. The id is the path below that root; the patient is `person<N>` or
`IM-<N>`, with or without `NORMAL2` before it. There is no table: what lies in the folders is the set.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from cxrbench.case import Case, Category, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.image_files import first_found, raster

PARTS = ("train", "val", "test")
CLASSES: dict[str, Category] = {"NORMAL": "healthy", "PNEUMONIA": "other"}
PICTURE = re.compile(r"\.jpe?g$|\.png$", re.IGNORECASE)
PERSON = re.compile(r"person\d+|IM-\d+")
KIND = re.compile(r"virus|bacteria")


@dataset_adapters.register("kermany")
def kermany(data: DataFolder) -> Dataset:
    """List the films in their folders; `meta["subset"]` is the part as published, `meta["kind"]` virus or bacteria."""
    nested = ("chest_xray/train", "chest_xray/chest_xray/train", "train")
    root = first_found(data, "kermany", *nested)[1].parent
    problems = _strangers(root)
    cases = tuple(_case(root, path) for path in _pictures(root))
    unnamed = [case for case in cases if case.patient == f"image:{case.id}"]
    problems += [Problem(case.id, "the name tells no patient: counts as a patient of its own") for case in unnamed]
    return Dataset("kermany", cases, tuple(problems))


def _pictures(root: Path) -> Iterator[Path]:
    for part in PARTS:
        for name in CLASSES:
            folder = root / part / name
            yield from sorted(path for path in folder.glob("*") if PICTURE.search(path.name) and path.name[0] != ".")


def _strangers(root: Path) -> list[Problem]:
    """Absent folders of the layout, and folders that are no class."""
    expected = [f"{part}/{name}" for part in PARTS for name in CLASSES]
    lost = [Problem(folder, "absent: no case from it") for folder in expected if not (root / folder).is_dir()]
    found = [path.relative_to(root).as_posix() for part in PARTS for path in sorted((root / part).glob("*"))]
    extra = [name for name in found if name not in expected and not name.rpartition("/")[2].startswith(".")]
    return [*lost, *(Problem(name, "neither NORMAL nor PNEUMONIA: not listed") for name in extra)]


def _case(root: Path, path: Path) -> Case:
    name = path.relative_to(root).as_posix()
    person, kind, category = PERSON.search(path.name), KIND.search(path.name), CLASSES[path.parent.name]
    meta = {"subset": path.parent.parent.name, **({"kind": kind[0]} if kind else {})}
    return Case(
        id=name,
        patient=person[0] if person else f"image:{name}",
        dataset="kermany",
        targets=Targets(finding=category != "healthy", category=category),
        meta=meta,
        load=raster(path),
    )
