"""Values of a metric after two submissions exchange their predictions of some patients, for the sign-flip test.

A bit per patient says who keeps the predictions: with 1 the submission keeps its own, with 0 it takes the other's.
"""

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from cxrbench.metrics.base import Floats, Metric, apply_finish
from cxrbench.metrics.ranking import RankMetric
from cxrbench.stats.samples import Sample, sum_by_patient

NOT_ALIKE = "sign_flip: the estimators must be of one metric of truth and prediction, on the same cases"


def check_alike(alike: bool) -> None:
    """Refuse estimators whose patients cannot be exchanged.

    Args:
        alike: Whether the estimators are of one metric on the same cases.

    Raises:
        ValueError: Where they are not.
    """
    if not alike:
        raise ValueError(NOT_ALIKE)


def exchange_sums(finish: Callable[[Floats, Floats], Floats], tables: Floats, bits: Floats) -> Floats:
    """Exchange patients between submissions whose metric is a function of sums.

    Args:
        finish: The function from sums `[..., k]` and weight `[...]` to the value `[...]`.
        tables: The sums of each patient `[patients, submissions, k + 1]`.
        bits: Which patients are kept, `[draws, patients]` of 0 and 1.

    Returns:
        The value of submission i after the exchange with j: sums over the kept patients of i plus sums over the
        others of j, `[i, j, draws]`.
    """
    kept = np.tensordot(bits, tables, 1).swapaxes(0, 1)
    given = tables.sum(0)[:, None] - kept
    return np.stack([apply_finish(finish, (part + given)[..., :-1], (part + given)[..., -1]) for part in kept])


def stack_sums(metrics: Sequence[Metric], samples: Sequence[Sample], tables: Sequence[Floats]) -> Floats:
    """Put the sums of each patient of all submissions side by side.

    Columns of one metric are made of all submissions at once, so that a metric which centres them uses one centre.
    Where each submission has a metric of its own (its operating point) or its own base (a ratio), its own sums are
    taken.

    Args:
        metrics: The metric of each submission.
        samples: The cases of each submission.
        tables: The sums of each patient of each submission, `[patients, k + 1]` each.

    Returns:
        The sums `[patients, submissions, k + 1]`.

    Raises:
        ValueError: Where the metrics, the cases or the patients differ, or a patient has no case.
    """
    metric, first = metrics[0], samples[0]
    check_alike(len({other.name for other in metrics}) == 1)
    if all(other is metric for other in metrics):
        check_alike(_is_same_truth(samples) and len(np.unique(first.member)) == first.n_patients)
        truth, pred = (np.concatenate([getattr(sample, side) for sample in samples]) for side in ("truth", "pred"))
        rows = np.split(metric.columns(truth, pred), len(samples))
        return np.stack([sum_by_patient(part, first.member) for part in rows], axis=1)
    check_alike(len({table.shape for table in tables}) == 1)
    check_alike(all(np.array_equal(sample.member, first.member) for sample in samples))
    return np.stack(tables, axis=1)


def exchange_ranks(metrics: Sequence[RankMetric], samples: Sequence[Sample], bits: Floats) -> Floats:
    """Exchange patients between submissions whose metric needs the cases in order.

    Both predictions of a pair are stacked as one sample of twice the patients, of which a draw uses one half.

    Args:
        metrics: The metric of each submission.
        samples: The cases of each submission.
        bits: Which patients are kept, `[draws, patients]` of 0 and 1.

    Returns:
        The value of submission i after the exchange with j, `[i, j, draws]`; NaN where i is j.

    Raises:
        ValueError: Where the metrics, the cases or the patients differ.
    """
    check_alike(len({metric.name for metric in metrics}) == 1 and _is_same_truth(samples))
    values = np.full((len(samples), len(samples), len(bits)), np.nan)
    keep, give = np.hstack([bits, 1 - bits]), np.hstack([1 - bits, bits])
    for (i, left), (j, right) in combinations(enumerate(samples), 2):
        truth, pred = np.concatenate([left.truth, right.truth]), np.concatenate([left.pred, right.pred])
        both = metrics[0].bind_cases(truth, pred, np.concatenate([left.member, right.member + left.n_patients]))
        values[i, j], values[j, i] = both(keep), both(give)
    return values


def _is_same_truth(samples: Sequence[Sample]) -> bool:
    first = samples[0]
    return all(
        np.array_equal(sample.truth, first.truth) and np.array_equal(sample.member, first.member) for sample in samples
    )
