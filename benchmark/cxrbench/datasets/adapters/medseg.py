"""MedSeg: 29 CTs with COVID-19 in which lesions and lungs were drawn: 9 by MedSeg, 20 by Ma et al. 2020.

Layout: `rp_im`, `rp_msk`, `rp_lung_msk`, each with `1.nii.gz` ... `9.nii.gz` (medicalsegmentation.com/covid19), and
`COVID-19-CT-Seg_20cases`, `Infection_Mask`, `Lung_Mask`, `Lung_and_Infection_Mask` (Zenodo 3757476), whose file names a
mirror changes; folders are found in any letter case. Each part may be there alone.

| file | labels | here |
| --- | --- | --- |
| `rp_msk` | 1 ground glass, 2 consolidation, 3 pleural effusion | 1 and 2 are lesions; effusion is not |
| `rp_lung_msk` | 1 right, 2 left, stray voxels of 3 | as they are; made with a tool, not by hand |
| `Infection_Mask` | not 0: infection | lesion |
| `Lung_Mask` | not 0: lung | lung; its sides are not relied on |
| `Lung_and_Infection_Mask` | 1 left, 2 right, 3 infection | gives the sides; infected lung has none |

The ten `radiopaedia_*` volumes hold grey values 0-255, not HU: they are cases without an image, for their masks only
(`read_nifti` maps them on demand, see `meta`). Their headers have front and back the wrong way round, and that of
`radiopaedia_7_85703_0` also feet and head; image and masks alike (neuro-ml/COVID-19-Triage, the corrected script).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import LUNG, Case, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.image_files import find_root, list_files
from cxrbench.datasets.formats.lung_sides import LEFT, RIGHT
from cxrbench.datasets.formats.volume_masks import find_nifti_files, read_lesion_mask, read_lung_mask
from cxrbench.imaging.volume.open import read_mask_volume, read_nifti

EFFUSION = 3
FOLDERS = {
    "rp_im": ("rp_im",),
    "rp_msk": ("rp_msk",),
    "rp_lung_msk": ("rp_lung_msk",),
    "image": ("covid-19-ct-seg_20cases", "ct_scans"),
    "infection": ("infection_mask",),
    "lung": ("lung_mask",),
    "sides": ("lung_and_infection_mask",),
}
"""What a folder holds, and its names in lower case."""
RADIOPAEDIA = (
    *("10_85902_1", "10_85902_3", "14_85914_0", "27_86410_0", "29_86490_1", "29_86491_1", "36_86526_0"),
    *("40_86625_0", "4_85506_1", "7_85703_0"),
)
SAME_PATIENT = {"radiopaedia_10_85902_1": "radiopaedia_10_85902", "radiopaedia_10_85902_3": "radiopaedia_10_85902"}
"""The 20 volumes are of 19 patients (the authors, in issue 3 of JunMa11/COVID-19-CT-Seg-Benchmark)."""
UPSIDE_DOWN = "radiopaedia_7_85703_0"

Files = dict[str, dict[str, Path]]
"""What a folder holds (see `FOLDERS`) to its files by stem."""


@dataclass(frozen=True, slots=True)
class _MedsegPart:
    """The cases and the problems of one of the two parts."""

    cases: tuple[Case, ...]
    problems: tuple[Problem, ...]


@dataset_adapters.register("medseg")
def list_medseg(data: DataFolder) -> Dataset:
    """List the volumes: `rp_im/1` ... `rp_im/9`, `coronacases_001` ... and `radiopaedia_10_85902_1` ...

    All are of the category covid. A volume or a mask that is absent is reported by name; a part of which nothing is
    there is reported once.

    Args:
        data: The data folder.

    Returns:
        The cases of the parts that are there.

    Raises:
        DataError: Neither part is there.
    """
    markers = [name for names in FOLDERS.values() for name in names]
    root, _ = find_root(data, "medseg", "rp_im", "COVID-19-CT-Seg_20cases", *markers)
    files = _find_files(root)
    parts = (_list_nine_volumes(files), _list_twenty_volumes(files, root))
    cases = tuple(case for part in parts for case in part.cases)
    problems = tuple(problem for part in parts for problem in part.problems)
    reason = "no patient ids: each volume counts as one patient, except two that are of one according to the authors"
    unknown = Problem("medseg", f"{reason}; the two parts may share patients", bad=False)
    return Dataset("medseg", cases, (unknown, *problems))


def _find_files(root: Path) -> Files:
    """The NIfTI files of each folder by stem."""
    folders = {path.name.lower(): path for path in sorted(root.iterdir()) if path.is_dir()}
    present = {
        role: next((folders[name] for name in names if name in folders), None) for role, names in FOLDERS.items()
    }
    return {role: find_nifti_files(folder) if folder else {} for role, folder in present.items()}


def _list_nine_volumes(files: Files) -> _MedsegPart:
    roles = ("rp_im", "rp_msk", "rp_lung_msk")
    if not any(files[role] for role in roles):
        return _MedsegPart((), (Problem("rp_im", "absent: the 9 volumes of MedSeg are not in this copy"),))
    cases = tuple(_make_nine_case(str(number), files) for number in range(1, 10))
    absent = (
        Problem(f"{role}/{n}.nii.gz", "absent") for role in roles for n in range(1, 10) if str(n) not in files[role]
    )
    return _MedsegPart(cases, tuple(absent))


def _make_nine_case(stem: str, files: Files) -> Case:
    image, lesion, lung = (files[role].get(stem) for role in ("rp_im", "rp_msk", "rp_lung_msk"))
    targets = Targets(
        finding=True,
        category="covid",
        lesion_mask=partial(read_lesion_mask, lesion, image, background=(EFFUSION,)) if lesion else None,
        lung_mask=partial(read_lung_mask, lung, image, {1: RIGHT, 2: LEFT, 3: LUNG}) if lung else None,
    )
    return _make_case(f"rp_im/{stem}", targets, image, list_files(lung, lesion))


def _list_twenty_volumes(files: Files, root: Path) -> _MedsegPart:
    if not any(files[role] for role in ("image", "infection", "lung", "sides")):
        reason = "absent: the 20 volumes of Ma et al. are not in this copy"
        return _MedsegPart((), (Problem("COVID-19-CT-Seg_20cases", reason),))
    names = [*(f"coronacases_{i:03d}" for i in range(1, 11)), *(f"radiopaedia_{name}" for name in RADIOPAEDIA)]
    cases = tuple(_make_twenty_case(name, files, root) for name in names)
    return _MedsegPart(cases, tuple(_list_twenty_problems(names, files, root)))


def _find_image(name: str, files: Files) -> Path | None:
    """The volume under its official name or a mirror's."""
    source, _, rest = name.partition("_")
    mirror = f"coronacases_org_{rest}" if source == "coronacases" else f"radiopaedia_org_covid-19-pneumonia-{rest}-dcm"
    return files["image"].get(name) or files["image"].get(mirror)


