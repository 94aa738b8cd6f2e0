"""Reported values of a track with the same quantity recomputed from published files, and as measured here.

A system of a paper is matched to a submission by name; the map below is by hand, for names that differ. Reported
values never take part in a ranking.
"""

from dataclasses import dataclass

from cxrbench.reported.claims import Claim, ReportedSystem

from cxrbench_leaderboard.model.boards import Board
from cxrbench_leaderboard.model.rows import Row

SAME = {"radiologist-rj": "radiologist-junior"}
"""System of a paper to the submission that is the same reader or network here."""


@dataclass(frozen=True, slots=True)
class ReportedQuantity:
    """One quantity: as reported, as recomputed from published files (None: not checked), as measured in `row`."""

    key: str
    system: ReportedSystem
    claim: Claim
    row: Row | None

    @property
    def recomputed(self) -> float | None:
        """The value that the published files give, in this site's sign."""
        return self.claim.recomputed


def list_reported_quantities(board: Board) -> list[ReportedQuantity]:
    """List the reported metrics without labels of every system that was recomputed, or measured on this track.

    Args:
        board: The track.

    Returns:
        One entry per system and metric.
    """
    rows = {row.result.submission.name: row for row in board.rows}
    quantities = [
        ReportedQuantity(key, system, system.claims[key], _find_row(key, rows.get(SAME.get(system.name, system.name))))
        for system in board.systems
        for key in board.reported_keys
        if key in system.claims
    ]
    known = {id(item.system) for item in quantities if item.row is not None or item.recomputed is not None}
    return [item for item in quantities if id(item.system) in known]


def _find_row(key: str, row: Row | None) -> Row | None:
    """The row, where it has the metric."""
    return row if row is not None and key in row.result.metrics else None
