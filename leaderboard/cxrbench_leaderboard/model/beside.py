"""Printed numbers of a track beside the same quantity recomputed from published files, and measured here.

A system of a paper meets a submission here by name; the map below is by hand, for names that differ. Nothing of this
is a ranking: printed numbers never take part in one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cxrbench.reported.claims import Claim, System

from cxrbench_leaderboard.model.rows import Board, Row

SAME = {"radiologist-rj": "radiologist-junior"}
"""System of a claim to the submission that is the same reader or network here."""


@dataclass(frozen=True, slots=True)
class Line:
    """One quantity: what was printed, what the published files give (None: not checked), the same measured here."""

    key: str
    system: System
    claim: Claim
    row: Row | None

    @property
    def recomputed(self) -> float | None:
        """The value that the published files give, in this site's sign."""
        return self.claim.recomputed


def beside(board: Board) -> list[Line]:
    """Every printed metric without brackets of a system that was recomputed, or measured on this track."""
    here = {row.result.submission.name: row for row in board.rows}
    lines = [
        Line(key, system, system.claims[key], _measured(key, here.get(SAME.get(system.name, system.name))))
        for system in board.systems
        for key in board.printed_keys
        if key in system.claims
    ]
    told = {id(line.system) for line in _told(lines)}
    return [line for line in lines if id(line.system) in told]


def _told(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if line.row is not None or line.recomputed is not None]


def _measured(key: str, row: Row | None) -> Row | None:
    return row if row is not None and key in row.result.metrics else None
