"""Radiographs of COVID-19-AR on disk: exported pictures and the DICOM tree of TCIA, as one list."""

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from cxrbench.datasets import Problem
from cxrbench.datasets.formats.image_files import Loader, make_dicom_loader, make_raster_loader

STEM = re.compile(r"(?P<patient>COVID-19-AR-\d+)_(?P<date>\d\d-\d\d-\d{4})-XR")
STUDY = re.compile(r"(?P<date>\d\d-\d\d-\d{4})-(?:NA-)?(?P<what>.+)")
"""A study's folder, `01-15-2012-NA-XR CHEST AP ONLY-24124`; some copies lack the `NA`."""


@dataclass(frozen=True, slots=True)
class Radiograph:
    """One radiograph: its patient, its date (dates are shifted to 2011-2012) and its file.

    `stem` names the annotation of that day. It is None where the day has several radiographs, because the annotation
    does not say on which one it was drawn. `day` counts from the patient's first radiograph.
    """

    id: str
    stem: str | None
    patient: str
    date: date
    path: Path
    day: float = 0.0

    @property
    def load(self) -> Loader | None:
        """Decodes the radiograph."""
        return make_dicom_loader(self.path) if self.path.suffix.lower() == ".dcm" else make_raster_loader(self.path)


def find_radiographs(root: Path, exported: Path) -> tuple[list[Radiograph], list[Problem]]:
    """Find every radiograph of a copy; the exported picture of a day replaces its DICOM files.

    Args:
        root: The root of the dataset, with the DICOM tree.
        exported: The folder of the exported pictures.

    Returns:
        The radiographs by id, and what was not listed.
    """
    pictures, problems = _find_exported(exported)
    days, others = _find_dicom_files(root)
    radiographs = dict(pictures)
    for stem, paths in days.items():
        if stem not in radiographs:
            radiographs |= {radiograph.id: radiograph for radiograph in _make_day_radiographs(stem, paths)}
            several = f"{len(paths)} radiographs of one day: which one was annotated is unknown, masks not used"
            problems += [Problem(stem, several, bad=False)] if paths[1:] else []
    first: dict[str, date] = {}
    for radiograph in radiographs.values():
        first[radiograph.patient] = min(radiograph.date, first.get(radiograph.patient, radiograph.date))
    dated = [
        replace(radiograph, day=float((radiograph.date - first[radiograph.patient]).days))
        for radiograph in radiographs.values()
    ]
    return sorted(dated, key=lambda radiograph: radiograph.id), [*problems, *others]


def _find_exported(folder: Path) -> tuple[dict[str, Radiograph], list[Problem]]:
    radiographs, problems = {}, []
    for path in sorted(folder.glob("*.[jJ][pP]*[gG]")):
        match = STEM.fullmatch(path.stem)
        if match is None or (day := _parse_date(match["date"])) is None:
            problems.append(Problem(f"{folder.name}/{path.name}", "not named <PATIENT>_<MM-DD-YYYY>-XR: not listed"))
        else:
            radiographs[path.stem] = Radiograph(path.stem, path.stem, match["patient"], day, path)
    return radiographs, problems


def _find_dicom_files(root: Path) -> tuple[dict[str, list[Path]], list[Problem]]:
    """DICOM files by `<PATIENT>_<MM-DD-YYYY>-XR`; studies that are no radiographs are reported."""
    days: dict[str, list[Path]] = defaultdict(list)
    problems = []
    trees = (root / "COVID-19-AR", *sorted(root.glob("manifest-*/COVID-19-AR")))
    for study in sorted(study for tree in trees for study in tree.glob("COVID-19-AR-*/*") if study.is_dir()):
        match = STUDY.fullmatch(study.name)
        if match and match["what"].startswith("XR") and _parse_date(match["date"]):
            days[f"{study.parent.name}_{match['date']}-XR"] += sorted(study.rglob("*.dcm"))
        else:
            problems.append(Problem(f"{study.parent.name}/{study.name}", "not a radiograph: not listed", bad=False))
    return {stem: paths for stem, paths in days.items() if paths}, problems


def _make_day_radiographs(stem: str, paths: list[Path]) -> list[Radiograph]:
    match = STEM.fullmatch(stem)
    day = _parse_date(match["date"]) if match else None
    if match is None or day is None:
        return []
    if len(paths) == 1:
        return [Radiograph(stem, stem, match["patient"], day, paths[0])]
    return [Radiograph(f"{stem}-{i}", None, match["patient"], day, path) for i, path in enumerate(paths, 1)]


def _parse_date(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%m-%d-%Y").replace(tzinfo=UTC).date()
    except ValueError:
        return None
