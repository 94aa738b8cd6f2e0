"""Splits: versioned and checksummed, each gives every case of a dataset its part.

Most are files (`cxrbench.splits.files`); where case ids are not public a split is a rule (`cxrbench.splits.rules`)
or a file of patients, and yields its parts on the user's own copy. `load_split` is the one way in.
"""

from collections.abc import Sequence

from cxrbench.case import Case
from cxrbench.errors import DataError
from cxrbench.registry import unknown
from cxrbench.splits.citation import format_bibtex
from cxrbench.splits.files import (
    COLUMNS,
    FOLDER,
    heads,
    listed,
    natural_order,
    read_registered,
    read_split,
    registered,
)
from cxrbench.splits.split import ALL, DEFAULT, UNUSED, Head, Plan, Split, check_part


def catalogue() -> list[Head]:
    """The newest version of every split, files and rules, in natural order: by dataset, the default first."""
    from cxrbench.splits.rules import rules

    newest = {head.label: head for head in heads().values()} | {name: rules[name] for name in rules}
    return sorted(newest.values(), key=natural_order)


def registered_split(dataset: str, name: str = DEFAULT) -> Split | Plan:
    """The newest version of a registered split, or the plan of one that needs the cases of the user's copy.

    Raises `UsageError` where there is none, `DataError` if its file was changed.
    """
    from cxrbench.splits.rules import rules

    files = {head.name: file for file, head in heads().items() if head.dataset == dataset}
    plans = {rules[label].name: rules[label] for label in rules if rules[label].dataset == dataset}
    if not files and not plans:
        raise unknown("dataset with a split", dataset, {head.dataset for head in catalogue()})
    if name not in {**files, **plans}:
        raise unknown(f"split of {dataset}", name, {**files, **plans})
    return plans[name] if name in plans else read_registered(files[name])


def load_split(dataset: str, name: str = DEFAULT, cases: Sequence[Case] | None = None) -> Split:
    """A registered split, newest version; one that is a rule is evaluated on `cases`, those of the user's copy.

    Raises `UsageError` where there is none, `DataError` if its file was changed or a rule has no cases to look at.
    """
    found = registered_split(dataset, name)
    if isinstance(found, Split):
        return found
    if cases is None:
        raise DataError("this split is a rule: it needs a copy of the dataset", found.label, "give --data DIR")
    return found.split(cases)


__all__ = [
    "ALL",
    "COLUMNS",
    "DEFAULT",
    "FOLDER",
    "UNUSED",
    "Head",
    "Plan",
    "Split",
    "format_bibtex",
    "catalogue",
    "check_part",
    "listed",
    "load_split",
    "read_split",
    "registered",
    "registered_split",
]
