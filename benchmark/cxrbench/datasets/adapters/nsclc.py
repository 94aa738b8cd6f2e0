"""NSCLC-Radiomics with PleThora: CTs of patients with lung cancer and the thoracic cavities drawn on 402 of them.

Layout: `NSCLC-Radiomics/LUNG1-001/<MM-DD-YYYY-...>/<series>/*.dcm` (TCIA; a `manifest-*` folder above is fine),
`Thoracic_Cavities/LUNG1-001/LUNG1-001_thor_cav_primary_reviewer.nii.gz` and `Effusions/LUNG1-001/*.nii.gz` (PleThora).
The cavity includes tumour, effusion and atelectasis; which label is which side is not relied on. All scans are older
than COVID-19: category "other".
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from cxrbench.case import Case, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.image_files import first_found
from cxrbench.datasets.formats.volume_masks import lungs, nifti_files
from cxrbench.imaging.volume.open import read_series

SCANS, CAVITIES, EFFUSIONS = "NSCLC-Radiomics", "Thoracic_Cavities", "Effusions"
DATED = re.compile(r"(\d{2})-(\d{2})-(\d{4})")


@dataset_adapters.register("nsclc")
def nsclc(data: DataFolder) -> Dataset:
    """List the patients that have a scan or a cavity mask; the id is the patient, `LUNG1-001`.

    Of several studies the earliest by its folder's date is used. Of several reviewers' masks the primary one is;
    both choices are reported. RTSTRUCT and SEG objects beside the CT are passed over when it is read.
    """
    root, _ = first_found(data, "nsclc", SCANS, CAVITIES, *(f"{path}/{SCANS}" for path in _manifests(data)))
    scans = _patients(next((path for path in (root / SCANS, *root.glob(f"manifest-*/{SCANS}")) if path.is_dir()), None))
    cavities, effusions = _patients(root / CAVITIES), _patients(root / EFFUSIONS)
    cases = tuple(_case(name, scans, cavities, effusions) for name in sorted({*scans, *cavities}))
    return Dataset("nsclc", cases, tuple(_problems(scans, cavities, cases)))


def _manifests(data: DataFolder) -> list[str]:
    """The folders that the NBIA client writes a download to."""
    places = [data.path / "nsclc", data.path] if data.path else []
    return sorted({path.name for place in places for path in place.glob("manifest-*")})


def _patients(folder: Path | None) -> dict[str, Path]:
    return {path.name: path for path in sorted(folder.glob("LUNG1-*")) if path.is_dir()} if folder else {}


def _studies(patient: Path) -> list[Path]:
    """A patient's study folders by date; one without a date in its name comes last."""
    return sorted((path for path in patient.iterdir() if path.is_dir()), key=lambda path: (_day(path.name), path.name))


def _day(name: str) -> tuple[str, str, str]:
    """Year, month and day from a name that begins with MM-DD-YYYY."""
    found = DATED.match(name)
    return (found[3], found[1], found[2]) if found else ("9999", "", "")


def _cavity(folder: Path | None) -> Path | None:
    """The primary reviewer's file, else the first by name."""
    files = nifti_files(folder) if folder else {}
    return next((files[name] for name in sorted(files, key=lambda name: ("primary_reviewer" not in name, name))), None)


def _case(name: str, scans: dict[str, Path], cavities: dict[str, Path], effusions: dict[str, Path]) -> Case:
    study = next(iter(_studies(scans[name])), None) if name in scans else None
    cavity = _cavity(cavities.get(name))
    return Case(
        id=name,
        patient=name,
        dataset="nsclc",
        modality="ct",
        targets=Targets(finding=True, category="other", lung_mask=partial(lungs, cavity, study) if cavity else None),
        meta={"effusion_drawn": True} if name in effusions else {},
        load=partial(read_series, study) if study else None,
    )


def _problems(scans: dict[str, Path], cavities: dict[str, Path], cases: tuple[Case, ...]) -> Iterator[Problem]:
    for case in cases:
        if not case.available:
            yield Problem(case.id, "scan absent")
        if case.targets.lung_mask is None:
            yield Problem(case.id, "no cavity mask (the source drew 402 of 422)", bad=False)
    for name, patient in scans.items():
        if len(studies := _studies(patient)) > 1:
            yield Problem(name, f"{len(studies)} studies: the earliest, {studies[0].name}, is used", bad=False)
    for name, folder in cavities.items():
        chosen, count = _cavity(folder), len(nifti_files(folder))
        if chosen and count > 1:
            yield Problem(name, f"{count} cavity masks: {chosen.name} is used", bad=False)
