"""Brixia COVID-19 (ASST Spedali Civili di Brescia): radiographs with a six-zone score, as the request gives them.

Layout: `dicom_clean/<Filename>`, `metadata_global_v2.csv` (separator `;`) or `metadata_global_v1.csv` (`,`), and
`metadata_consensus_v1.csv` (`,`), each with or without a byte-order mark; columns are found by name. The id is
`Filename` without `.dcm`, the patient is `Subject`.

Truth: of the cases that five radiologists re-read (`ConsensusTestset` 1, or listed in the consensus file) the stored
mode (`ModeA` ... `ModeF`; ties went to the senior reader, so it is read and not recomputed), elsewhere the clinical
score. Of the re-read cases the clinical score stands in `raters["clinical"]`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cxrbench.case import ZONES, Case, Targets, Zones
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.csv_table import Row, distinct, read_rows, read_secondary
from cxrbench.datasets.formats.image_files import absent, dicom, first_found, names_in, unlisted

GLOBAL = ("metadata_global_v2.csv", "metadata_global_v1.csv")
CONSENSUS = "metadata_consensus_v1.csv"
IMAGES = "dicom_clean"
COLUMNS = ("Filename", "BrixiaScore", "BrixiaScoreGlobal", "Subject")
MODES = tuple(f"Mode{zone}" for zone in ZONES)
MEANS = tuple(f"Mean{zone}" for zone in ZONES)
FACTS = {"Sex": "sex", "Modality": "modality", "Manufacturer": "manufacturer", "StudyId": "study"}


@dataset_adapters.register("brixia")
def brixia(data: DataFolder) -> Dataset:
    """List the radiographs of a copy of the Brixia set.

    A score whose digits are not 0-3 or do not add up to the global score is reported and its case left out; a score
    that lost its leading zeros in a spreadsheet is padded. `targets.day` counts from the subject's first study.
    """
    root, table = first_found(data, "brixia", *GLOBAL)
    all_rows = read_rows(table, COLUMNS, separator=_separator(table))
    rows, problems = distinct(all_rows, _name, table.name)
    clinical, contradictory = _clinical(rows)
    consensus, unclear = _consensus(root / CONSENSUS)
    tables = _Tables(clinical, consensus, _first_days(rows), root / IMAGES, names_in(root / IMAGES))
    cases = tuple(_case(row, tables) for row in rows if _name(row) in clinical)
    gaps = [*_unread(cases, consensus), *_nameless(cases), *absent(root / IMAGES, cases)]
    extra = unlisted(root / IMAGES, (f"{_name(row)}.dcm" for row in all_rows))
    return Dataset("brixia", cases, (*problems, *contradictory, *unclear, *gaps, *extra))


def _separator(table: Path) -> str:
    """`;` where the header has one (version 2), else `,` (version 1)."""
    with table.open("rb") as lines:
        return ";" if b";" in lines.readline() else ","


def _name(row: Row) -> str:
    return row["Filename"].removesuffix(".dcm")


def zones_of(text: str) -> Zones | None:
    """Six zone scores from `022131`, or from `22131` or `22131.0` where leading zeros were lost; else None."""
    digits = text.removesuffix(".0").zfill(len(ZONES))
    if not text or len(digits) != len(ZONES) or not set(digits) <= set("0123"):
        return None
    a, b, c, d, e, f = map(int, digits)
    return a, b, c, d, e, f


def _clinical(rows: Iterable[Row]) -> tuple[dict[str, Zones], list[Problem]]:
    """The clinical score by case, and the cases whose score contradicts itself."""
    found, problems = {}, []
    for row in rows:
        zones, total = zones_of(row["BrixiaScore"]), row["BrixiaScoreGlobal"].removesuffix(".0")
        if zones is None:
            problems.append(
                Problem(_name(row), f"BrixiaScore {row['BrixiaScore'] or 'blank'} is not six of 0-3: left out")
            )
        elif str(sum(zones)) != total:
            reason = f"BrixiaScore {row['BrixiaScore']} does not add up to {total or 'blank'}: left out"
            problems.append(Problem(_name(row), reason))
        else:
            found[_name(row)] = zones
    return found, problems


Consensus = tuple[Zones, tuple[float, ...]]
"""The stored mode and the stored means of the five readers."""


def _consensus(path: Path) -> tuple[dict[str, Consensus], list[Problem]]:
    """The five readers' mode and means by case; rows that are not scores are reported and not used."""
    if not path.is_file():
        return {}, [Problem(path.name, "absent: the truth of the re-read cases is unknown")]
    table, unusable = read_secondary(path, ("Filename", *MODES))
    rows, twice = distinct(table, _name, path.name)
    found, problems = {}, [*unusable, *twice]
    for row in rows:
        zones = zones_of("".join(row[mode].removesuffix(".0") for mode in MODES))
        if zones is None or any(not row[mode] for mode in MODES):
            problems.append(Problem(_name(row), f"a mode in {path.name} is not 0-3: its truth is unknown"))
        else:
            found[_name(row)] = zones, tuple(float(row[mean]) for mean in MEANS if row.get(mean))
    return found, problems


