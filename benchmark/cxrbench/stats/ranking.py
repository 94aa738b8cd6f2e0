"""Ranks with what they are worth: their interval over draws, shared ranks, and agreement over many tracks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cxrbench.metrics.base import Better, Floats
from cxrbench.metrics.ranking import Indices
from cxrbench.stats.compare import ALPHA, Gap, oriented
from cxrbench.stats.intervals import LEVEL, Drawn


@dataclass(frozen=True, slots=True)
class Rank:
    """A row's place: shared where rows cannot be told apart, and the 95 % interval of its place over the draws.

    All None where the row's value is undefined.
    """

    name: str
    rank: int | None
    low: int | None = None
    high: int | None = None


def ranked(drawn: Mapping[str, Drawn], better: Better, gaps: Sequence[Gap]) -> list[Rank]:
    """Rows from best to worst on one metric, from values on the same draws and their `pairwise` gaps.

    The best row opens a band of all rows below it that cannot be told from it; the next row that can opens the next
    band. A band shares one rank: one more than the rows before it. (Being told apart is not transitive, so two
    neighbours of different bands may still be inseparable; `gaps` say so.) Undefined rows come last, without rank.
    """
    ahead = {name: oriented(values, better).through(_settled) for name, values in drawn.items()}
    order = sorted(ahead, key=lambda name: (np.isnan(ahead[name].point), -ahead[name].point, name))
    defined = [name for name in order if not np.isnan(ahead[name].point)]
    shared = _bands(defined, {frozenset((gap.left, gap.right)) for gap in gaps if gap.separable})
    bounds = _places([ahead[name] for name in defined])
    rows = [Rank(name, rank, *bound) for name, rank, bound in zip(defined, shared, bounds, strict=True)]
    return rows + [Rank(name, None) for name in order[len(defined) :]]


def _settled(values: Floats) -> Floats:
    """Without the last digits, which depend on what else was in the matrix product: equal predictions stay equal."""
    return np.round(values, 12)


def _bands(order: Sequence[str], apart: set[frozenset[str]]) -> list[int]:
    ranks: list[int] = []
    leader = 0
    for place, name in enumerate(order):
        if frozenset((order[leader], name)) in apart:
            leader = place
        ranks.append(leader + 1)
    return ranks


def _places(ahead: Sequence[Drawn]) -> list[tuple[int, int]]:
    """The 2.5 % and 97.5 % places over the draws, widened to contain the place in the sample; undefined is last."""
    if not ahead:
        return []
    values = np.stack([one.drawn for one in ahead], 1)
    return place_bounds(np.array([one.point for one in ahead], np.float64), np.where(np.isnan(values), -np.inf, values))


def place_bounds(points: Floats, drawn: Floats) -> list[tuple[int, int]]:
    """The 2.5 % and 97.5 % places over draws, widened to contain the place in the sample; equals share a place.

    `points` `[rows]` and `drawn` `[draws, rows]`, more is better.
    """
    own, tail = places(points[None])[0], (1 - LEVEL) / 2
    low, high = np.quantile(places(drawn), [tail, 1 - tail], axis=0, method="inverted_cdf").astype(int)
    return list(zip(np.minimum(low, own).tolist(), np.maximum(high, own).tolist(), strict=True))


def places(ahead: Floats) -> Indices:
    """One more than the rows that are ahead, in each draw: `[draws, rows]`, more is better."""
    order = np.argsort(-ahead, axis=1)
    in_order = np.take_along_axis(ahead, order, 1)
    new = np.ones(order.shape, bool)
    new[:, 1:] = in_order[:, 1:] != in_order[:, :-1]
    starts = np.maximum.accumulate(np.where(new, np.arange(order.shape[1]), 0), axis=1)
    found = np.empty(order.shape, np.intp)
    np.put_along_axis(found, order, starts + 1, 1)
    return found


@dataclass(frozen=True, slots=True)
class Friedman:
    """Whether submissions differ over tracks: chi-square, p, mean ranks `[submissions]` (1 is best).

    Two submissions differ by Nemenyi's test where their mean ranks are further apart than `critical_difference`;
    `pairwise` holds its p-values `[submissions, submissions]`.
    """

    statistic: float
    p: float
    mean_ranks: Floats
    critical_difference: float
    pairwise: Floats


def friedman(values: ArrayLike, better: Better = "higher") -> Friedman:
    """Friedman's test and Nemenyi's post-hoc over tracks, values `[tracks, submissions]` of one metric (Demsar 2006).

    Raises `ValueError` for fewer than two tracks or three submissions, or an empty cell: a submission that lacks a
    track is left out by the caller, never averaged over less.
    """
    from scipy.stats import friedmanchisquare, rankdata, studentized_range

    table = np.asarray(values, np.float64)
    if table.ndim != 2 or table.shape[0] < 2 or table.shape[1] < 3:
        raise ValueError(f"friedman: values {table.shape} must be [tracks, submissions], at least 2 x 3")
    if not np.isfinite(table).all():
        raise ValueError("friedman: every submission needs a value on every track")
    tracks, k = table.shape
    turned = oriented(Drawn(0.0, table, table), better).drawn
    places = rankdata(-turned, axis=1)
    mean_ranks = places.mean(0)
    statistic, p = friedmanchisquare(*places.T) if np.ptp(places) > 0 else (0.0, 1.0)
    step = float(np.sqrt(k * (k + 1) / (6 * tracks)))
    apart = abs(mean_ranks[:, None] - mean_ranks) / step * np.sqrt(2)
    critical = float(studentized_range.ppf(1 - ALPHA, k, np.inf)) / np.sqrt(2) * step
    return Friedman(float(statistic), float(p), mean_ranks, critical, studentized_range.sf(apart, k, np.inf))
