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
from cxrbench.splits.split import DEFAULT, PartByCase, Split, SplitHeader, SplitRule, sort_parts

FOLDER = Path(__file__).parent
COLUMNS = ("case_id", "patient_id", "part")
PATIENT_COLUMNS = ("patient_id", "part")


def read_checksums() -> dict[str, str]:
    """Read the SHA-256 of every split file that ships with this version, by file name."""
    lines = (FOLDER / "SHA256SUMS").read_text("utf-8").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def to_natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Make a sort key under which numbers inside names count as numbers: v2 before v10.

    Args:
        text: The name to sort by.

    Returns:
        The key, to be compared with other keys of this function only.

    Example:
        >>> sorted(["a-v10", "a-v2"], key=to_natural_key)
        ['a-v2', 'a-v10']
    """
    pieces = re.findall(r"\d+|\D+", text)
    return tuple((0, int(piece), "") if piece.isdigit() else (1, 0, piece) for piece in pieces)


def to_split_key(header: SplitHeader) -> tuple[object, ...]:
    """Make the sort key of a split: by dataset, its default split first, then by name and version.

    Args:
        header: The split, or its provenance.

    Returns:
        The key, to be compared with other keys of this function only.
    """
    return to_natural_key(header.dataset), header.name != DEFAULT, to_natural_key(header.name), header.version


def read_headers() -> dict[str, SplitHeader]:
    """Read the provenance of every registered file, by file name and in natural order; newer versions come later."""
    headers = {name: _read_header(FOLDER / name, digest) for name, digest in read_checksums().items()}
    return dict(sorted(headers.items(), key=lambda item: to_split_key(item[1])))


def list_case_files() -> list[tuple[str, str, str]]:
    """List every registered split whose file names its cases, as (dataset, split name, file name) in natural order."""
    headers = read_headers().items()
    return [(header.dataset, header.name, file) for file, header in headers if not _is_patient_list(FOLDER / file)]


def read_registered_split(file: str) -> Split | SplitRule:
    """Read a registered file and check it against its SHA-256.

    Args:
        file: Name of the file in `SHA256SUMS`.

    Returns:
        The split; a rule where the file lists patients instead of cases.

    Raises:
        DataError: The file was changed, or is not a split file.
    """
    path, digest = FOLDER / file, read_checksums()[file]
    return read_patient_list(path, digest) if _is_patient_list(path) else read_split(path, digest)


def read_split(path: Path, sha256: str | None = None) -> Split:
    """Read a split file that lists cases.

    Args:
        path: The CSV file.
        sha256: The hash that it must have; None accepts any.

    Returns:
        The split.

    Raises:
        DataError: The file differs from `sha256`, or is not a split file.
    """
    header, rows = _read_rows(path, COLUMNS, sha256)
    return Split(
        **vars(header),
        patients={row["case_id"]: row["patient_id"] for row in rows},
        part_of={row["case_id"]: row["part"] for row in rows},
    )


def read_patient_list(path: Path, sha256: str | None = None) -> SplitRule:
    """Read a split file that lists patients: each case goes to the part of its patient.

    Args:
        path: The CSV file.
        sha256: The hash that it must have; None accepts any.

    Returns:
        The rule; cases of a patient whom the file does not name are unused.

    Raises:
        DataError: The file differs from `sha256`, or is not such a file.
    """
    header, rows = _read_rows(path, PATIENT_COLUMNS, sha256)
    part_of_patient = {row["patient_id"]: row["part"] for row in rows}

    def assign(cases: Sequence[Case]) -> PartByCase:
        return {case.id: part_of_patient[case.patient] for case in cases if case.patient in part_of_patient}

    return SplitRule(**vars(header), parts=sort_parts(set(part_of_patient.values())), assign=assign)


def _read_rows(path: Path, columns: Sequence[str], sha256: str | None) -> tuple[SplitHeader, list[dict[str, str]]]:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if sha256 is not None and digest != sha256:
        raise DataError("the split file was changed", str(path), "restore it; a changed split is a new version")
    text = content.decode("utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if line[:1] != "#"))
    _check_rows(path, rows, columns)
    return _read_header(path, digest), rows


def _read_comments(path: Path) -> Mapping[str, str]:
    """The `# key: value` lines at the top."""
    with path.open(encoding="utf-8") as lines:
        pairs = [line[2:].partition(":") for line in takewhile(lambda line: line.startswith("# "), lines)]
    return {key.strip(): value.strip() for key, _, value in pairs}


def _is_patient_list(path: Path) -> bool:
    return _read_comments(path).get("unit") == "patient"


def _read_header(path: Path, digest: str) -> SplitHeader:
    stated = _read_comments(path)
    missing = {"dataset", "name", "version", "origin", "seed", "licence", "note"} - set(stated)
    if missing:
        raise DataError(f"the split file does not state its {', '.join(sorted(missing))}", str(path), "restore it")
    return SplitHeader(
        dataset=stated["dataset"],
        name=stated["name"],
        version=int(stated["version"]),
        origin=stated["origin"],
        seed=int(stated["seed"]) if stated["seed"] != "none" else None,
        licence=stated["licence"],
        note=stated["note"],
        sha256=digest,
    )


def _check_rows(path: Path, rows: list[dict[str, str]], columns: Sequence[str]) -> None:
    if not rows or set(rows[0]) != set(columns):
        raise DataError(f"a split needs the columns {', '.join(columns)}", str(path), "restore the file")
    key = columns[0]
    repeated = [name for name, count in Counter(row[key] for row in rows).items() if count > 1]
    if repeated:
        unit = key.removesuffix("_id")
        raise DataError(f"a {unit} occurs twice in the split ({repeated[0]})", str(path), "restore it")
