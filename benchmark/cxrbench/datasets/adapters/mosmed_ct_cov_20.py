"""MosMed CT-Cov-20: CTs from the outbreak's first weeks; with other scans the test set of Goncharov et al. 2020.

42 scans of 20 patients, in two layouts. The original, DICOM: `[<folder>/]dicom/patient_001/...`, files without
extension. The authors' re-release, NIfTI: `[test/]{covid,bacterial_pneumonia,nodules,normal}/images/<id>.nii.gz` and
`covid/masks/<id>/<rater>.nii.gz`. Where both are there the re-release is used, for it has the labels and the masks.

The authors' own reader of the re-release ignores the affine: it takes the arrays as (row, column, slice) and only the
voxel sizes from the header. Here too the axes run to the back, to the left and to the feet, as in all of that code.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from cxrbench.case import Case, Category, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.findings import to_finding
from cxrbench.datasets.formats.image_files import find_root, list_files
from cxrbench.datasets.formats.volume_masks import find_nifti_files, read_lesion_mask
from cxrbench.imaging.volume.open import list_series, read_nifti, read_series

NAME = "mosmed-ct-cov-20"
CATEGORIES: dict[str, Category] = {
    "covid": "covid",
    "bacterial_pneumonia": "other",
    "nodules": "other",
    "normal": "healthy",
}
"""Folders of the re-release."""
AXES = "PLI"
"""The directions of its stored axes."""
ORIGINAL = "MosMedData-CT-COVID19-type VII-v 1"


@dataset_adapters.register(NAME)
def list_mosmed_ct_cov_20(data: DataFolder) -> Dataset:
    """List the scans of either layout.

    Re-release: the id is the file's stem, `lesion_mask` the mask of the first rater by name, and
    `meta["lesion_masks"]` those of all raters, by name; each scan counts as a patient. Original: the id is
    `<patient folder>/<SeriesInstanceUID>`, the patient its folder, and the findings are unknown; every header is
    opened once.

    Args:
        data: The data folder.

    Returns:
        One case per scan.

    Raises:
        DataError: Neither layout is there, or a DICOM header cannot be read.
    """
    released = ("covid/images", "test/covid/images")
    _, marker = find_root(data, NAME, *released, "dicom", f"{ORIGINAL}/dicom")
    if marker.name == "images":
        return _list_rerelease(marker.parent.parent)
    cases, problems = _list_original(marker)
    return Dataset(NAME, cases, (*problems, Problem(NAME, "the original layout has no findings", bad=False)))


def _list_rerelease(base: Path) -> Dataset:
    scans = {folder: find_nifti_files(base / folder / "images") for folder in CATEGORIES}
    raters = {path.name: find_nifti_files(path) for path in sorted((base / "covid/masks").glob("*")) if path.is_dir()}
    repeated = {
        name for folder in scans for name in scans[folder] if sum(name in other for other in scans.values()) > 1
    }
    cases = tuple(
        _make_case(name, path, folder, raters.get(name, {}) if folder == "covid" else {})
        for folder, files in scans.items()
        for name, path in sorted(files.items())
        if name not in repeated
    )
    return Dataset(NAME, cases, tuple(_list_problems(base, cases, repeated, raters)))


def _make_case(name: str, path: Path, folder: str, raters: dict[str, Path]) -> Case:
    category = CATEGORIES[folder]
    masks = {rater: partial(read_lesion_mask, mask, path, axes=AXES) for rater, mask in sorted(raters.items())}
    return Case(
        id=name,
        patient=name,
        dataset=NAME,
        modality="ct",
        targets=Targets(
            finding=to_finding(category),
            category=category,
            lesion_mask=next(iter(masks.values()), None),
        ),
        meta={"group": folder, **({"lesion_masks": masks} if masks else {})},
        load=partial(read_nifti, path, axes=AXES),
        files=list_files(path),
        mask_files=tuple(raters[rater] for rater in list(masks)[:1]),
    )


def _list_problems(
    base: Path, cases: tuple[Case, ...], repeated: set[str], raters: dict[str, dict[str, Path]]
) -> Iterator[Problem]:
    yield Problem(NAME, "no patient ids in the re-release: each scan counts as one patient", bad=False)
    yield from (Problem(name, "in two groups: left out") for name in sorted(repeated))
    for name in CATEGORIES:
        if not find_nifti_files(base / name / "images"):
            yield Problem(f"{name}/images", "absent or empty")
    known = {case.id for case in cases}
    yield from (Problem(f"covid/masks/{name}", "masks without a scan") for name in sorted(set(raters) - known))
    for case in cases:
        if case.targets.category == "covid" and case.targets.lesion_mask is None:
            yield Problem(case.id, "no lesion mask in covid/masks", bad=False)


def _list_original(dicom: Path) -> tuple[tuple[Case, ...], list[Problem]]:
    cases, problems = [], []
    for patient in sorted(path for path in dicom.iterdir() if path.is_dir()):
        series_cases = [_make_series_case(patient, series.uid, series.date) for series in list_series(patient)]
        cases += series_cases
        problems += [] if series_cases else [Problem(patient.name, "no CT series")]
    return tuple(cases), problems


def _make_series_case(patient: Path, uid: str, date: str) -> Case:
    return Case(
        id=f"{patient.name}/{uid}",
        patient=patient.name,
        dataset=NAME,
        modality="ct",
        meta={"date": date} if date else {},
        load=partial(read_series, patient, uid),
        files=list_files(patient),
    )
