"""Splits: versioned and checksummed, each assigns a part to every case of a dataset.

Most are files (`cxrbench.splits.files`); where case ids are not public a split is a rule (`cxrbench.splits.rules`)
or a list of patients, which is evaluated on the user's own copy. `load_split` is the way in.
"""

from collections.abc import Sequence

from cxrbench.case import Case
from cxrbench.errors import DataError
from cxrbench.registry import make_unknown_name_error
from cxrbench.splits.citation import format_bibtex
from cxrbench.splits.files import (
    COLUMNS,
    FOLDER,
    list_case_files,
    read_checksums,
    read_headers,
    read_registered_split,
    read_split,
    to_split_key,
)
from cxrbench.splits.split import ALL, DEFAULT, UNUSED, Split, SplitHeader, SplitRule, check_part


def list_splits() -> list[SplitHeader]:
    """List the newest version of every split, files and rules, in natural order: by dataset, the default first."""
    from cxrbench.splits.rules import rules

    newest = {header.label: header for header in read_headers().values()} | {name: rules[name] for name in rules}
    return sorted(newest.values(), key=to_split_key)


def find_split(dataset: str, name: str = DEFAULT) -> Split | SplitRule:
    """Find the newest version of a registered split, or the rule of one that needs the cases of the user's copy.

    Args:
        dataset: Name of the dataset.
        name: Name of the split, `default` for the default one.

    Returns:
        The split, or a rule that yields it on a copy.

    Raises:
        UsageError: There is no such split.
        DataError: The split's file was changed.

    Example:
        >>> find_split("jsrt").parts
        ('train', 'test')
    """
    from cxrbench.splits.rules import rules

    files = {header.name: file for file, header in read_headers().items() if header.dataset == dataset}
    by_name = {rules[label].name: rules[label] for label in rules if rules[label].dataset == dataset}
    if not files and not by_name:
        raise make_unknown_name_error("dataset with a split", dataset, {header.dataset for header in list_splits()})
    if name not in {**files, **by_name}:
        raise make_unknown_name_error(f"split of {dataset}", name, {**files, **by_name})
    return by_name[name] if name in by_name else read_registered_split(files[name])


def load_split(dataset: str, name: str = DEFAULT, cases: Sequence[Case] | None = None) -> Split:
    """Load a registered split in its newest version; a rule is evaluated on the cases of the user's copy.

    Args:
        dataset: Name of the dataset.
        name: Name of the split, `default` for the default one.
        cases: The cases of the user's copy; needed only where the split is a rule or a list of patients.

    Returns:
        The split: which case belongs to which patient and which part.

    Raises:
        UsageError: There is no such split.
        DataError: The split's file was changed, or the split needs `cases` and none were given.

    Example:
        >>> split = load_split("brixia-cohen")
        >>> [(part, len(split.cases(part))) for part in split.parts]
        [('train', 144), ('test', 48)]
    """
    split = find_split(dataset, name)
    if isinstance(split, Split):
        return split
    if cases is None:
        raise DataError("this split is a rule: it needs a copy of the dataset", split.label, "give --data DIR")
    return split.apply(cases)


__all__ = [
    "ALL",
    "COLUMNS",
    "DEFAULT",
    "FOLDER",
    "UNUSED",
    "Split",
    "SplitHeader",
    "SplitRule",
    "check_part",
    "find_split",
    "format_bibtex",
    "list_case_files",
    "list_splits",
    "load_split",
    "read_checksums",
    "read_split",
]
