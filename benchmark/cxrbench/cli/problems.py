"""Problems of a copy of a dataset as text: many files with the same problem share one line.

`--json` lists every file; on a terminal 26,679 absent images would hide the one that is truncated.
"""

from collections import defaultdict
from collections.abc import Iterable

from cxrbench.datasets import Problem

ALONE = 5
"""Up to this many files with the same reason have a line each."""
NAMED = 3
"""How many files are named on a line that stands for many."""


def format_problems(problems: Iterable[Problem]) -> list[str]:
    """Format problems and remarks, problems first.

    Args:
        problems: What was reported, in any order.

    Returns:
        One line per problem, or one for all that share a folder and a reason where they are more than `ALONE`.

    Example:
        >>> format_problems([Problem(f"images/{i}.png", "listed but absent") for i in range(9)])
        ['problem: 9 files of images: listed but absent: 0.png, 1.png, 2.png, ... (--json lists all)']
    """
    groups: dict[tuple[bool, str, str], list[Problem]] = defaultdict(list)
    for problem in problems:
        groups[not problem.bad, problem.reason, problem.file.rpartition("/")[0]].append(problem)
    return [line for key in sorted(groups, key=lambda key: key[0]) for line in _format_group(groups[key])]


def _format_group(group: list[Problem]) -> list[str]:
    kind = "problem" if group[0].bad else "remark"
    if len(group) <= ALONE:
        return [f"{kind}: {problem.file}: {problem.reason}" for problem in group]
    folder = group[0].file.rpartition("/")[0]
    names = ", ".join(problem.file.rpartition("/")[2] for problem in group[:NAMED])
    subject = f"files of {folder}" if folder else "entries"
    return [f"{kind}: {len(group)} {subject}: {group[0].reason}: {names}, ... (--json lists all)"]
