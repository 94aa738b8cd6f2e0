"""COVID-19 chest X-ray segmentations (github GeneralBlockchain): 100 Cohen films with drawn lungs and opacities.

Layout: `structure.csv` (a row an object), `metadata.csv` (a Cohen table, for the patients), `masks/*.png` (crops,
placed with their upper-left corner at (`Left`, `Top`) of an image of `Resolution` width x height; drawn where any
colour is above 0, for alpha is opaque all over), `images/*.jpg`. Where the images are absent, those in `cohen/images`
are used. The id is `Filename`.

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
from cxrbench.datasets.adapters.cohen.table import patients_by_file
from cxrbench.datasets.formats.csv_table import Row, distinct, read_rows
from cxrbench.datasets.formats.image_files import absent, picture_size, raster
from cxrbench.errors import DataError

COLUMNS = ("#", "Class", "Filename", "Image", "Mask", "Resolution", "Top", "Left")
PREFIX = "COVID-19 "
LUNGS = {"Right Lung": 1, "Left Lung": 2}
LESIONS = ("Ground Glass Opacities", "Consolidation")
OTHERS = (
    *("Airways", "Cardiomediastinum", "Pleural Effusion", "Pneumothorax"),
    *("Central Venous Line", "Endotracheal Tube", "Monitoring Probes", "Nosogastric Tube", "Tubings"),
)


@dataclass(frozen=True, slots=True)
class Crop:
    """One object: its class, its mask's file (None where the row has none), and where its corner lies."""

    name: str
    file: Path | None
    top: int
    left: int


@dataclass(frozen=True, slots=True)
class Film:
    """What was drawn on one image of `height` x `width` pixels."""

    height: int
    width: int
    crops: tuple[Crop, ...]

    @property
    def names(self) -> frozenset[str]:
        """The classes that occur with a mask."""
        return frozenset(crop.name for crop in self.crops if crop.file)


@dataset_adapters.register("cxr-seg-100")
def cxr_seg_100(data: DataFolder) -> Dataset:
    """List the films; rows of one film that contradict one another leave it out, unusable masks are reported."""
    root = data.root("cxr-seg-100", "structure.csv")
    rows, problems = distinct(read_rows(root / "structure.csv", COLUMNS), lambda row: row["#"], "structure.csv")
    of_film: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        of_film[row["Filename"]].append(row)
    table = root / "metadata.csv"
    patients = patients_by_file(table) if table.is_file() else {}
    cases = []
    for name, own in of_film.items():
        try:
            film = _film(root, own)
        except ValueError as error:
            problems.append(Problem(name, f"{error}: left out"))
            continue
        image = _image(root, own[0], data)
        targets, found = _targets(name, film, image)
        problems += found
        cases.append(_case(name, patients, targets, image))
    problems += [
        Problem(f"structure.csv:{row['#']}", f"{row['Class']}: no mask", bad=False) for row in rows if not row["Mask"]
    ]
    return Dataset("cxr-seg-100", tuple(cases), (*problems, *_unknown(cases), *absent(root / "images", cases)))


def _film(root: Path, rows: Sequence[Row]) -> Film:
    """Raises `ValueError` where rows of one film disagree or hold no numbers."""
    if len({(row["Image"], row["Resolution"]) for row in rows}) > 1:
        raise ValueError("rows give several images or sizes")
    width, height = map(int, rows[0]["Resolution"].split("x"))
    return Film(height, width, tuple(_crop(root, row) for row in rows))


def _crop(root: Path, row: Row) -> Crop:
    file = root / row["Mask"] if row["Mask"] else None
    return Crop(row["Class"].removeprefix(PREFIX), file, int(row["Top"]), int(row["Left"]))


def _image(root: Path, row: Row, data: DataFolder) -> Path | None:
    cohen = data.sibling("cohen/images")
    places = (root / row["Image"], *((cohen / row["Filename"],) if cohen else ()))
    return next((place for place in places if place.is_file()), None)


def _targets(name: str, film: Film, image: Path | None) -> tuple[Targets, list[Problem]]:
    try:
        reason = _fault(film, image)
    except DataError as error:
        reason = error.what
    if reason:
        return Targets(), [Problem(name, f"{reason}: masks not used")]
    missing = [lung for lung in LUNGS if lung not in film.names]
    drawn = len(missing) < len(LUNGS)
    targets = Targets(
        lung_mask=partial(lung_mask, film) if drawn else None,
        lesion_mask=partial(lesion_mask, film),
    )
    return targets, [Problem(name, f"{lung.lower()} not drawn", bad=False) for lung in missing]


def _fault(film: Film, image: Path | None) -> str | None:
    if strange := sorted({crop.name for crop in film.crops} - {*LUNGS, *LESIONS, *OTHERS}):
        return f"unknown class {', '.join(strange)}"
    if lost := [crop.file.name for crop in film.crops if crop.file and not crop.file.is_file()]:
        return f"mask file absent ({lost[0]})"
    if image is not None and (size := picture_size(image)) != (film.height, film.width):
        return f"masks for {film.height} x {film.width} pixels, image of {size[0]} x {size[1]}"
    return None


def lung_mask(film: Film) -> NDArray[np.uint8]:
    """0 background, 1 the right lung, 2 the left; uint8 `[H, W]`. Where both were drawn: the left."""
    mask = np.zeros((film.height, film.width), np.uint8)
    for name, value in LUNGS.items():
        mask[_united(film, [name])] = value
    return mask


def lesion_mask(film: Film) -> NDArray[np.bool_]:
    """Ground glass and consolidation, bool `[H, W]`, clipped to the lungs where lungs were drawn."""
    lesions = _united(film, LESIONS)
    return lesions & (lung_mask(film) > 0) if film.names & set(LUNGS) else lesions


def _united(film: Film, names: Sequence[str]) -> NDArray[np.bool_]:
    out = np.zeros((film.height, film.width), bool)
    for crop in film.crops:
        if crop.name in names and crop.file:
            drawn = _decoded(crop.file)
            rows, columns = drawn.shape
            place = out[crop.top : crop.top + rows, crop.left : crop.left + columns]
            if min(crop.top, crop.left) < 0 or place.shape != drawn.shape:
                raise DataError("a mask leaves its image", str(crop.file), "use the official file")
            place |= drawn
    return out


def _decoded(path: Path) -> NDArray[np.bool_]:
    try:
        with Pillow.open(path) as picture:
            return np.asarray(np.asarray(picture.convert("RGB")).any(-1))
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError) as error:
        raise DataError(f"mask cannot be decoded ({error})", str(path), "fetch the file again") from error


def _unknown(cases: Sequence[Case]) -> list[Problem]:
    reason = "not in metadata.csv: counts as a patient of its own"
    return [Problem(case.id, reason, bad=False) for case in cases if case.patient == f"image:{case.id}"]


def _case(name: str, patients: Mapping[str, str], targets: Targets, image: Path | None) -> Case:
    return Case(
        id=name,
        patient=patients.get(name, f"image:{name}"),
        dataset="cxr-seg-100",
        targets=targets,
        load=raster(image) if image else None,
    )