def find_wrong_axes(name: str) -> tuple[str, ...]:
    """Find the canonical axes that a volume's header has the wrong way round.

    Args:
        name: The official name of the volume.

    Returns:
        Some of "D", "H" and "W".

    Example:
        >>> find_wrong_axes("coronacases_001"), find_wrong_axes("radiopaedia_4_85506_1")
        ((), ('H',))
    """
    if not name.startswith("radiopaedia"):
        return ()
    return ("D", "H") if name == UPSIDE_DOWN else ("H",)


def _make_twenty_case(name: str, files: Files, root: Path) -> Case:
    image, flip, grey = _find_image(name, files), find_wrong_axes(name), name.startswith("radiopaedia")
    infection, lung, sides = (files[role].get(name) for role in ("infection", "lung", "sides"))
    targets = Targets(
        finding=True,
        category="covid",
        lesion_mask=partial(read_lesion_mask, infection, image, flip=flip) if infection else None,
        lung_mask=partial(read_sided_lungs, lung, sides, image, flip=flip) if lung else None,
    )
    meta = {"values": "grey 0-255", "file": image.relative_to(root).as_posix(), "flip": flip} if grey and image else {}
    mask_files = list_files(lung, sides if lung else None, infection)
    if grey and mask_files:  # the masks are checked against a volume that is no image of the case
        mask_files = list_files(*mask_files, image)
    return _make_case(name, targets, None if grey else image, mask_files, meta)


def read_sided_lungs(lung: Path, sides: Path | None, like: Path | None, *, flip: tuple[str, ...]) -> NDArray[np.uint8]:
    """Read the lungs of `Lung_Mask`, with the sides of `Lung_and_Infection_Mask` where that gives them.

    Args:
        lung: The file of `Lung_Mask`.
        sides: The file of `Lung_and_Infection_Mask` (1 left, 2 right); None where it is absent.
        like: The volume on whose grid both must be; None where the copy lacks it.
        flip: The canonical axes that the headers have the wrong way round.

    Returns:
        uint8 `[D, H, W]`: 0 background, 1 right, 2 left, 3 lung of unknown side.

    Raises:
        DataError: As `read_mask_volume`.
    """
    lungs = read_lung_mask(lung, like, flip=flip)
    if sides is None:
        return lungs
    labels = read_mask_volume(sides, like, flip=flip)
    inside = lungs > 0
    lungs[inside & (labels == 1)] = LEFT
    lungs[inside & (labels == 2)] = RIGHT
    return lungs


def _list_twenty_problems(names: list[str], files: Files, root: Path) -> Iterator[Problem]:
    for name in names:
        image = _find_image(name, files)
        if image is None:
            yield Problem(name, "volume absent")
        elif name.startswith("radiopaedia"):
            yield Problem(name, "grey values 0-255, not HU: without an image, for its masks only", bad=False)
            yield Problem(image.relative_to(root).as_posix(), "grey values 0-255: not used as an image", bad=False)
        for role in ("infection", "lung"):
            if name not in files[role]:
                yield Problem(f"{name}: {FOLDERS[role][0]}", "mask absent")


def _make_case(
    name: str,
    targets: Targets,
    image: Path | None,
    mask_files: tuple[Path, ...],
    meta: Mapping[str, object] | None = None,
) -> Case:
    return Case(
        id=name,
        patient=SAME_PATIENT.get(name, name),
        dataset="medseg",
        modality="ct",
        targets=targets,
        meta=meta or {},
        load=partial(read_nifti, image) if image else None,
        files=list_files(image),
        mask_files=mask_files,
    )
