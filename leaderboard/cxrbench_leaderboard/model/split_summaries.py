"""Splits as their pages show them: the size of each part, shared patients, the audit, the citation."""

from dataclasses import dataclass
from functools import cache

from cxrbench.catalog import DatasetCard, find_card
from cxrbench.splits import Split, SplitHeader, SplitRule, find_split, format_bibtex
from cxrbench.splits.files import to_natural_key

from cxrbench_leaderboard.model.audits import SplitAudit, find_audit


@dataclass(frozen=True, slots=True)
class PartSize:
    """A part: cases and patients, both None where a rule gives them on the user's own copy."""

    part: str
    cases: int | None
    patients: int | None


@dataclass(frozen=True, slots=True)
class LabelField:
    """A field of the labels, and the values that cases have, in to_natural_key order, the unknown value last."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class SplitSummary:
    """A split with everything that its page says; `shared` counts the patients in more than one part."""

    head: SplitHeader
    sizes: tuple[PartSize, ...]
    shared: int | None
    audit: SplitAudit | None

    @property
    def card(self) -> DatasetCard:
        """The card of the dataset."""
        return find_card(self.head.dataset)

    @property
    def cases(self) -> int | None:
        """Cases of all parts."""
        return sum(size.cases or 0 for size in self.sizes) if isinstance(self.head, Split) else None

    @property
    def bibtex(self) -> str:
        """The citation of the split."""
        return format_bibtex(self.head)

    @property
    def fields(self) -> tuple[LabelField, ...]:
        """The fields of the label balance."""
        parts = self.audit.balance if self.audit else ()
        names = parts[0].fields if parts else {}
        values = {name: {value for part in parts for value in part.fields[name]} for name in names}
        return tuple(LabelField(name, tuple(sorted(labels, key=_sort_key))) for name, labels in values.items())


def _sort_key(value: str) -> tuple[object, ...]:
    return value == "unknown", to_natural_key(value)


@cache
def summarize_split(head: SplitHeader) -> SplitSummary:
    """Summarize a split for its page.

    Args:
        head: The head of a registered split.

    Returns:
        The summary.

    Raises:
        DataError: If the file of the split was changed, or its audit is of another version.
    """
    split = find_split(head.dataset, head.name)
    audit = find_audit(split.label, split.sha256)
    if isinstance(split, SplitRule):
        return SplitSummary(split, tuple(PartSize(part, None, None) for part in split.parts), None, audit)
    shared = set().union(*split.shared_patients().values())
    return SplitSummary(split, tuple(_count_part(split, part) for part in split.parts), len(shared), audit)


def _count_part(split: Split, part: str) -> PartSize:
    cases = split.cases(part)
    return PartSize(part, len(cases), len({split.patients[case] for case in cases}))
