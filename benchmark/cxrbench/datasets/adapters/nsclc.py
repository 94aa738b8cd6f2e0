"""NSCLC-Radiomics with PleThora: CTs of patients with lung cancer and the thoracic cavities drawn on 402 of them.

Layout: `NSCLC-Radiomics/LUNG1-001/<MM-DD-YYYY-...>/<series>/*.dcm` (TCIA; also below a `manifest-*` folder),
`Thoracic_Cavities/LUNG1-001/LUNG1-001_thor_cav_primary_reviewer.nii.gz` and `Effusions/LUNG1-001/*.nii.gz` (PleThora).
The cavity includes tumour, effusion and atelectasis; its labels are not relied on for the side. All scans are older
than COVID-19: category "other".
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from cxrbench.case import Case, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.image_files import find_root, list_files
from cxrbench.datasets.formats.volume_masks import find_nifti_files, read_lung_mask
from cxrbench.imaging.volume.open import read_series

SCANS, CAVITIES, EFFUSIONS = "NSCLC-Radiomics", "Thoracic_Cavities", "Effusions"
DATED = re.compile(r"(\d{2})-(\d{2})-(\d{4})")


@dataset_adapters.register("nsclc")
def list_nsclc(data: DataFolder) -> Dataset:
    """List the patients that have a scan or a cavity mask; the id is the patient, `LUNG1-001`.

    Of several studies the earliest by its folder's date is used, of several reviewers' masks the primary one; both
    choices are reported. RTSTRUCT and SEG objects beside the CT are skipped when it is read.

    Args:
        data: The data folder.

    Returns:
        One case per patient, by name.

    Raises:
        DataError: Neither scans nor cavity masks are there.
    """
    root, _ = find_root(data, "nsclc", SCANS, CAVITIES, *(f"{path}/{SCANS}" for path in _find_manifests(data)))
    folders = (root / SCANS, *root.glob(f"manifest-*/{SCANS}"))
    scans = _find_patients(next((path for path in folders if path.is_dir()), None))
    cavities, effusions = _find_patients(root / CAVITIES), _find_patients(root / EFFUSIONS)
    cases = tuple(_make_case(name, scans, cavities, effusions) for name in sorted({*scans, *cavities}))
    return Dataset("nsclc", cases, tuple(_list_problems(scans, cavities, cases)))


def _find_manifests(data: DataFolder) -> list[str]:
    """The folders into which the NBIA client writes a download."""
    places = [data.path / "nsclc", data.path] if data.path else []
    return sorted({path.name for place in places for path in place.glob("manifest-*")})


def _find_patients(folder: Path | None) -> dict[str, Path]:
    return {path.name: path for path in sorted(folder.glob("LUNG1-*")) if path.is_dir()} if folder else {}


def _sort_studies(patient: Path) -> list[Path]:
    """A patient's study folders by date; one without a date in its name comes last."""
    studies = (path for path in patient.iterdir() if path.is_dir())
    return sorted(studies, key=lambda path: (_parse_day(path.name), path.name))


def _parse_day(name: str) -> tuple[str, str, str]:
    """Year, month and day from a name that begins with MM-DD-YYYY."""
    match = DATED.match(name)
    return (match[3], match[1], match[2]) if match else ("9999", "", "")


def _find_cavity(folder: Path | None) -> Path | None:
    """The primary reviewer's file, else the first by name."""
    files = find_nifti_files(folder) if folder else {}
    return next((files[name] for name in sorted(files, key=lambda name: ("primary_reviewer" not in name, name))), None)


def _make_case(name: str, scans: dict[str, Path], cavities: dict[str, Path], effusions: dict[str, Path]) -> Case:
    study = next(iter(_sort_studies(scans[name])), None) if name in scans else None
    cavity = _find_cavity(cavities.get(name))
    lung_mask = partial(read_lung_mask, cavity, study) if cavity else None
    return Case(
        id=name,
        patient=name,
        dataset="nsclc",
        modality="ct",
        targets=Targets(finding=True, category="other", lung_mask=lung_mask),
        meta={"effusion_drawn": True} if name in effusions else {},
        load=partial(read_series, study) if study else None,
        files=list_files(study),
        mask_files=list_files(cavity),
    )


def _list_problems(scans: dict[str, Path], cavities: dict[str, Path], cases: tuple[Case, ...]) -> Iterator[Problem]:
    for case in cases:
        if not case.available:
            yield Problem(case.id, "scan absent")
        if case.targets.lung_mask is None:
            yield Problem(case.id, "no cavity mask (the source drew 402 of 422)", bad=False)
    for name, patient in scans.items():
        if len(studies := _sort_studies(patient)) > 1:
            yield Problem(name, f"{len(studies)} studies: the earliest, {studies[0].name}, is used", bad=False)
    for name, folder in cavities.items():
        chosen, count = _find_cavity(folder), len(find_nifti_files(folder))
        if chosen and count > 1:
            yield Problem(name, f"{count} cavity masks: {chosen.name} is used", bad=False)
