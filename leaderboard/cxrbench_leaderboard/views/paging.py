"""Long tables on several pages: each page shows some rows in full, the next rows have a page of their own."""

from dataclasses import dataclass

ROWS_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class RowRange:
    """The rows `first` (from 0) up to `last` of `total`, on page `number` (from 1) of `count`."""

    number: int
    count: int
    first: int
    last: int
    total: int

    @property
    def text(self) -> str:
        """The rows as a reader counts them, `51-100`."""
        return f"{self.first + 1}\N{EN DASH}{self.last}"

    @property
    def suffix(self) -> str:
        """The end of the page's name before `.html`: nothing for the first page, `.2` for the second."""
        return "" if self.number == 1 else f".{self.number}"


def split_rows(total: int) -> tuple[RowRange, ...]:
    """Split the rows of a table into pages.

    Args:
        total: The number of rows.

    Returns:
        One range per page, at least one.

    Example:
        >>> [(rows.first, rows.last, rows.suffix) for rows in split_rows(120)][1:]
        [(50, 100, '.2'), (100, 120, '.3')]
    """
    count = max(1, -(-total // ROWS_PER_PAGE))
    return tuple(
        RowRange(i + 1, count, i * ROWS_PER_PAGE, min(total, (i + 1) * ROWS_PER_PAGE), total) for i in range(count)
    )
