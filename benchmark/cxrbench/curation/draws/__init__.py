"""How our split files were drawn: one module per dataset or group of datasets, so that anyone can draw them again.

A draw is a function of the data folder that returns the text of the split file; `python -m cxrbench.curation.draw` runs
it. Draws use scikit-learn with a fixed seed, or the order of seeded hashes, which no library version can change.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence

from cxrbench.case import Case
from cxrbench.registry import Registry
from cxrbench.splits.files import COLUMNS, PATIENT_COLUMNS
from cxrbench.splits.split import SplitHeader

SplitDraw = Callable[[str | None], str]
draws: Registry[SplitDraw] = Registry("draw", "cxrbench.curation.draws")


def format_split_file(header: SplitHeader, rows: Iterable[tuple[str, str, str]]) -> str:
    """Format a split file: header comments, then rows of case, patient and part, sorted by case id.

    Args:
        header: The provenance of the split.
        rows: Case, patient and part of each case, in any order.

    Returns:
        The text of the file.
    """
    return _format_file(header, {}, COLUMNS, rows)


def format_patient_list(header: SplitHeader, part_of: Mapping[str, str]) -> str:
    """Format a list of patients, for datasets whose case ids are not public.

    Args:
        header: The provenance of the split.
        part_of: Patient id to part.

    Returns:
        The text of the file.
    """
    return _format_file(header, {"unit": "patient"}, PATIENT_COLUMNS, part_of.items())


def _format_file(
    header: SplitHeader, more: Mapping[str, str], columns: Sequence[str], rows: Iterable[tuple[str, ...]]
) -> str:
    comments = {
        "dataset": header.dataset,
        "name": header.name,
        "version": header.version,
        "origin": header.origin,
        "seed": "none" if header.seed is None else header.seed,
        "licence": header.licence,
        "note": header.note,
        **more,
    }
    out = io.StringIO()
    out.writelines(f"# {key}: {value}\n" for key, value in comments.items())
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(sorted(rows))
    return out.getvalue()


def to_split_rows(cases: Sequence[Case], parts: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """List case, patient and part of each case.

    Args:
        cases: The cases.
        parts: Case id to part; names every case.

    Returns:
        One row per case, in the order given.
    """
    return [(case.id, case.patient, parts[case.id]) for case in cases]


def shuffle_by_hash(names: Iterable[str], seed: int) -> list[str]:
    """Sort names by the SHA-256 of `<seed>:<name>`: a pseudo-random order that no library version can change.

    Args:
        names: Unique names, in any order.
        seed: Seed of the order.

    Returns:
        The names in their new order.

    Example:
        >>> shuffle_by_hash(["a", "b", "c"], seed=23) == shuffle_by_hash(["c", "a", "b"], seed=23)
        True
    """
    return sorted(names, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).hexdigest())
