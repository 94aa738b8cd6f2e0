"""The numbers of the pages as tidy CSV, one number or one row per line, with all digits."""

from collections.abc import Iterator, Sequence
from itertools import chain
from operator import attrgetter

from cxrbench.reported.claims import Claim
from cxrbench.stats import PairedDifference

from cxrbench_leaderboard.export.csv_text import quote_text, to_csv
from cxrbench_leaderboard.export.records import Fields, to_claim_record, to_short_record
from cxrbench_leaderboard.model.boards import Board
from cxrbench_leaderboard.model.evidence import TrackEvidence
from cxrbench_leaderboard.model.examples import WorkedExamples
from cxrbench_leaderboard.model.gallery import list_exhibits
from cxrbench_leaderboard.model.row_figures import RowFigures, list_figure_numbers
from cxrbench_leaderboard.model.rows import Row
from cxrbench_leaderboard.model.significance import SignificanceTable
from cxrbench_leaderboard.model.text import round_p_value, round_stable

METRIC_FIELDS = ("value", "low", "high", "n", "n_patients", "undefined", "better", "note")
"""Fields of a metric, in the order of the columns."""
read_metric_fields = attrgetter(*METRIC_FIELDS)


def write_metrics(board: Board) -> str:
    """Write one line for each metric of each row, subgroups included.

    Args:
        board: The track.

    Returns:
        The table; empty where the track has no row.
    """
    heading = ",".join(("submission", "rank", "subgroup", "metric", *METRIC_FIELDS))
    lines = "".join(chain.from_iterable(map(_write_metric_lines, board.rows)))
    return f"{heading}\n{lines}" if lines else ""


def _write_metric_lines(row: Row) -> Iterator[str]:
    """The lines of a row, put together by hand: a large site has a million."""
    rank = "" if row.rank is None else row.rank
    for subgroup, metrics in [("", row.result.metrics), *sorted(row.result.subgroups.items())]:
        start = f"{quote_text(row.result.submission.name)},{rank},{quote_text(subgroup)}"
        for key, metric in sorted(metrics.items()):
            value, low, high, n, n_patients, undefined, better, note = read_metric_fields(metric)
            numbers = f"{value},{low},{high}" if low is not None else f"{'' if value is None else value},,"
            words = f"{quote_text(undefined)},{better},{quote_text(note)}" if undefined or note else f",{better},"
            yield f"{start},{quote_text(key)},{numbers},{n},{n_patients},{words}\n"


def write_row(board: Board, row: Row) -> str:
    """Write the line of a row under its heading: its primary metric, its rank, its run and cost.

    Args:
        board: The track.
        row: A row of the track.

    Returns:
        The table of one line.
    """
    return to_csv([to_short_record(board, row)])


def write_tests(board: Board, evidence: TrackEvidence) -> str:
    """Write one line for each pair of rows that was tested.

    Args:
        board: The track.
        evidence: The evidence of the track.

    Returns:
        The table; empty where no pair was tested.
    """
    tables = [table for table in (evidence.tests, evidence.reader_tests) if table]
    return to_csv([_to_test_line(board, table, gap) for table in tables for gap in table.cells.values()])


def _to_test_line(board: Board, table: SignificanceTable, gap: PairedDifference) -> Fields:
    return {
        "track": board.name,
        "metric": board.primary,
        "left": gap.left,
        "right": gap.right,
        "left_is_better_by": round_stable(gap.estimate.value),
        "low": round_stable(gap.estimate.low),
        "high": round_stable(gap.estimate.high),
        "p": round_p_value(gap.p),
        "p_holm": round_p_value(gap.p_holm),
        "pairs_corrected": table.family,
        "told_apart": gap.significant,
        "on_the_metric_itself": table.exact,
        "n": gap.estimate.n,
        "n_patients": gap.estimate.n_patients,
    }


def write_figures(board: Board, figures: Sequence[RowFigures]) -> str:
    """Write one line for each number in the figures of a track's page.

    Args:
        board: The track.
        figures: The figures that the page draws.

    Returns:
        The table; empty where there is no figure.
    """
    keys = ("figure", "kind", "row", "column", "value")
    entries = [(item.row.result.submission.name, entry) for item in figures for entry in list_figure_numbers(item.row)]
    return to_csv(
        [{"track": board.name, "submission": name, **dict(zip(keys, entry, strict=True))} for name, entry in entries]
    )


def write_examples(worked: WorkedExamples) -> str:
    """Write one line for each number of the worked examples.

    Args:
        worked: The examples.

    Returns:
        The table.
    """
    return to_csv([dict(zip(("example", "name", "value"), entry, strict=True)) for entry in worked.numbers])


def write_claims(claims: Sequence[Claim]) -> str:
    """Write one line for each reported value, with the digits of the paper.

    Args:
        claims: The reported values.

    Returns:
        The table; empty where there is none.
    """
    return to_csv([to_claim_record(claim) for claim in claims])


def write_gallery() -> str:
    """Write one line for each study of the gallery."""
    return to_csv([dict(exhibit.facts) for exhibit in list_exhibits()])
