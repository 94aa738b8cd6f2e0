"""Everything that the page of a track shows besides its tables of results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cxrbench_leaderboard.model.boards import Board
from cxrbench_leaderboard.model.cost_plots import CostPlot, draw_cost_plots
from cxrbench_leaderboard.model.reported_vs_measured import ReportedQuantity, list_reported_quantities
from cxrbench_leaderboard.model.row_figures import RowFigures, choose_rows, list_row_figures
from cxrbench_leaderboard.model.significance import SignificanceTable, compare_ranked_rows, compare_with_readers
from cxrbench_leaderboard.model.subgroups import SubgroupTable, collect_subgroups

MOST_DEVICES = 5


@dataclass(frozen=True, slots=True)
class TrackEvidence:
    """Paired tests, figures, costs, subgroups and reported values of a track; `titles` are by submission."""

    tests: SignificanceTable | None
    reader_tests: SignificanceTable | None
    titles: Mapping[str, str]
    figures: Sequence[RowFigures]
    costs: Sequence[CostPlot]
    devices: Sequence[str]
    reported: Sequence[ReportedQuantity]
    subgroups: SubgroupTable | None


def collect_evidence(board: Board) -> TrackEvidence:
    """Collect everything that the first page of a track shows besides its tables of results.

    Args:
        board: The track.

    Returns:
        The evidence.
    """
    devices = sorted({row.result.cost.device for row in board.rows if row.result.cost.device})
    return TrackEvidence(
        tests=compare_ranked_rows(board),
        reader_tests=compare_with_readers(board),
        titles={row.result.submission.name: row.result.submission.title for row in board.rows},
        figures=list_row_figures(board),
        costs=draw_cost_plots(board),
        devices=devices[:MOST_DEVICES],
        reported=list_reported_quantities(board),
        subgroups=collect_subgroups(board, choose_rows(board)),
    )
