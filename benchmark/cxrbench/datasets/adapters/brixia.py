"""Brixia COVID-19 (ASST Spedali Civili di Brescia): radiographs with a six-zone score, as obtained on request.

Layout: `dicom_clean/<Filename>`, `metadata_global_v2.csv` (separator `;`) or `metadata_global_v1.csv` (`,`), and
`metadata_consensus_v1.csv` (`,`), each with or without a byte-order mark; columns are found by name. The id is
`Filename` without `.dcm`, the patient is `Subject`.

Truth: for the cases that five radiologists re-read (`ConsensusTestset` 1, or listed in the consensus file) the stored
mode (`ModeA` ... `ModeF`; ties were decided by the senior reader, so it is read and not recomputed), for all others
the clinical score. The clinical score of a re-read case is kept in `raters["clinical"]`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cxrbench.case import ZONES, Case, Targets, Zones
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.csv_table import Row, drop_duplicates, read_optional_rows, read_rows
from cxrbench.datasets.formats.image_files import (
    find_root,
    list_absent_images,
    list_files,
    list_names,
    list_unlisted_files,
    make_dicom_loader,
)

GLOBAL = ("metadata_global_v2.csv", "metadata_global_v1.csv")
CONSENSUS = "metadata_consensus_v1.csv"
IMAGES = "dicom_clean"
COLUMNS = ("Filename", "BrixiaScore", "BrixiaScoreGlobal", "Subject")
MODES = tuple(f"Mode{zone}" for zone in ZONES)
MEANS = tuple(f"Mean{zone}" for zone in ZONES)
FACTS = {"Sex": "sex", "Modality": "modality", "Manufacturer": "manufacturer", "StudyId": "study"}


@dataset_adapters.register("brixia")
def list_brixia(data: DataFolder) -> Dataset:
    """List the radiographs of a copy of the Brixia set.

    A score whose digits are not 0-3 or do not add up to the global score is reported and its case left out. A score
    that lost its leading zeros in a spreadsheet is padded.

    Args:
        data: The data folder.

    Returns:
        One case per usable row, in the order of the table. `targets.day` counts from the subject's first study.

    Raises:
        DataError: The global table or a column of it is missing.
    """
    root, table = find_root(data, "brixia", *GLOBAL)
    all_rows = read_rows(table, COLUMNS, separator=_detect_separator(table))
    rows, problems = drop_duplicates(all_rows, _to_case_id, table.name)
    clinical, contradictory = _parse_clinical_scores(rows)
    consensus, unclear = _read_consensus(root / CONSENSUS)
    tables = _BrixiaTables(clinical, consensus, _find_first_days(rows), root / IMAGES, list_names(root / IMAGES))
    cases = tuple(_make_case(row, tables) for row in rows if _to_case_id(row) in clinical)
    doubtful = [*_compare_tables(cases, consensus), *_list_blank_subjects(cases)]
    absent = list_absent_images(root / IMAGES, cases)
    unlisted = list_unlisted_files(root / IMAGES, (f"{_to_case_id(row)}.dcm" for row in all_rows))
    return Dataset("brixia", cases, (*problems, *contradictory, *unclear, *doubtful, *absent, *unlisted))


def _detect_separator(table: Path) -> str:
    """`;` where the header has one (version 2), else `,` (version 1)."""
    with table.open("rb") as lines:
        return ";" if b";" in lines.readline() else ","


def _to_case_id(row: Row) -> str:
    return row["Filename"].removesuffix(".dcm")


def parse_zones(text: str) -> Zones | None:
    """Parse six zone scores, also where a spreadsheet dropped leading zeros.

    Args:
        text: `022131`, or `22131`, or `22131.0`.

    Returns:
        The scores of zones A to F; None where the text is blank or is not six digits 0-3.

    Example:
        >>> parse_zones("22131.0")
        (0, 2, 2, 1, 3, 1)
        >>> parse_zones("022141") is None
        True
    """
    digits = text.removesuffix(".0").zfill(len(ZONES))
    if not text or len(digits) != len(ZONES) or not set(digits) <= set("0123"):
        return None
    a, b, c, d, e, f = map(int, digits)
    return a, b, c, d, e, f


def _parse_clinical_scores(rows: Iterable[Row]) -> tuple[dict[str, Zones], list[Problem]]:
    """The clinical score by case, and the cases whose score contradicts itself."""
    scores, problems = {}, []
    for row in rows:
        zones, total = parse_zones(row["BrixiaScore"]), row["BrixiaScoreGlobal"].removesuffix(".0")
        if zones is None:
            reason = f"BrixiaScore {row['BrixiaScore'] or 'blank'} is not six of 0-3: left out"
            problems.append(Problem(_to_case_id(row), reason))
        elif str(sum(zones)) != total:
            reason = f"BrixiaScore {row['BrixiaScore']} does not add up to {total or 'blank'}: left out"
            problems.append(Problem(_to_case_id(row), reason))
        else:
            scores[_to_case_id(row)] = zones
    return scores, problems


Consensus = tuple[Zones, tuple[float, ...]]
"""The stored mode and the stored means of the five readers."""


def _read_consensus(path: Path) -> tuple[dict[str, Consensus], list[Problem]]:
    """The five readers' mode and means by case; rows that are not scores are reported and not used."""
    if not path.is_file():
        return {}, [Problem(path.name, "absent: the truth of the re-read cases is unknown")]
    table, unusable = read_optional_rows(path, ("Filename", *MODES))
    rows, repeated = drop_duplicates(table, _to_case_id, path.name)
    consensus, problems = {}, [*unusable, *repeated]
    for row in rows:
        zones = parse_zones("".join(row[mode].removesuffix(".0") for mode in MODES))
        if zones is None or any(not row[mode] for mode in MODES):
            problems.append(Problem(_to_case_id(row), f"a mode in {path.name} is not 0-3: its truth is unknown"))
        else:
            consensus[_to_case_id(row)] = zones, tuple(float(row[mean]) for mean in MEANS if row.get(mean))
    return consensus, problems


