"""What a split is: its provenance, its cases, or a rule that yields them on the user's copy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cxrbench.case import Case
from cxrbench.errors import DataError
from cxrbench.registry import make_unknown_name_error

DEFAULT = "default"
ALL = "all"
"""The part that every split has: all its cases but the unused ones."""
UNUSED = "unused"
"""Cases that a split knows and leaves out of its protocol: in no part, and not in `all`."""
PartByCase = Mapping[str, str]


def sort_parts(parts: Sequence[str] | set[str]) -> tuple[str, ...]:
    """Sort the names of parts: train, val, test, then the others.

    Args:
        parts: Names of parts, in any order and with repeats; `unused` is dropped, since it is no part.

    Returns:
        Each name once.

    Example:
        >>> sort_parts({"test", "unused", "train", "masked"})
        ('train', 'test', 'masked')
    """
    order = {"train": 0, "val": 1, "test": 2}
    return tuple(sorted(set(parts) - {UNUSED}, key=lambda part: (order.get(part, 3), part)))


@dataclass(frozen=True, kw_only=True)
class SplitHeader:
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
class Split(SplitHeader):
    """Which case belongs to which patient and which part."""

    patients: Mapping[str, str]
    part_of: PartByCase

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The parts that the split names, in the order train, val, test, others; without `unused`."""
        return sort_parts(set(self.part_of.values()))

    def cases(self, part: str) -> tuple[str, ...]:
        """List the cases of a part.

        Args:
            part: Name of a part; `all` is every case of every part; `unused` may be given by name.

        Returns:
            Case ids, sorted.

        Raises:
            UsageError: The split has no such part.
        """
        known = {*self.parts, *self.part_of.values()}
        if part != ALL and part not in known:
            raise make_unknown_name_error(f"part of split {self.label}", part, (ALL, *self.parts))
        wanted = set(self.parts) if part == ALL else {part}
        return tuple(sorted(case for case, part_of_case in self.part_of.items() if part_of_case in wanted))

    def shared_patients(self) -> dict[tuple[str, str], set[str]]:
        """Patients in more than one part, for each pair of parts; empty for a split that does not leak."""
        members = {part: {self.patients[case] for case in self.cases(part)} for part in self.parts}
        pairs = [(a, b) for i, a in enumerate(self.parts) for b in self.parts[i + 1 :]]
        return {(a, b): shared for a, b in pairs if (shared := members[a] & members[b])}


@dataclass(frozen=True, kw_only=True)
class SplitRule(SplitHeader):
    """A split that needs the cases of the user's own copy: their ids are not public, or may not be listed.

    `assign` gives each case its part; a case that it does not name is unused. `sha256` pins the rule (its name,
    version and wording) or the file of patients that it looks up.
    """

    parts: tuple[str, ...]
    assign: Callable[[Sequence[Case]], PartByCase] = field(repr=False, compare=False)

    def apply(self, cases: Sequence[Case]) -> Split:
        """Evaluate the rule on the cases of a copy.

        Args:
            cases: Every case of the user's copy.

        Returns:
            The split of these cases.

        Raises:
            DataError: No case falls into any part.
            ValueError: The rule names a part that it does not declare.
        """
        assigned = self.assign(cases)
        part_of = {case.id: assigned.get(case.id, UNUSED) for case in cases}
        undeclared = set(part_of.values()) - {*self.parts, UNUSED}
        if undeclared:
            raise ValueError(f"the rule of {self.label} names parts it does not declare: {sorted(undeclared)}")
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


def check_part(split: Split | SplitRule, part: str) -> None:
    """Check that a split has a part.

    Args:
        split: The split, or a rule that was not evaluated yet.
        part: Name of a part, or `all`.

    Raises:
        UsageError: The split has no such part.
    """
    if part not in (ALL, *split.parts):
        raise make_unknown_name_error(f"part of split {split.label}", part, (ALL, *split.parts))
