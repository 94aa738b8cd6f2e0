"""The primary metric of some rows within subgroups of the cases."""

from collections.abc import Sequence
from dataclasses import dataclass

from cxrbench.results.suppression import SUPPRESSED

from cxrbench_leaderboard.model.boards import Board
from cxrbench_leaderboard.model.rows import Row


@dataclass(frozen=True, slots=True)
class SubgroupTable:
    """Subgroups with their number of cases: those shown and those suppressed; `rows` are the table's columns."""

    rows: tuple[Row, ...]
    shown: tuple[tuple[str, int], ...]
    suppressed: tuple[tuple[str, int], ...]


def collect_subgroups(board: Board, rows: Sequence[Row]) -> SubgroupTable | None:
    """Collect the subgroups of some rows.

    Args:
        board: The track.
        rows: The rows to show.

    Returns:
        The subgroups with the rows that have any; None where no row has.
    """
    with_subgroups = [row for row in rows if row.result.subgroups]
    if not with_subgroups:
        return None
    values = {
        name: metrics[board.primary]
        for row in reversed(with_subgroups)
        for name, metrics in row.result.subgroups.items()
        if board.primary in metrics
    }
    counts = sorted((name, value.n, value.undefined == SUPPRESSED) for name, value in values.items())
    shown = tuple((name, n) for name, n, suppressed in counts if not suppressed)
    return SubgroupTable(tuple(with_subgroups), shown, tuple((name, n) for name, n, hidden in counts if hidden))
