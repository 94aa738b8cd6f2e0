"""What is wrong with a copy of a dataset, told to a person: what many files share is one line.

Machines get every file (`--json`); on a terminal 26,679 absent films would hide the one that is cut short.
"""

from collections import defaultdict
from collections.abc import Iterable

from cxrbench.datasets import Problem

ALONE = 5
"""Up to this many files with one reason have a line each."""
NAMED = 3
"""How many files a line for many names."""


def problem_lines(problems: Iterable[Problem]) -> list[str]:
    """A line a problem, or one for all that share a folder and a reason where they are more than `ALONE`.

    >>> problem_lines([Problem(f"images/{i}.png", "listed but absent") for i in range(9)])
    ['problem: 9 files of images: listed but absent: 0.png, 1.png, 2.png, ... (--json lists all)']
    """
    groups: dict[tuple[bool, str, str], list[Problem]] = defaultdict(list)
    for problem in problems:
        groups[not problem.bad, problem.reason, problem.file.rpartition("/")[0]].append(problem)
    return [line for key in sorted(groups, key=lambda key: key[0]) for line in _lines(groups[key])]


def _lines(group: list[Problem]) -> list[str]:
    kind = "problem" if group[0].bad else "remark"
    if len(group) <= ALONE:
        return [f"{kind}: {one.file}: {one.reason}" for one in group]
    folder = group[0].file.rpartition("/")[0]
    names = ", ".join(one.file.rpartition("/")[2] for one in group[:NAMED])
    whose = f"files of {folder}" if folder else "entries"
    return [f"{kind}: {len(group)} {whose}: {group[0].reason}: {names}, ... (--json lists all)"]
