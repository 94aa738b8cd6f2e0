"""What a split is: its provenance (`Head`), its cases (`Split`), or a rule that yields them on a copy (`Plan`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cxrbench.case import Case
from cxrbench.errors import DataError
from cxrbench.registry import unknown

DEFAULT = "default"
ALL = "all"
"""The part that every split has: all its cases but the unused ones."""
UNUSED = "unused"
"""Cases that a split knows and leaves out of its protocol: in no part, and not in `all`."""
Parts = Mapping[str, str]


def in_order(parts: Sequence[str] | set[str]) -> tuple[str, ...]:
    """Part names in the order train, val, test, others; `unused` is not a part.

    >>> in_order({"test", "unused", "train", "masked"})
    ('train', 'test', 'masked')
    """
    order = {"train": 0, "val": 1, "test": 2}
    return tuple(sorted(set(parts) - {UNUSED}, key=lambda part: (order.get(part, 3), part)))


@dataclass(frozen=True, kw_only=True)
class Head:
    """Where a split comes from.

    `origin` is "published ids", "published rule", "published sizes, our draw", "ours" or "ours, rule"; `note` says
    what a reader must know (a leak, say); `seed` is None where nothing was drawn; `sha256` pins the file, or the rule.
    """

    dataset: str
    name: str = DEFAULT
    version: int = 1
    origin: str
    seed: int | None = None
    licence: str
    note: str
    sha256: str = ""

    @property
    def label(self) -> str:
        """How the split is written in a track: `brixia-cohen` or `brixia-cohen@published`."""
        return self.dataset if self.name == DEFAULT else f"{self.dataset}@{self.name}"


@dataclass(frozen=True, kw_only=True)
class Split(Head):
    """Which case belongs to which patient and which part."""

    patients: Mapping[str, str]
    part_of: Parts

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The parts that the split names, in the order train, val, test, others; without `unused`."""
        return in_order(set(self.part_of.values()))

    def cases(self, part: str) -> tuple[str, ...]:
        """The case ids of a part, sorted; `all` is every case of every part, which leaves `unused` out.

        Raises `UsageError` for a part it lacks; `unused` may be asked for by name.
        """
        known = {*self.parts, *self.part_of.values()}
        if part != ALL and part not in known:
            raise unknown(f"part of split {self.label}", part, (ALL, *self.parts))
        wanted = set(self.parts) if part == ALL else {part}
        return tuple(sorted(case for case, own in self.part_of.items() if own in wanted))

    def shared_patients(self) -> dict[tuple[str, str], set[str]]:
        """Patients in more than one part, for each pair of parts; empty for a split that does not leak."""
        members = {part: {self.patients[case] for case in self.cases(part)} for part in self.parts}
        pairs = [(a, b) for i, a in enumerate(self.parts) for b in self.parts[i + 1 :]]
        return {(a, b): shared for a, b in pairs if (shared := members[a] & members[b])}


@dataclass(frozen=True, kw_only=True)
class Plan(Head):
    """A split that needs the cases of the user's own copy: their ids are not public, or may not be listed.

    `assign` gives each case its part; a case that it does not name is unused. `sha256` pins the rule (its name,
    version and wording) or the file of patients that it looks up.
    """

    parts: tuple[str, ...]
    assign: Callable[[Sequence[Case]], Parts] = field(repr=False, compare=False)

    def split(self, cases: Sequence[Case]) -> Split:
        """The split of these cases. Raises `DataError` where no case falls into any part."""
        assigned = self.assign(cases)
        part_of = {case.id: assigned.get(case.id, UNUSED) for case in cases}
        strange = set(part_of.values()) - {*self.parts, UNUSED}
        if strange:
            raise ValueError(f"the rule of {self.label} names parts it does not declare: {sorted(strange)}")
        if set(part_of.values()) <= {UNUSED}:
            raise DataError(f"the rule of split {self.label} finds no case", self.dataset, "check --data")
        return Split(
            dataset=self.dataset,
            name=self.name,
            version=self.version,
            origin=self.origin,
            seed=self.seed,
            licence=self.licence,
            note=self.note,
            sha256=self.sha256,
            patients={case.id: case.patient for case in cases},
            part_of=part_of,
        )


def check_part(found: Split | Plan, part: str) -> None:
    """Raise `UsageError` for a part that a split does not have."""
    if part not in (ALL, *found.parts):
        raise unknown(f"part of split {found.label}", part, (ALL, *found.parts))
