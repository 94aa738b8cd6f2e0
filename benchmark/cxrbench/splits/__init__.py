"""Splits: versioned, checksummed files that give each case of a dataset its part.

A split is `<dataset>-v<version>.csv` (the default split) or `<dataset>-<name>-v<version>.csv`: comment lines with
its provenance, then `case_id,patient_id,part`, sorted by case. `SHA256SUMS` beside them is the registry (it works
with `sha256sum -c`); a file that differs from its hash is refused, for a changed split is a new version.
"""

import csv
import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cxrbench.errors import DataError
from cxrbench.registry import unknown

FOLDER = Path(__file__).parent
DEFAULT = "default"
ALL = "all"
"""The part that every split has: all its cases."""
COLUMNS = ("case_id", "patient_id", "part")


@dataclass(frozen=True)
class Split:
    """Which case belongs to which patient and which part, with where that comes from.

    `origin` is "published ids", "published rule", "published sizes, our draw" or "ours"; `note` says what a reader
    must know (a leak, say); `seed` is None where nothing was drawn.
    """

    dataset: str
    name: str
    version: int
    origin: str
    seed: int | None
    licence: str
    note: str
    sha256: str
    patients: Mapping[str, str]
    part_of: Mapping[str, str]

    @property
    def label(self) -> str:
        """How the split is written in a track: `brixia-cohen` or `brixia-cohen@published`."""
        return self.dataset if self.name == DEFAULT else f"{self.dataset}@{self.name}"

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The parts that the file names, in the order train, val, test, others."""
        order = {"train": 0, "val": 1, "test": 2}
        return tuple(sorted(set(self.part_of.values()), key=lambda part: (order.get(part, 3), part)))

    def cases(self, part: str) -> tuple[str, ...]:
        """The case ids of a part, sorted; `all` is every case. Raises `UsageError` for a part it lacks."""
        if part != ALL and part not in self.parts:
            raise unknown(f"part of split {self.label}", part, (ALL, *self.parts))
        return tuple(sorted(case for case, own in self.part_of.items() if part in (ALL, own)))

    def shared_patients(self) -> dict[tuple[str, str], set[str]]:
        """Patients in more than one part, for each pair of parts; empty for a split that does not leak."""
        members = {part: {self.patients[case] for case in self.cases(part)} for part in self.parts}
        pairs = [(a, b) for i, a in enumerate(self.parts) for b in self.parts[i + 1 :]]
        return {(a, b): shared for a, b in pairs if (shared := members[a] & members[b])}


def registered() -> dict[str, str]:
    """File name to SHA-256 of every split that ships with this version."""
    lines = (FOLDER / "SHA256SUMS").read_text("utf-8").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def listed() -> list[tuple[str, str, str]]:
    """(dataset, split name, file name) of every registered split; of several versions the newest comes last."""
    return [(*_named(name), name) for name in sorted(registered())]


def _named(file: str) -> tuple[str, str]:
    head = _head((FOLDER / file).read_text("utf-8"))
    return head["dataset"], head["name"]


def load_split(dataset: str, name: str = DEFAULT) -> Split:
    """Read a registered split, newest version. Raises `UsageError` where there is none, `DataError` if changed."""
    found = {own: file for of, own, file in listed() if of == dataset}
    if not found:
        raise unknown("dataset with a split", dataset, {of for of, _, _ in listed()})
    if name not in found:
        raise unknown(f"split of {dataset}", name, found)
    return read_split(FOLDER / found[name], registered()[found[name]])


def read_split(path: Path, sha256: str | None = None) -> Split:
    """Parse a split file; with `sha256`, refuse one that differs from it."""
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if sha256 is not None and digest != sha256:
        raise DataError("the split file was changed", str(path), "restore it; a changed split is a new version")
    text = content.decode("utf-8")
    head, rows = _head(text), list(csv.DictReader(line for line in text.splitlines() if line[:1] != "#"))
    _check(path, rows)
    return Split(
        dataset=head["dataset"],
        name=head["name"],
        version=int(head["version"]),
        origin=head["origin"],
        seed=int(head["seed"]) if head["seed"] != "none" else None,
        licence=head["licence"],
        note=head["note"],
        sha256=digest,
        patients={row["case_id"]: row["patient_id"] for row in rows},
        part_of={row["case_id"]: row["part"] for row in rows},
    )


def _head(text: str) -> dict[str, str]:
    """The `# key: value` lines at the top."""
    lines = (line[2:] for line in text.splitlines() if line.startswith("# "))
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _check(path: Path, rows: list[dict[str, str]]) -> None:
    if not rows or set(rows[0]) != set(COLUMNS):
        raise DataError(f"a split needs the columns {', '.join(COLUMNS)}", str(path), "restore the file")
    twice = [case for case, count in Counter(row["case_id"] for row in rows).items() if count > 1]
    if twice:
        raise DataError(f"a case stands twice in the split ({twice[0]})", str(path), "restore the file")


def bibtex(split: Split) -> str:
    """A BibTeX entry that pins the split: name, version and hash."""
    key = f"cxrbench-{split.label.replace('@', '-')}-v{split.version}"
    return (
        f"@misc{{{key},\n"
        f"  title = {{cxrbench split {split.label}, version {split.version}}},\n"
        f"  author = {{{{The cxrbench developers}}}},\n"
        f"  note = {{{split.origin}; {len(split.part_of)} cases of {len(set(split.patients.values()))} patients; "
        f"SHA-256 {split.sha256}}},\n"
        f"}}"
    )


__all__ = ["ALL", "DEFAULT", "Split", "bibtex", "listed", "load_split", "read_split", "registered"]