def _compare_tables(cases: Iterable[Case], consensus: Mapping[str, object]) -> list[Problem]:
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


def _list_blank_subjects(cases: Iterable[Case]) -> list[Problem]:
    reason = "Subject is blank: counts as a patient of its own"
    return [Problem(case.id, reason) for case in cases if case.patient == f"image:{case.id}"]


def _parse_day(row: Row) -> datetime | None:
    try:
        return datetime.strptime(row.get("StudyDate", ""), "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None


def _find_first_days(rows: Iterable[Row]) -> dict[str, datetime]:
    """The day of the first study by subject."""
    days: dict[str, list[datetime]] = defaultdict(list)
    for row in rows:
        if day := _parse_day(row):
            days[row["Subject"]].append(day)
    return {subject: min(studies) for subject, studies in days.items()}


@dataclass(frozen=True, slots=True)
class _BrixiaTables:
    """What the tables say of a row's case, by case or by subject, and the images that are there."""

    clinical: Mapping[str, Zones]
    consensus: Mapping[str, Consensus]
    first: Mapping[str, datetime]
    images: Path
    names: frozenset[str]


def _make_case(row: Row, tables: _BrixiaTables) -> Case:
    name, day = _to_case_id(row), _parse_day(row)
    clinical, consensus = tables.clinical[name], tables.consensus.get(name)
    reread = _is_reread(row, consensus)
    image = tables.images / f"{name}.dcm" if f"{name}.dcm" in tables.names else None
    return Case(
        id=name,
        patient=row["Subject"] or f"image:{name}",
        dataset="brixia",
        targets=Targets(
            brixia=consensus[0] if consensus else None if reread else clinical,
            raters={"clinical": clinical} if reread or consensus else {},
            day=float((day - tables.first[row["Subject"]]).days) if day else None,
        ),
        meta=_make_meta(row, consensus, reread=reread),
        load=make_dicom_loader(image) if image else None,
        files=list_files(image),
    )


def _is_reread(row: Row, consensus: Consensus | None) -> bool:
    """Whether five radiologists re-read the case; a table without the column does not say, then the other one does."""
    return row["ConsensusTestset"] in ("1", "1.0") if "ConsensusTestset" in row else consensus is not None


def _make_meta(row: Row, consensus: Consensus | None, *, reread: bool) -> Mapping[str, object]:
    """`age_from` is the lower end of the five-year bin that the table gives instead of an age."""
    facts: dict[str, object] = {key: row[column] for column, key in FACTS.items() if row.get(column)}
    step = row.get("AgeAtStudyDateFiveYear", "").removesuffix(".0")
    if step.isdigit():
        facts["age_from"] = 5 * int(step)
    if consensus:
        facts["consensus_mean"] = consensus[1]
    return {**facts, "consensus": reread}
