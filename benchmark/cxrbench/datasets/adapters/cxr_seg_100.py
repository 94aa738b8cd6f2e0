"""COVID-19 chest X-ray segmentations (github GeneralBlockchain): lungs and opacities drawn on 100 Cohen radiographs.

Layout: `structure.csv` (one row per object), `metadata.csv` (a Cohen table, for the patients), `masks/*.png` (crops,
placed with their upper-left corner at (`Left`, `Top`) of an image of `Resolution` width x height; a pixel was drawn
where any colour is above 0, for alpha is opaque everywhere), `images/*.jpg`. Where the images are absent, those in
`cohen/images` are used. The id is `Filename`.

The lesion mask unites ground-glass opacities and consolidation, clipped to the lungs where lungs were drawn; pleural
effusion is no lesion.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from cxrbench.case import Case, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.adapters.cohen.table import read_patients_by_file
from cxrbench.datasets.formats.csv_table import Row, drop_duplicates, read_rows
from cxrbench.datasets.formats.drawn_masks import DrawnMasks, compare_sizes, place_crop
from cxrbench.datasets.formats.image_files import find_file, list_absent_images, list_files, make_raster_loader
from cxrbench.datasets.formats.lung_sides import merge_lungs
from cxrbench.errors import DataError

COLUMNS = ("#", "Class", "Filename", "Image", "Mask", "Resolution", "Top", "Left")
PREFIX = "COVID-19 "
LUNGS = ("Right Lung", "Left Lung")
LESIONS = ("Ground Glass Opacities", "Consolidation")
OTHERS = (
    *("Airways", "Cardiomediastinum", "Pleural Effusion", "Pneumothorax"),
    *("Central Venous Line", "Endotracheal Tube", "Monitoring Probes", "Nosogastric Tube", "Tubings"),
)


@dataclass(frozen=True, slots=True)
class Crop:
    """One object: its class, its mask file (None where the row has none), and its upper-left corner in pixels."""

    name: str
    file: Path | None
    top: int
    left: int


@dataclass(frozen=True, slots=True)
class AnnotatedRadiograph:
    """What was drawn on one radiograph of `height` x `width` pixels."""

    height: int
    width: int
    crops: tuple[Crop, ...]

    @property
    def names(self) -> frozenset[str]:
        """The classes that occur with a mask."""
        return frozenset(crop.name for crop in self.crops if crop.file)

    def list_files(self, names: Sequence[str]) -> tuple[Path, ...]:
        """List the mask files of some classes.

        Args:
            names: The classes.

        Returns:
            The files in the order of the table.
        """
        return tuple(crop.file for crop in self.crops if crop.file and crop.name in names)


@dataset_adapters.register("cxr-seg-100")
def list_cxr_seg_100(data: DataFolder) -> Dataset:
    """List the radiographs; one whose rows contradict each other is left out, masks that cannot be used are reported.

    Args:
        data: The data folder.

    Returns:
        One case per radiograph, in the order of the table.

    Raises:
        DataError: The table or a column is missing.
    """
    root = data.root("cxr-seg-100", "structure.csv")
    table = read_rows(root / "structure.csv", COLUMNS)
    rows, problems = drop_duplicates(table, lambda row: row["#"], "structure.csv")
    rows_by_name: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        rows_by_name[row["Filename"]].append(row)
    metadata = root / "metadata.csv"
    patients = read_patients_by_file(metadata) if metadata.is_file() else {}
    cases = []
    for name, objects in rows_by_name.items():
        try:
            radiograph = _make_radiograph(root, objects)
        except ValueError as error:
            problems.append(Problem(name, f"{error}: left out"))
            continue
        image = _find_image(root, objects[0], data)
        masks = _find_masks(name, radiograph, image)
        problems += masks.problems
        cases.append(_make_case(name, patients, masks, image))
    problems += [
        Problem(f"structure.csv:{row['#']}", f"{row['Class']}: no mask", bad=False) for row in rows if not row["Mask"]
    ]
    absent = list_absent_images(root / "images", cases)
    return Dataset("cxr-seg-100", tuple(cases), (*problems, *_list_unknown_patients(cases), *absent))


def _make_radiograph(root: Path, rows: Sequence[Row]) -> AnnotatedRadiograph:
    """Raises `ValueError` where the rows of one radiograph disagree or hold no numbers."""
    if len({(row["Image"], row["Resolution"]) for row in rows}) > 1:
        raise ValueError("rows give several images or sizes")
    width, height = map(int, rows[0]["Resolution"].split("x"))
    return AnnotatedRadiograph(height, width, tuple(_make_crop(root, row) for row in rows))


def _make_crop(root: Path, row: Row) -> Crop:
    file = root / row["Mask"] if row["Mask"] else None
    return Crop(row["Class"].removeprefix(PREFIX), file, int(row["Top"]), int(row["Left"]))


def _find_image(root: Path, row: Row, data: DataFolder) -> Path | None:
    cohen = data.sibling("cohen/images")
    return find_file(root / row["Image"], cohen / row["Filename"] if cohen else None)


def _find_masks(name: str, radiograph: AnnotatedRadiograph, image: Path | None) -> DrawnMasks:
    try:
        reason = _find_fault(radiograph, image)
    except DataError as error:
        reason = error.what
    if reason:
        return DrawnMasks(problems=(Problem(name, f"{reason}: masks not used"),))
    missing = [lung for lung in LUNGS if lung not in radiograph.names]
    return DrawnMasks(
        lungs=partial(combine_lung_masks, radiograph) if len(missing) < len(LUNGS) else None,
        lesions=partial(combine_lesion_masks, radiograph),
        problems=tuple(Problem(name, f"{lung.lower()} not drawn", bad=False) for lung in missing),
        files=radiograph.list_files((*LUNGS, *LESIONS)),
    )


def _find_fault(radiograph: AnnotatedRadiograph, image: Path | None) -> str | None:
    if unknown := sorted({crop.name for crop in radiograph.crops} - {*LUNGS, *LESIONS, *OTHERS}):
        return f"unknown class {', '.join(unknown)}"
    if lost := [crop.file.name for crop in radiograph.crops if crop.file and not crop.file.is_file()]:
        return f"mask file absent ({lost[0]})"
    return compare_sizes("masks for", (radiograph.height, radiograph.width), image)


def combine_lung_masks(radiograph: AnnotatedRadiograph) -> NDArray[np.uint8]:
    """Combine the masks of the lungs.

    Args:
        radiograph: What was drawn.

    Returns:
        uint8 `[H, W]`: 0 background, 1 the right lung, 2 the left. Where both were drawn: the left.

    Raises:
        DataError: A mask cannot be decoded or leaves the image.
    """
    right, left = (_combine_crops(radiograph, [name]) for name in LUNGS)
    return merge_lungs(right, left)


def combine_lesion_masks(radiograph: AnnotatedRadiograph) -> NDArray[np.bool_]:
    """Combine the masks of ground glass and consolidation.

    Args:
        radiograph: What was drawn.

    Returns:
        bool `[H, W]`, clipped to the lungs where lungs were drawn.

    Raises:
        DataError: A mask cannot be decoded or leaves the image.
    """
    lesions = _combine_crops(radiograph, LESIONS)
    return lesions & (combine_lung_masks(radiograph) > 0) if radiograph.names & set(LUNGS) else lesions


def _combine_crops(radiograph: AnnotatedRadiograph, names: Sequence[str]) -> NDArray[np.bool_]:
    mask = np.zeros((radiograph.height, radiograph.width), bool)
    for crop in radiograph.crops:
        if crop.name in names and crop.file:
            place_crop(mask, _decode_crop(crop.file), crop.top, crop.left, crop.file)
    return mask


def _decode_crop(path: Path) -> NDArray[np.bool_]:
    try:
        with Pillow.open(path) as picture:
            return np.asarray(np.asarray(picture.convert("RGB")).any(-1))
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError) as error:
        raise DataError(f"mask cannot be decoded ({error})", str(path), "fetch the file again") from error


def _list_unknown_patients(cases: Sequence[Case]) -> list[Problem]:
    reason = "not in metadata.csv: counts as a patient of its own"
    return [Problem(case.id, reason, bad=False) for case in cases if case.patient == f"image:{case.id}"]


def _make_case(name: str, patients: Mapping[str, str], masks: DrawnMasks, image: Path | None) -> Case:
    return Case(
        id=name,
        patient=patients.get(name, f"image:{name}"),
        dataset="cxr-seg-100",
        targets=Targets(lung_mask=masks.lungs, lesion_mask=masks.lesions),
        load=make_raster_loader(image),
        files=list_files(image),
        mask_files=masks.files,
    )
