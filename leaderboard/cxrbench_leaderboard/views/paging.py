"""Long tables in parts: a page shows so many rows in full, the next rows have a page of their own."""

from dataclasses import dataclass

ROWS = 50
"""Rows of a table on one page."""


@dataclass(frozen=True, slots=True)
class Part:
    """The rows `first` (from 0) up to `last` of `total`, part `number` (from 1) of `count`."""

    number: int
    count: int
    first: int
    last: int
    total: int

    @property
    def text(self) -> str:
        """Its rows as a reader counts them, `51-100`."""
        return f"{self.first + 1}\N{EN DASH}{self.last}"

    @property
    def suffix(self) -> str:
        """What its file has before `.html`: nothing for the first, `.2` for the second."""
        return "" if self.number == 1 else f".{self.number}"


def parts(total: int) -> tuple[Part, ...]:
    """The parts of a table, at least one.

    >>> [(one.first, one.last, one.suffix) for one in parts(120)][1:]
    [(50, 100, '.2'), (100, 120, '.3')]
    """
    count = max(1, -(-total // ROWS))
    return tuple(Part(i + 1, count, i * ROWS, min(total, (i + 1) * ROWS), total) for i in range(count))