def _unread(cases: Iterable[Case], consensus: Mapping[str, object]) -> list[Problem]:
    """Where the two tables disagree on which cases were re-read."""
    known = {case.id: case for case in cases}
    lost = [Problem(name, f"in {CONSENSUS} but not among the usable rows") for name in consensus if name not in known]
    marked = [case.id for case in known.values() if case.meta["consensus"] and case.targets.brixia is None]
    plain = [case.id for case in known.values() if not case.meta["consensus"] and case.id in consensus]
    return [
        *lost,
        *(Problem(name, f"ConsensusTestset is 1 but {CONSENSUS} has no usable row: truth unknown") for name in marked),
        *(Problem(name, f"ConsensusTestset is 0 but {CONSENSUS} has a row: its mode is the truth") for name in plain),
    ]


def _nameless(cases: Iterable[Case]) -> list[Problem]:
    reason = "Subject is blank: counts as a patient of its own"
    return [Problem(case.id, reason) for case in cases if case.patient == f"image:{case.id}"]


def _day(row: Row) -> datetime | None:
    try:
        return datetime.strptime(row.get("StudyDate", ""), "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None


def _first_days(rows: Iterable[Row]) -> dict[str, datetime]:
    days: dict[str, list[datetime]] = defaultdict(list)
    for row in rows:
        if day := _day(row):
            days[row["Subject"]].append(day)
    return {subject: min(own) for subject, own in days.items()}


@dataclass(frozen=True, slots=True)
class _Tables:
    """What the other rows and tables say of a row's case, by case or by subject."""

    clinical: Mapping[str, Zones]
    consensus: Mapping[str, Consensus]
    first: Mapping[str, datetime]
    images: Path
    here: frozenset[str]


def _case(row: Row, tables: _Tables) -> Case:
    name, day = _name(row), _day(row)
    clinical, read = tables.clinical[name], tables.consensus.get(name)
    marked = _marked(row, read)
    return Case(
        id=name,
        patient=row["Subject"] or f"image:{name}",
        dataset="brixia",
        targets=Targets(
            brixia=read[0] if read else None if marked else clinical,
            raters={"clinical": clinical} if marked or read else {},
            day=float((day - tables.first[row["Subject"]]).days) if day else None,
        ),
        meta=_meta(row, read, marked=marked),
        load=dicom(tables.images / f"{name}.dcm") if f"{name}.dcm" in tables.here else None,
    )


def _marked(row: Row, read: Consensus | None) -> bool:
    """Whether the table says that five radiologists re-read the case; a table without the column cannot."""
    return row["ConsensusTestset"] in ("1", "1.0") if "ConsensusTestset" in row else read is not None


def _meta(row: Row, read: Consensus | None, *, marked: bool) -> Mapping[str, object]:
    """`age_from` is the lower end of the five-year bin that the table gives instead of an age."""
    known: dict[str, object] = {key: row[column] for column, key in FACTS.items() if row.get(column)}
    step = row.get("AgeAtStudyDateFiveYear", "").removesuffix(".0")
    if step.isdigit():
        known["age_from"] = 5 * int(step)
    if read:
        known["consensus_mean"] = read[1]
    return {**known, "consensus": marked}
