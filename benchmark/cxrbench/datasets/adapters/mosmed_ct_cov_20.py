"""MosMed CT-Cov-20: CTs from the outbreak's first weeks; with other scans the test set of Goncharov et al. 2020.

42 scans of 20 patients, in two layouts. The original, DICOM: `[<folder>/]dicom/patient_001/...`, files without
extension. The authors' re-release, NIfTI: `[test/]{covid,bacterial_pneumonia,nodules,normal}/images/<id>.nii.gz` and
`covid/masks/<id>/<rater>.nii.gz`; where both are there the re-release is used, for it has the labels and the masks.

The re-release's own reader takes its arrays as (row, column, slice) without looking at the affine, and only the voxel
sizes from the header; here the axes run to the back, to the left and to the feet, as everywhere in that code.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from cxrbench.case import Case, Category, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.image_files import first_found
from cxrbench.datasets.formats.volume_masks import lesions, nifti_files
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
"""Where its stored axes run."""
ORIGINAL = "MosMedData-CT-COVID19-type VII-v 1"


@dataset_adapters.register(NAME)
def mosmed_ct_cov_20(data: DataFolder) -> Dataset:
    """List the scans of either layout.

    Re-release: the id is the file's stem, `lesion_mask` the first rater's by name, and `meta["lesion_masks"]` every
    rater's, by name; each scan counts as a patient. Original: the id is `<patient folder>/<SeriesInstanceUID>`, the
    patient its folder, and nothing is told of the findings; every header is opened once.
    """
    released = ("covid/images", "test/covid/images")
    _, marker = first_found(data, NAME, *released, "dicom", f"{ORIGINAL}/dicom")
    if marker.name == "images":
        return _released(marker.parent.parent)
    cases, problems = _original(marker)
    return Dataset(NAME, cases, (*problems, Problem(NAME, "the original layout tells no findings", bad=False)))


def _released(base: Path) -> Dataset:
    scans = {folder: nifti_files(base / folder / "images") for folder in CATEGORIES}
    raters = {path.name: nifti_files(path) for path in sorted((base / "covid/masks").glob("*")) if path.is_dir()}
    twice = {name for folder in scans for name in scans[folder] if sum(name in other for other in scans.values()) > 1}
    cases = tuple(
        _scan(name, path, folder, raters.get(name, {}) if folder == "covid" else {})
        for folder, files in scans.items()
        for name, path in sorted(files.items())
        if name not in twice
    )
    return Dataset(NAME, cases, tuple(_problems(base, cases, twice, raters)))


def _scan(name: str, path: Path, folder: str, raters: dict[str, Path]) -> Case:
    category = CATEGORIES[folder]
    masks = {rater: partial(lesions, mask, path, axes=AXES) for rater, mask in sorted(raters.items())}
    return Case(
        id=name,
        patient=name,
        dataset=NAME,
        modality="ct",
        targets=Targets(
            finding=category != "healthy",
            category=category,
            lesion_mask=next(iter(masks.values()), None),
        ),
        meta={"group": folder, **({"lesion_masks": masks} if masks else {})},
        load=partial(read_nifti, path, axes=AXES),
    )


def _problems(
    base: Path, cases: tuple[Case, ...], twice: set[str], raters: dict[str, dict[str, Path]]
) -> Iterator[Problem]:
    yield Problem(NAME, "no patient ids in the re-release: each scan counts as one patient", bad=False)
    yield from (Problem(name, "in two groups: left out") for name in sorted(twice))
    yield from (Problem(f"{name}/images", "absent or empty") for name in CATEGORIES if not _any(base / name / "images"))
    known = {case.id for case in cases}
    yield from (Problem(f"covid/masks/{name}", "masks without a scan") for name in sorted(set(raters) - known))
    for case in cases:
        if case.targets.category == "covid" and case.targets.lesion_mask is None:
            yield Problem(case.id, "no lesion mask in covid/masks", bad=False)


def _any(folder: Path) -> bool:
    return bool(nifti_files(folder))


def _original(dicom: Path) -> tuple[tuple[Case, ...], list[Problem]]:
    cases, problems = [], []
    for patient in sorted(path for path in dicom.iterdir() if path.is_dir()):
        found = [_series(patient, series.uid, series.date) for series in list_series(patient)]
        cases += found
        problems += [] if found else [Problem(patient.name, "no CT series")]
    return tuple(cases), problems


def _series(patient: Path, uid: str, date: str) -> Case:
    load = partial(read_series, patient, uid)
    meta = {"date": date} if date else {}
    return Case(id=f"{patient.name}/{uid}", patient=patient.name, dataset=NAME, modality="ct", meta=meta, load=load)
