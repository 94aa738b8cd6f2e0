"""Split files and their registry.

`<dataset>-v<version>.csv` (the default split) or `<dataset>-<name>-v<version>.csv`: comment lines with its
provenance, then `case_id,patient_id,part`, sorted by case; or, where case ids are not public, `patient_id,part` under
a comment `unit: patient`. `SHA256SUMS` beside them is the registry (it works with `sha256sum -c`); a file that
differs from its hash is refused, for a changed split is a new version.
"""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path

from cxrbench.case import Case
from cxrbench.errors import DataError
from cxrbench.splits.split import DEFAULT, Head, Parts, Plan, Split, in_order

FOLDER = Path(__file__).parent
COLUMNS = ("case_id", "patient_id", "part")
PATIENT_COLUMNS = ("patient_id", "part")


def registered() -> dict[str, str]:
    """File name to SHA-256 of every split that ships with this version."""
    lines = (FOLDER / "SHA256SUMS").read_text("utf-8").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key under which numbers inside names count as numbers: v2 before v10.

    >>> sorted(["a-v10", "a-v2"], key=natural)
    ['a-v2', 'a-v10']
    """
    pieces = re.findall(r"\d+|\D+", text)
    return tuple((0, int(one), "") if one.isdigit() else (1, 0, one) for one in pieces)


def natural_order(head: Head) -> tuple[object, ...]:
    """Sort key of splits: by dataset, its default split first, then by name and version."""
    return natural(head.dataset), head.name != DEFAULT, natural(head.name), head.version


def heads() -> dict[str, Head]:
    """File name to provenance of every registered file, in natural order; of several versions the newest is last."""
    found = {name: _head(FOLDER / name, digest) for name, digest in registered().items()}
    return dict(sorted(found.items(), key=lambda item: natural_order(item[1])))


def listed() -> list[tuple[str, str, str]]:
    """(dataset, split name, file name) of every registered split whose file names its cases, in natural order."""
    return [(head.dataset, head.name, file) for file, head in heads().items() if not _by_patient(FOLDER / file)]


def read_registered(file: str) -> Split | Plan:
    """Read a registered file. Raises `DataError` if it was changed."""
    path, digest = FOLDER / file, registered()[file]
    return read_plan(path, digest) if _by_patient(path) else read_split(path, digest)


def read_split(path: Path, sha256: str | None = None) -> Split:
    """Parse a split file; with `sha256`, refuse one that differs from it."""
    head, rows = _read(path, COLUMNS, sha256)
    return Split(
        **vars(head),
        patients={row["case_id"]: row["patient_id"] for row in rows},
        part_of={row["case_id"]: row["part"] for row in rows},
    )


def read_plan(path: Path, sha256: str | None = None) -> Plan:
    """Parse a file of patients: each case goes where its patient goes; a patient it does not name is unused."""
    head, rows = _read(path, PATIENT_COLUMNS, sha256)
    part_of_patient = {row["patient_id"]: row["part"] for row in rows}

    def assign(cases: Sequence[Case]) -> Parts:
        return {case.id: part_of_patient[case.patient] for case in cases if case.patient in part_of_patient}

    return Plan(**vars(head), parts=in_order(set(part_of_patient.values())), assign=assign)


def _read(path: Path, columns: Sequence[str], sha256: str | None) -> tuple[Head, list[dict[str, str]]]:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if sha256 is not None and digest != sha256:
        raise DataError("the split file was changed", str(path), "restore it; a changed split is a new version")
    text = content.decode("utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if line[:1] != "#"))
    _check(path, rows, columns)
    return _head(path, digest), rows


def _comments(path: Path) -> Mapping[str, str]:
    """The `# key: value` lines at the top."""
    with path.open(encoding="utf-8") as lines:
        pairs = [line[2:].partition(":") for line in takewhile(lambda line: line.startswith("# "), lines)]
    return {key.strip(): value.strip() for key, _, value in pairs}


def _by_patient(path: Path) -> bool:
    return _comments(path).get("unit") == "patient"


def _head(path: Path, digest: str) -> Head:
    said = _comments(path)
    missing = {"dataset", "name", "version", "origin", "seed", "licence", "note"} - set(said)
    if missing:
        raise DataError(f"the split file does not state its {', '.join(sorted(missing))}", str(path), "restore it")
    return Head(
        dataset=said["dataset"],
        name=said["name"],
        version=int(said["version"]),
        origin=said["origin"],
        seed=int(said["seed"]) if said["seed"] != "none" else None,
        licence=said["licence"],
        note=said["note"],
        sha256=digest,
    )


def _check(path: Path, rows: list[dict[str, str]], columns: Sequence[str]) -> None:
    if not rows or set(rows[0]) != set(columns):
        raise DataError(f"a split needs the columns {', '.join(columns)}", str(path), "restore the file")
    key = columns[0]
    twice = [one for one, count in Counter(row[key] for row in rows).items() if count > 1]
    if twice:
        raise DataError(f"a {key.removesuffix('_id')} stands twice in the split ({twice[0]})", str(path), "restore it")
