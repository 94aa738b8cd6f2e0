"""The two tuberculosis sets of the National Library of Medicine: Montgomery County and Shenzhen.

Montgomery: 138 PA radiographs, 80 normal and 58 with tuberculosis, each lung drawn by hand. Layout:
`[MontgomerySet/]CXR_png/MCUCXR_0001_0.png`, `ManualMask/leftMask/` and `rightMask/` with the same names,
`ClinicalReadings/MCUCXR_0001_0.txt`.

Shenzhen: 662 radiographs, normal or with tuberculosis; the lungs of 566 were drawn by others. Layout:
`[ChinaSet_AllFiles/]CXR_png/CHNCXR_0001_0.png`, `ClinicalReadings/CHNCXR_0001_0.txt`, and the masks in `mask/mask/`,
`mask/` or `masks/` of the root, named with or without `_mask` before `.png`. A mask holds both lungs in one value:
their sides are unknown.

In both sets the last digit of a name says normal (0) or tuberculosis (1), and no table gives the patients.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from cxrbench.case import Case, Category, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.findings import to_finding
from cxrbench.datasets.formats.image_files import find_root, make_raster_loader
from cxrbench.datasets.formats.lung_sides import read_drawn_lungs

CATEGORIES: Mapping[str, Category] = {"0": "healthy", "1": "other"}
"""The last digit of a name to the category."""
MONTGOMERY_SIDES = ("leftMask", "rightMask")
SHENZHEN_MASKS = ("mask/mask", "mask", "masks")
SEX = re.compile(r"Sex:\s*([MF])")
AGE = re.compile(r"Age:\s*0*(\d{1,3})Y")
SEX_AND_AGE = re.compile(r"\b(male|female)\b\W*(\d{1,3})\s*yrs?", re.IGNORECASE)


@dataset_adapters.register("montgomery")
def list_montgomery(data: DataFolder) -> Dataset:
    """List the radiographs of Montgomery County; the id is the file's stem, each radiograph a patient of its own.

    `lung_mask` is the union of the two drawn lungs, with the sides by their position. A radiograph without both masks
    has none, which is reported, as is a mask without a radiograph.

    Args:
        data: The data folder.

    Returns:
        One case per radiograph, by name.

    Raises:
        DataError: The dataset is not there.
    """
    _, images = find_root(data, "montgomery", "MontgomerySet/CXR_png", "CXR_png")
    base = images.parent
    cases = tuple(_make_montgomery_case(base, image) for image in sorted(images.glob("MCUCXR_*.png")))
    return Dataset("montgomery", cases, tuple(_list_montgomery_problems(base, cases)))


@dataset_adapters.register("shenzhen")
def list_shenzhen(data: DataFolder) -> Dataset:
    """List the radiographs of Shenzhen; the id is the file's stem, each radiograph a patient of its own.

    Radiographs without a mask (96 in the source) stay cases without one; a mask without a radiograph is reported.

    Args:
        data: The data folder.

    Returns:
        One case per radiograph, by name.

    Raises:
        DataError: The dataset is not there.
    """
    root, images = find_root(data, "shenzhen", "ChinaSet_AllFiles/CXR_png", "CXR_png")
    masks = _find_shenzhen_masks(root, images.parent)
    cases = tuple(_make_shenzhen_case(image, masks.get(image.stem)) for image in sorted(images.glob("CHNCXR_*.png")))
    return Dataset("shenzhen", cases, tuple(_list_shenzhen_problems(cases, masks)))


def _find_shenzhen_masks(root: Path, base: Path) -> dict[str, Path]:
    """Mask files by radiograph."""
    folders = [place / name for place in dict.fromkeys((root, base)) for name in SHENZHEN_MASKS]
    return {path.stem.removesuffix("_mask"): path for folder in folders for path in sorted(folder.glob("CHNCXR_*.png"))}


def _make_montgomery_case(base: Path, image: Path) -> Case:
    masks = tuple(base / "ManualMask" / side / image.name for side in MONTGOMERY_SIDES)
    meta = {"view": "PA", **_parse_montgomery_reading(_read_text(image))}
    return _make_case("montgomery", image, masks if all(mask.is_file() for mask in masks) else (), meta)


def _make_shenzhen_case(image: Path, mask: Path | None) -> Case:
    return _make_case("shenzhen", image, (mask,) if mask else (), _parse_shenzhen_reading(_read_text(image)))


def _make_case(dataset: str, image: Path, masks: tuple[Path, ...], meta: Mapping[str, object]) -> Case:
    category = CATEGORIES.get(image.stem.rpartition("_")[2])
    return Case(
        id=image.stem,
        patient=image.stem,
        dataset=dataset,
        targets=Targets(
            finding=to_finding(category),
            category=category,
            lung_mask=partial(read_drawn_lungs, *masks) if masks else None,
        ),
        meta=meta,
        load=make_raster_loader(image),
        files=(image,),
        mask_files=masks,
    )


def _read_text(image: Path) -> str:
    """The clinical reading of a radiograph, "" where it is absent."""
    path = image.parent.parent / "ClinicalReadings" / f"{image.stem}.txt"
    return path.read_text("utf-8", errors="replace") if path.is_file() else ""


def _parse_montgomery_reading(text: str) -> dict[str, object]:
    """Sex (M, F), age in years and the text of the finding, as far as the reading has them."""
    sex, age = SEX.search(text), AGE.search(text)
    words = [line.strip() for line in text.splitlines() if line.strip() and "Patient's" not in line]
    facts = {"sex": sex[1] if sex else None, "age": int(age[1]) if age else None, "finding": " ".join(words) or None}
    return {key: value for key, value in facts.items() if value is not None}


def _parse_shenzhen_reading(text: str) -> dict[str, object]:
    """Sex (M, F), age in years and the text of the finding, from a reading that begins `male 45yrs`."""
    match = SEX_AND_AGE.search(text)
    finding = " ".join(SEX_AND_AGE.sub("", text).split())
    facts = {"sex": match[1][0].upper(), "age": int(match[2])} if match else {}
    return {**facts, **({"finding": finding} if finding else {})}


def _list_montgomery_problems(base: Path, cases: tuple[Case, ...]) -> Iterator[Problem]:
    yield _report_unknown_patients("montgomery")
    for case in cases:
        if case.targets.lung_mask is None:
            yield Problem(case.id, "a lung mask is absent")
        yield from _list_unknown_findings([case])
    known = {case.id for case in cases}
    folders = (base / "ManualMask" / side for side in MONTGOMERY_SIDES)
    stray = {path for folder in folders for path in folder.glob("*.png") if path.stem not in known}
    yield from (Problem(path.relative_to(base).as_posix(), "mask without a radiograph") for path in sorted(stray))


def _list_shenzhen_problems(cases: tuple[Case, ...], masks: Mapping[str, Path]) -> Iterator[Problem]:
    yield _report_unknown_patients("shenzhen")
    bare = sum(case.targets.lung_mask is None for case in cases)
    if bare:
        reason = f"{bare} of {len(cases)} radiographs have no lung mask (96 in the source)"
        yield Problem("shenzhen", reason, bad=bare > 96)
    known = {case.id for case in cases}
    yield from (Problem(masks[name].name, "mask without a radiograph") for name in sorted(set(masks) - known))
    yield from _list_unknown_findings(cases)


def _report_unknown_patients(dataset: str) -> Problem:
    return Problem(dataset, "no patient ids: each radiograph counts as one patient", bad=False)


def _list_unknown_findings(cases: tuple[Case, ...] | list[Case]) -> Iterator[Problem]:
    reason = "the name does not end in _0 or _1: finding unknown"
    yield from (Problem(case.id, reason) for case in cases if case.targets.finding is None)
