"""Films of COVID-19-AR on disk: exported pictures and the DICOM tree of TCIA, one list."""

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from cxrbench.datasets import Problem
from cxrbench.datasets.formats.image_files import Loader, dicom, raster

STEM = re.compile(r"(?P<patient>COVID-19-AR-\d+)_(?P<date>\d\d-\d\d-\d{4})-XR")
STUDY = re.compile(r"(?P<date>\d\d-\d\d-\d{4})-(?:NA-)?(?P<what>.+)")
"""A study's folder, `01-15-2012-NA-XR CHEST AP ONLY-24124`; some copies lack the `NA`."""


@dataclass(frozen=True, slots=True)
class Film:
    """One radiograph: whose, of which day (dates are shifted to 2011-2012), in which file.

    `stem` names the day's annotation; it is None where the day has several films and the file does not say which
    one was drawn on. `day` counts from the patient's first film.
    """

    id: str
    stem: str | None
    patient: str
    date: date
    path: Path
    day: float = 0.0

    @property
    def load(self) -> Loader | None:
        """Decodes the film."""
        return dicom(self.path) if self.path.suffix.lower() == ".dcm" else raster(self.path)


def find_films(root: Path, exported: Path) -> tuple[list[Film], list[Problem]]:
    """Every radiograph below the root, sorted by id; a day's exported picture stands for its DICOM files."""
    pictures, problems = _exported(exported)
    days, others = _tree(root)
    films = dict(pictures)
    for stem, paths in days.items():
        if stem not in films:
            films |= {film.id: film for film in _of_day(stem, paths)}
            several = f"{len(paths)} films of one day: which one was annotated is unknown, masks not used"
            problems += [Problem(stem, several, bad=False)] if paths[1:] else []
    first: dict[str, date] = {}
    for film in films.values():
        first[film.patient] = min(film.date, first.get(film.patient, film.date))
    dated = [replace(film, day=float((film.date - first[film.patient]).days)) for film in films.values()]
    return sorted(dated, key=lambda film: film.id), [*problems, *others]


def _exported(folder: Path) -> tuple[dict[str, Film], list[Problem]]:
    films, problems = {}, []
    for path in sorted(folder.glob("*.[jJ][pP]*[gG]")):
        found = STEM.fullmatch(path.stem)
        if found is None or (day := _date(found["date"])) is None:
            problems.append(Problem(f"{folder.name}/{path.name}", "not named <PATIENT>_<MM-DD-YYYY>-XR: not listed"))
        else:
            films[path.stem] = Film(path.stem, path.stem, found["patient"], day, path)
    return films, problems


def _tree(root: Path) -> tuple[dict[str, list[Path]], list[Problem]]:
    """DICOM files by `<PATIENT>_<MM-DD-YYYY>-XR`; studies that are no radiographs are reported."""
    days: dict[str, list[Path]] = defaultdict(list)
    problems = []
    trees = (root / "COVID-19-AR", *sorted(root.glob("manifest-*/COVID-19-AR")))
    for study in sorted(study for tree in trees for study in tree.glob("COVID-19-AR-*/*") if study.is_dir()):
        named = STUDY.fullmatch(study.name)
        if named and named["what"].startswith("XR") and _date(named["date"]):
            days[f"{study.parent.name}_{named['date']}-XR"] += sorted(study.rglob("*.dcm"))
        else:
            problems.append(Problem(f"{study.parent.name}/{study.name}", "not a radiograph: not listed", bad=False))
    return {stem: paths for stem, paths in days.items() if paths}, problems


def _of_day(stem: str, paths: list[Path]) -> list[Film]:
    found = STEM.fullmatch(stem)
    day = _date(found["date"]) if found else None
    if found is None or day is None:
        return []
    if len(paths) == 1:
        return [Film(stem, stem, found["patient"], day, paths[0])]
    return [Film(f"{stem}-{i}", None, found["patient"], day, path) for i, path in enumerate(paths, 1)]


def _date(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%m-%d-%Y").replace(tzinfo=UTC).date()
    except ValueError:
        return None
