"""Rows, tracks, splits and reported values as records: the lines of CSV tables and the objects of JSON files."""

from collections.abc import Mapping
from typing import Any

from cxrbench.reported.claims import Claim
from cxrbench.results.schema import MetricValue

from cxrbench_leaderboard.model.boards import Board
from cxrbench_leaderboard.model.rows import Row
from cxrbench_leaderboard.model.split_summaries import SplitSummary
from cxrbench_leaderboard.model.summaries import TrackSummary

Fields = dict[str, Any]
"""One line of a table, or one object of a JSON file."""


def to_short_record(board: Board, row: Row) -> Fields:
    """Make the record of a row in short: its primary metric, its rank, its run and cost.

    Args:
        board: The track.
        row: A row of the track.

    Returns:
        The record.
    """
    return {**_list_head(board, row), "metric": board.primary, **vars(row.primary), **_list_tail(row)}


def to_detailed_record(board: Board, row: Row) -> Fields:
    """Make the record of a row with provenance and cases.

    Args:
        board: The track.
        row: A row of the track.

    Returns:
        The record.
    """
    result = row.result
    return {
        **_list_head(board, row),
        "trained_on": list(result.submission.trained_on),
        "metric": board.primary,
        **vars(row.primary),
        **_list_tail(row),
        "result_file": row.file.path,
        "predictions": result.predictions and result.predictions.model_dump(mode="json"),
        "extremes": result.extremes and result.extremes.model_dump(mode="json"),
        "provenance": result.provenance.model_dump(mode="json"),
    }


def to_full_record(board: Board, row: Row) -> Fields:
    """Make the record of a row with all metrics, subgroups included.

    Args:
        board: The track.
        row: A row of the track.

    Returns:
        The record.
    """
    return {
        **_list_head(board, row),
        "trained_on": list(row.result.submission.trained_on),
        "without_prediction": dict(row.failures),
        "metrics": _to_metric_records(row.result.metrics),
        "subgroups": {name: _to_metric_records(metrics) for name, metrics in row.result.subgroups.items()},
        **_list_tail(row),
    }


def _to_metric_records(metrics: Mapping[str, MetricValue]) -> Fields:
    return {key: vars(metric) for key, metric in metrics.items()}


def _list_head(board: Board, row: Row) -> Fields:
    about = row.result.submission
    return {
        "track": board.name,
        "synthetic": row.result.track.synthetic,
        "rank": row.rank,
        "rank_low": row.ranking.low if row.ranking else None,
        "rank_high": row.ranking.high if row.ranking else None,
        "rank_group": row.ranking.group if row.ranking else None,
        "of": len(board.ranked),
        "not_ranked": "; ".join(row.reasons),
        "submission": about.name,
        "title": about.title,
        "authors": about.authors,
        "url": about.url,
        "kind": about.kind,
        "predicted": row.result.coverage.predicted,
        "expected": row.result.coverage.expected,
        "unlabelled": row.result.coverage.unlabelled,
        "trained_on": " ".join(about.trained_on),
        "patients_seen": about.patients_seen,
        "sandbox": row.result.sandbox,
    }


def _list_tail(row: Row) -> Fields:
    result, cost = row.result, row.result.cost
    return {
        "parameters": cost.parameters,
        "macs": cost.macs,
        "images_per_second": cost.images_per_second,
        "latency_p50_ms": cost.latency_ms.p50 if cost.latency_ms else None,
        "latency_p95_ms": cost.latency_ms.p95 if cost.latency_ms else None,
        "peak_memory_bytes": cost.peak_memory_bytes,
        "device": cost.device,
        "batch_size": cost.batch_size,
        "threads": cost.threads,
        "workers": cost.workers,
        "benchmark_version": result.benchmark.version,
        "benchmark_commit": result.benchmark.commit,
        "split_version": result.track.split_version,
        "split_sha256": result.track.split_sha256,
        "submission_sha256": result.submission.sha256,
        "result_sha256": row.file.sha256,
        "started": row.file.started.isoformat(),
        "seconds": row.result.provenance.seconds,
    }


def to_track_record(track: TrackSummary) -> Fields:
    """Make the record of a track without its rows.

    Args:
        track: The track.

    Returns:
        The record.
    """
    return {
        "track": track.name,
        "task": track.task,
        "dataset": track.dataset,
        "split": track.split,
        "part": track.part,
        "split_version": track.split_version,
        "split_sha256": track.split_sha256,
        "synthetic": track.synthetic,
        "primary": track.primary.key,
        "better": track.direction,
        "n_cases": track.n_cases,
        "n_patients": track.n_patients,
        "n_ranked": track.n_ranked,
        "n_not_ranked": track.n_unranked,
        "n_printed": track.n_reported,
        "n_checked": track.n_checked,
    }


def to_claim_record(claim: Claim) -> Fields:
    """Make the record of a reported value.

    Args:
        claim: The reported value.

    Returns:
        The record, with the digits of the paper.
    """
    checked = claim.checked
    return {
        "id": claim.id,
        "paper": claim.paper,
        "where": claim.where,
        "system": claim.system,
        "task": claim.task,
        "dataset": claim.dataset,
        "part": claim.part,
        "subgroup": claim.subgroup,
        "metric": claim.metric,
        "printed": format(claim.value, "f"),
        "spread": None if claim.spread is None else format(claim.spread, "f"),
        "n": claim.n,
        "unit": claim.unit,
        "track": claim.track,
        "key": claim.key,
        "in_our_sign": format(claim.comparable, "f"),
        "verdict": claim.verdict,
        "recomputed": None if checked is None else checked.recomputed,
        "recomputed_in_our_sign": claim.recomputed,
        "recomputed_n": None if checked is None else checked.n,
        "reason": "" if checked is None else checked.reason,
        "note": claim.note,
    }


def to_split_record(split: SplitSummary) -> Fields:
    """Make the record of a split.

    Args:
        split: The split.

    Returns:
        The record.
    """
    head = split.head
    return {
        "split": head.label,
        "dataset": head.dataset,
        "version": head.version,
        "origin": head.origin,
        "seed": head.seed,
        "licence": head.licence,
        "note": head.note,
        "sha256": head.sha256,
        "cases": split.cases,
        "parts": {size.part: {"cases": size.cases, "patients": size.patients} for size in split.sizes},
        "patients_in_several_parts": split.shared,
        "audit": split.audit and split.audit.model_dump(mode="json"),
    }
