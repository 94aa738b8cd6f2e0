"""The rows, tracks, splits and reported values of the site as JSON files, with all digits."""

import json
from collections import Counter
from collections.abc import Sequence

from cxrbench.catalog import DatasetCard
from cxrbench.reported.claims import Claim
from pydantic_core import to_json

from cxrbench_leaderboard.export.records import (
    Fields,
    to_claim_record,
    to_detailed_record,
    to_full_record,
    to_short_record,
    to_split_record,
    to_track_record,
)
from cxrbench_leaderboard.model.boards import Board
from cxrbench_leaderboard.model.rows import Row
from cxrbench_leaderboard.model.split_summaries import SplitSummary
from cxrbench_leaderboard.model.summaries import TrackSummary, summarize_track


def write_short_records(board: Board) -> str:
    """Write every row in short as JSON objects to join: what the overview shows, and what the CSV of rows has.

    Args:
        board: The track.

    Returns:
        The objects, separated by commas.
    """
    return ",\n".join(_write_quickly(to_short_record(board, row)) for row in board.rows)


def write_record(board: Board, row: Row) -> str:
    """Write a row with provenance and cases as JSON, as the page of its submission shows it.

    Args:
        board: The track.
        row: A row of the track.

    Returns:
        The object.
    """
    return _write_quickly(to_detailed_record(board, row))


def join_records(n: int, records: Sequence[str], tracks: Sequence[TrackSummary]) -> str:
    """Join rows to one JSON file.

    Args:
        n: The number of rows.
        records: Their objects as text, one or several in a text.
        tracks: The tracks to describe in the file.

    Returns:
        The file.
    """
    described = [write_json(to_track_record(track)).rstrip("\n") for track in tracks]
    return f'{{"n_results": {n},\n"results": [\n{_join(records)}],\n"tracks": [\n{_join(described)}]}}\n'


def _join(objects: Sequence[str]) -> str:
    return ",\n".join(objects) + "\n" if objects else ""


def write_results(board: Board) -> str:
    """Write everything on a track: every metric of every row, and the reported values.

    Args:
        board: The track.

    Returns:
        The JSON file.
    """
    claims = [to_claim_record(claim) for system in board.systems for claim in system.claims.values()]
    rows = [to_full_record(board, row) for row in board.rows]
    return _write_quickly({**to_track_record(summarize_track(board)), "rows": rows, "claims": claims}) + "\n"


def write_claims(claims: Sequence[Claim]) -> str:
    """Write the reported values; numbers are text, so that trailing zeros stay.

    Args:
        claims: The reported values.

    Returns:
        The JSON file.
    """
    return write_json(
        {
            "n": len(claims),
            "n_by_paper": dict(sorted(Counter(claim.paper for claim in claims).items())),
            "n_by_verdict": dict(sorted(Counter(claim.verdict for claim in claims).items())),
            "claims": [to_claim_record(claim) for claim in claims],
        }
    )


def write_card(name: str, card: DatasetCard, splits: Sequence[SplitSummary]) -> str:
    """Write the card of a dataset with its splits.

    Args:
        name: The dataset.
        card: Its card.
        splits: Its splits.

    Returns:
        The JSON file.
    """
    records = [to_split_record(split) for split in splits]
    return write_json({"name": name, **card.model_dump(mode="json"), "splits": records})


def write_json(content: Fields | Sequence[Fields]) -> str:
    """Write objects as a JSON file with sorted keys.

    Args:
        content: An object or a list of objects.

    Returns:
        The JSON file.
    """
    return json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _write_quickly(content: Fields) -> str:
    """The same for rows by the thousand, keys in the given order; the numbers of a checked result are finite."""
    return to_json(content).decode("utf-8")
