"""How our split files were made: each rule as code, one dataset a module, so that anyone can draw them again.

A rule is a function of the data folder that returns the file's bytes as text; `python -m cxrbench.curation.draw` runs
it. Draws use scikit-learn with a fixed seed, or the order of seeded hashes, which no library version can change.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence

from cxrbench.case import Case
from cxrbench.registry import Registry
from cxrbench.splits.files import COLUMNS, PATIENT_COLUMNS
from cxrbench.splits.split import Head

Draw = Callable[[str | None], str]
draws: Registry[Draw] = Registry("draw", "cxrbench.curation.draws")


def split_text(head: Head, rows: Iterable[tuple[str, str, str]]) -> str:
    """The text of a split file: header comments, then rows of case, patient and part, sorted by case id."""
    return _text(head, {}, COLUMNS, rows)


def patient_text(head: Head, part_of: Mapping[str, str]) -> str:
    """The text of a file of patients: for datasets whose case ids are not public."""
    return _text(head, {"unit": "patient"}, PATIENT_COLUMNS, part_of.items())


def _text(head: Head, more: Mapping[str, str], columns: Sequence[str], rows: Iterable[tuple[str, ...]]) -> str:
    said = {
        "dataset": head.dataset,
        "name": head.name,
        "version": head.version,
        "origin": head.origin,
        "seed": "none" if head.seed is None else head.seed,
        "licence": head.licence,
        "note": head.note,
        **more,
    }
    out = io.StringIO()
    out.writelines(f"# {key}: {value}\n" for key, value in said.items())
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(sorted(rows))
    return out.getvalue()


def rows_of(cases: Sequence[Case], parts: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Case, patient and part of each case."""
    return [(case.id, case.patient, parts[case.id]) for case in cases]


def shuffled(names: Iterable[str], seed: int) -> list[str]:
    """Names in the order of the SHA-256 of `<seed>:<name>`: a draw that is the same everywhere and for ever.

    >>> shuffled(["a", "b", "c"], seed=23) == shuffled(["c", "a", "b"], seed=23)
    True
    """
    return sorted(names, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).hexdigest())
