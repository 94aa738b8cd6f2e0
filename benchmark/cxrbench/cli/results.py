"""How commands print a result: five lines, and remarks on stderr."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cxrbench.cli.output import print_note

if TYPE_CHECKING:
    from cxrbench.results import Result

SECONDARY = (
    *("global_mae", "zone_mean_error", "extent_mae", "opacity_mae", "average_precision", "sensitivity"),
    *("spearman", "kappa_quadratic", "iou", "hd95_mm", "dice", "pearson", "rmse"),
)
"""Metrics that are printed after the primary one, the most useful first."""
N_SECONDARY = 2
N_FAILED = 5
"""How many cases without a prediction are named."""


def print_result(result: "Result", path: Path | None) -> None:
    """Print a result in five lines: the run, the primary metric, two others, and where the rest is.

    Args:
        result: The result.
        path: The result file; None where none was written.
    """
    track, coverage = result.track, result.coverage
    kind = "synthetic phantom" if track.synthetic else "real data"
    click.echo(f"{result.submission.name} on {track.name} ({kind}): {coverage.predicted} of {coverage.expected} cases")
    keys = [result.primary, *_choose_secondary(result)]
    width = max(map(len, keys))
    for key in keys:
        click.echo(f"  {key.ljust(width)}  {_format_metric(result, key)}")
    click.echo(f"  {_describe_file(result, path)}")
    _print_remarks(result)


def _choose_secondary(result: "Result") -> list[str]:
    """The metrics to print after the primary one; undefined ones only where nothing else is left."""
    keys = [key for key in SECONDARY if key in result.metrics]
    keys += sorted(key for key in result.metrics if key not in keys and "[" not in key)
    others = [key for key in keys if key != result.primary]
    return sorted(others, key=lambda key: result.metrics[key].value is None)[:N_SECONDARY]


def _format_metric(result: "Result", key: str) -> str:
    metric = result.metrics[key]
    if metric.value is None:
        return f"undefined: {metric.undefined}"
    interval = "" if metric.low is None else f"  (95 % interval {metric.low:.3f} to {metric.high:.3f})"
    role = "primary metric, " if key == result.primary else ""
    return f"{metric.value:.3f}{interval}  {role}{metric.better.phrase}"


def _describe_file(result: "Result", path: Path | None) -> str:
    if path is None:
        return f"no result file was written; --json prints all {len(result.metrics)} metrics, --out DIR writes them"
    return f"result file with all {len(result.metrics)} metrics: {path}"


def _print_remarks(result: "Result") -> None:
    """Print what a reader must know about the run: missing predictions, patients seen in training, isolation."""
    for failed in result.coverage.failed[:N_FAILED]:
        print_note(f"not predicted: {failed.case} ({failed.reason})")
    if result.submission.patients_seen:
        print_note(f"not ranked: trained on {result.submission.patients_seen} of this track's patients")
    if result.sandbox != "bubblewrap" and result.submission.kind == "submission":
        print_note(
            f"NOT ISOLATED ({result.sandbox}): the submission could read your files; run only code that you trust"
        )
