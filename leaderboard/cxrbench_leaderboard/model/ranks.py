"""Ranks of the results of one track: from results to the arrays of `cxrbench.stats.panel`, and back.

Rows that do not differ significantly share a rank. A row whose result has no sums for the paired test is ranked by its
value alone.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from cxrbench.results.figures import PairedSums, parse_numbers
from cxrbench.results.schema import Result
from cxrbench.stats import Panel, PanelComparison, Rank, compare_panel, derive_seed
from cxrbench.stats.panel import rank_by_loss


def make_panel(results: Sequence[Result]) -> Panel | None:
    """Collect the results of one track that have the same draws.

    A result without sums, or with another number of patients than most, cannot be compared.

    Args:
        results: Results of one track.

    Returns:
        The rows, best first; None where fewer than two can be compared.
    """
    present = [(result, result.figures.paired) for result in results if result.figures and result.figures.paired]
    fitting = [(result, sums) for result, sums in present if sums and sums.metric == result.primary]
    size = Counter(sums.units for _, sums in fitting).most_common(1)
    alike = [(result, sums) for result, sums in fitting if size and sums.units == size[0][0]]
    alike.sort(key=lambda pair: (compute_loss(pair[0]), pair[0].submission.name))
    return _to_panel(alike) if len(alike) > 1 else None


def _to_panel(pairs: Sequence[tuple[Result, PairedSums]]) -> Panel:
    first = pairs[0][0]
    metric = first.metrics[first.primary]
    return Panel(
        names=tuple(result.submission.name for result, _ in pairs),
        values=np.array([result.metrics[result.primary].value for result, _ in pairs], np.float64),
        sums=np.stack([parse_numbers(sums.sums) for _, sums in pairs]),
        bases=np.stack([parse_numbers(sums.bases) for _, sums in pairs]),
        direction=metric.better,
        seed=derive_seed(first.track.name),
        n=metric.n,
        n_patients=metric.n_patients,
        exact=all(sums.exact for _, sums in pairs),
    )


def compute_loss(result: Result) -> float:
    """Compute the loss of a result in its primary metric.

    Args:
        result: A result.

    Returns:
        The loss (smaller is better), infinite where the metric is undefined.
    """
    metric = result.metrics[result.primary]
    return float("inf") if metric.value is None else metric.better.loss(metric.value)


def compare_results(results: Sequence[Result]) -> PanelComparison | None:
    """Compare the ranked results of one track.

    Args:
        results: Results of one track.

    Returns:
        The comparison; None where fewer than two results can be compared.
    """
    panel = make_panel(results)
    return None if panel is None else compare_panel(panel)


def make_ranks(results: Sequence[Result], comparison: PanelComparison | None) -> dict[str, Rank]:
    """Rank the results of one track.

    Args:
        results: Results with a defined primary metric.
        comparison: Those of them that could be compared.

    Returns:
        The rank of each result, by the name of its submission. The rank of a result that could not be compared is one
        more than the number of results with a better value; it has no interval.
    """
    return rank_by_loss({result.submission.name: compute_loss(result) for result in results}, comparison)
