"""COVID-19 Radiography Database (Qatar University and others; called CRD).

Layout: `COVID-19_Radiography_Dataset/<class>/{images,masks}/<Class>-<N>.png`, the classes COVID, Lung_Opacity, Normal
and Viral Pneumonia. The id is the path below that root. The patients are unknown, and the set is built from RSNA,
Kermany, Cohen and others. Each image therefore counts as a patient of its own, which is reported: no split of this
set can be shown to be disjoint in patients.
"""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import LUNG, Case, Category, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.findings import to_finding
from cxrbench.datasets.formats.image_files import (
    find_file,
    find_root,
    list_files,
    list_names,
    make_raster_loader,
    read_image_size,
)
from cxrbench.imaging.radiograph.mask import read_mask

CLASSES: dict[str, Category] = {
    "COVID": "covid",
    "Lung_Opacity": "other",
    "Viral Pneumonia": "other",
    "Normal": "healthy",
}
ROOT = "COVID-19_Radiography_Dataset"


@dataset_adapters.register("covid-19-radiography")
def list_covid19_radiography(data: DataFolder) -> Dataset:
    """List the radiographs of the four classes; masks are used where they have the size of the images.

    The size is compared for the first mask of a class only, so that 21,000 files need not be opened.

    Args:
        data: The data folder.

    Returns:
        One case per image, class by class.

    Raises:
        DataError: The dataset is not there.
    """
    root = find_root(data, "covid-19-radiography", f"{ROOT}/COVID", "COVID")[1].parent
    unknown = "the patients are unknown: each image counts as a patient of its own"
    problems, cases = [Problem(ROOT, unknown, bad=False)], []
    for name in CLASSES:
        class_cases, class_problems = _list_class(root, name)
        cases += class_cases
        problems += class_problems
    return Dataset("covid-19-radiography", tuple(cases), tuple(problems))


def _list_class(root: Path, name: str) -> tuple[list[Case], list[Problem]]:
    images, masks = root / name / "images", root / name / "masks"
    pictures = sorted(file for file in list_names(images) if file.lower().endswith(".png"))
    if not pictures:
        return [], [Problem(f"{name}/images", "absent or without images: no case from it")]
    drawn = list_names(masks) & set(pictures)
    problems = [
        Problem(f"{name}/masks/{file}", "mask absent", bad=False) for file in pictures if drawn and file not in drawn
    ]
    if drawn and (reason := _compare_sizes(images, masks, min(drawn))):
        drawn = frozenset()
        problems.append(Problem(f"{name}/masks", reason, bad=False))
    return [_make_case(root, images / file, masks / file if file in drawn else None) for file in pictures], problems


def _compare_sizes(images: Path, masks: Path, file: str) -> str | None:
    image, mask = read_image_size(images / file), read_image_size(masks / file)
    if image == mask:
        return None
    return f"masks of {mask[0]} x {mask[1]} pixels, images of {image[0]} x {image[1]}: not used"


def _make_case(root: Path, path: Path, mask: Path | None) -> Case:
    name, image = path.relative_to(root).as_posix(), find_file(path)
    category = CLASSES[path.parent.parent.name]
    return Case(
        id=name,
        patient=f"image:{name}",
        dataset="covid-19-radiography",
        targets=Targets(
            category=category,
            finding=to_finding(category),
            lung_mask=partial(_read_lungs, mask) if mask else None,
        ),
        meta={"class": path.parent.parent.name},
        load=make_raster_loader(image),
        files=list_files(image),
        mask_files=list_files(mask),
    )


def _read_lungs(path: Path) -> NDArray[np.uint8]:
    """uint8 `[H, W]`: 3 where the mask is not 0; the sides are unknown."""
    return (read_mask(path) > 0).astype(np.uint8) * np.uint8(LUNG)
