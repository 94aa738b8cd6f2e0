"""The tables of paired tests on the page of a track: ranked rows among themselves, and against the radiologists."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cxrbench.stats import PairedDifference, adjust_holm
from cxrbench.stats.panel import LEADING, compare_leading

from cxrbench_leaderboard.model.boards import Board
from cxrbench_leaderboard.model.ranks import make_panel

MOST_READERS = 5


@dataclass(frozen=True, slots=True)
class SignificanceTable:
    """Paired tests of `rows` against `columns` (names of submissions), with the difference of each tested pair.

    A difference is positive where the row is better; its `p_holm` is corrected over `family` pairs. `exact` says
    whether the draws are those of the metric itself.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[str, str], PairedDifference]
    family: int
    exact: bool


def compare_ranked_rows(board: Board) -> SignificanceTable | None:
    """Take the first ranked rows, each against the rows behind it.

    Args:
        board: The track.

    Returns:
        The tests, corrected over every pair of the board; None where fewer than two rows can be compared.
    """
    compared = board.compared
    if compared is None:
        return None
    cells = {(gap.left, gap.right): gap for gap in compared.pairs}
    n = len(compared.panel.names)
    return SignificanceTable(compared.shown[:-1], compared.shown[1:], cells, n * (n - 1) // 2, compared.panel.exact)


def compare_with_readers(board: Board) -> SignificanceTable | None:
    """Test the first ranked rows against the radiologists who read every case.

    Args:
        board: The track.

    Returns:
        The tests, corrected over these pairs alone; None where the track has no such reader, or no ranked row that
        can be compared.
    """
    readers = [row.result for row in board.unranked if row.is_reader and row.primary.value is not None]
    if not readers:
        return None
    systems = [row.result for row in board.ranked[: LEADING - MOST_READERS]]
    both = make_panel([*systems, *readers[:MOST_READERS]])
    if both is None:
        return None
    names = {result.submission.name for result in readers}
    pairs = [gap for gap in compare_leading(both) if (gap.left in names) != (gap.right in names)]
    pairs = [gap.reverse() if gap.left in names else gap for gap in pairs]
    if not pairs:
        return None
    corrected = [replace(gap, p_holm=p) for gap, p in zip(pairs, adjust_holm([gap.p for gap in pairs]), strict=True)]
    rows = tuple(name for name in both.names if name not in names)
    columns = tuple(name for name in both.names if name in names)
    return SignificanceTable(
        rows, columns, {(gap.left, gap.right): gap for gap in corrected}, len(corrected), both.exact
    )
