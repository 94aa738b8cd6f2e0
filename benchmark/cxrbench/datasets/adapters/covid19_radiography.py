"""COVID-19 Radiography Database (Qatar University and others; called CRD).

Layout: `COVID-19_Radiography_Dataset/<class>/{images,masks}/<Class>-<N>.png`, the classes COVID, Lung_Opacity, Normal
and Viral Pneumonia. The id is the path below that root. Nothing tells the patients, and the set is built from RSNA,
Kermany, Cohen and others: each image counts as a patient of its own, which is reported, so no split of this set is
known to be disjoint in patients.
"""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import LUNG, Case, Category, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.image_files import first_found, names_in, picture_size, raster
from cxrbench.imaging.radiograph.mask import read_mask

CLASSES: dict[str, Category] = {
    "COVID": "covid",
    "Lung_Opacity": "other",
    "Viral Pneumonia": "other",
    "Normal": "healthy",
}
ROOT = "COVID-19_Radiography_Dataset"


@dataset_adapters.register("covid-19-radiography")
def covid19_radiography(data: DataFolder) -> Dataset:
    """List the films of the four classes; masks are used where they have the size of their class's images.

    The size is compared for the first mask of a class, so that 21,000 files need not be opened.
    """
    root = first_found(data, "covid-19-radiography", f"{ROOT}/COVID", "COVID")[1].parent
    unknown = "no patient is told: each image counts as a patient of its own"
    problems, cases = [Problem(ROOT, unknown, bad=False)], []
    for name in CLASSES:
        found, own = _class(root, name)
        cases += found
        problems += own
    return Dataset("covid-19-radiography", tuple(cases), tuple(problems))


def _class(root: Path, name: str) -> tuple[list[Case], list[Problem]]:
    images, masks = root / name / "images", root / name / "masks"
    pictures = sorted(file for file in names_in(images) if file.lower().endswith(".png"))
    if not pictures:
        return [], [Problem(f"{name}/images", "absent or without images: no case from it")]
    drawn = names_in(masks) & set(pictures)
    problems = [
        Problem(f"{name}/masks/{file}", "mask absent", bad=False) for file in pictures if drawn and file not in drawn
    ]
    if drawn and (reason := _misfit(images, masks, min(drawn))):
        drawn = frozenset()
        problems.append(Problem(f"{name}/masks", reason, bad=False))
    return [_case(root, images / file, masks / file if file in drawn else None) for file in pictures], problems


def _misfit(images: Path, masks: Path, file: str) -> str | None:
    image, mask = picture_size(images / file), picture_size(masks / file)
    if image == mask:
        return None
    return f"masks of {mask[0]} x {mask[1]} pixels, images of {image[0]} x {image[1]}: not used"


def _case(root: Path, path: Path, mask: Path | None) -> Case:
    name = path.relative_to(root).as_posix()
    category = CLASSES[path.parent.parent.name]
    return Case(
        id=name,
        patient=f"image:{name}",
        dataset="covid-19-radiography",
        targets=Targets(
            category=category,
            finding=category != "healthy",
            lung_mask=partial(_lungs, mask) if mask else None,
        ),
        meta={"class": path.parent.parent.name},
        load=raster(path),
    )


def _lungs(path: Path) -> NDArray[np.uint8]:
    """Uint8 `[H, W]`: 3 where the mask is not 0; the sides are not told."""
    return (read_mask(path) > 0).astype(np.uint8) * np.uint8(LUNG)
