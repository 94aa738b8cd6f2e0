"""Rows of a track on the same draws of patients, from the sums that their results carry; nothing else is needed.

All that is here is vectorised over rows, and pairs of rows beyond the first few are compared by one matrix product,
so that a board of a thousand rows takes a fraction of a second.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cxrbench.metrics.base import Better, Floats
from cxrbench.results.figures import Paired, numbers
from cxrbench.results.schema import Result
from cxrbench.stats import Drawn, Gap, pairwise, seed_of
from cxrbench.stats.bootstrap import DRAWS, draws
from cxrbench.stats.compare import oriented, stepped_down
from scipy.special import erfc

COUNTED = 15
"""Rows, best first, that are compared one by one: draws are counted and every pair is shown."""
VALUES = 1_000_000
"""Values of draws that are held for a board at a time; with more rows each has fewer draws, at least a tenth."""
ALPHA = 0.05
LEAST = 1 / DRAWS**2
"""The smallest p that is told: further out a normal distribution is no witness."""


@dataclass(frozen=True)
class Panel:
    """Rows that can be compared: `names` by value, best first, and the primary metric in sums over `units`.

    `sums` and `bases` `[rows, units]`; `exact` says whether the draws are those of the metric itself.
    """

    names: tuple[str, ...]
    values: Floats
    sums: Floats
    bases: Floats
    better: Better
    seed: int
    n: int
    n_patients: int
    exact: bool

    @property
    def units(self) -> int:
        """Patients, or groups of them, that are drawn."""
        return int(self.sums.shape[1])

    @property
    def points(self) -> Floats:
        """Values `[rows]`, turned so that more is better."""
        return _ahead(self.values, self.better)

    def drawn(self, rows: slice, count: int) -> Floats:
        """Values `[count, rows]` of some rows in the first draws, turned so that more is better."""
        sums, bases = self.sums[rows].T, self.bases[rows].T
        parts = [(weights @ sums) / (weights @ bases) for weights in draws(self.units, self.seed, count)]
        return _ahead(np.asarray(np.round(np.concatenate(parts), 12), np.float64), self.better)

    def statistic(self, rows: slice) -> dict[str, Drawn]:
        """The first rows by name as the statistics package has them: value, draws, and with each unit left out."""
        sums, bases = self.sums[rows], self.bases[rows]
        without = (sums.sum(1, keepdims=True) - sums) / (bases.sum(1, keepdims=True) - bases)
        parts = [(weights @ sums.T) / (weights @ bases.T) for weights in draws(self.units, self.seed, DRAWS)]
        values = np.concatenate(parts).T
        points = sums.sum(1) / bases.sum(1)
        named = zip(self.names[rows], points.tolist(), values, without, strict=True)
        return {name: Drawn(value, own, left) for name, value, own, left in named}


def panel(results: Sequence[Result]) -> Panel | None:
    """The results of one track that were drawn alike, the best first; None where there are not two.

    A result without sums, or with another number of patients than most, cannot be compared.
    """
    told = [(result, result.figures.paired) for result in results if result.figures and result.figures.paired]
    fitting = [(result, one) for result, one in told if one and one.metric == result.primary]
    size = Counter(one.units for _, one in fitting).most_common(1)
    alike = [(result, one) for result, one in fitting if size and one.units == size[0][0]]
    return _panel(sorted(alike, key=lambda one: _place(one[0]))) if len(alike) > 1 else None


def _panel(pairs: Sequence[tuple[Result, Paired]]) -> Panel:
    first = pairs[0][0]
    metric = first.metrics[first.primary]
    return Panel(
        names=tuple(result.submission.name for result, _ in pairs),
        values=np.array([result.metrics[result.primary].value for result, _ in pairs], np.float64),
        sums=np.stack([numbers(one.sums) for _, one in pairs]),
        bases=np.stack([numbers(one.bases) for _, one in pairs]),
        better=metric.better,
        seed=seed_of(first.track.name),
        n=metric.n,
        n_patients=metric.n_patients,
        exact=all(one.exact for _, one in pairs),
    )


def _place(result: Result) -> tuple[float, str]:
    value = result.metrics[result.primary].value
    turned = -_ahead(np.array([np.nan if value is None else value]), result.metrics[result.primary].better)[0]
    return float(np.nan_to_num(turned, nan=np.inf)), result.submission.name


def _ahead(values: Floats, better: Better) -> Floats:
    """Values turned so that more is better."""
    return oriented(Drawn(0.0, values, values[:0]), better).drawn


def gaps(board: Panel) -> list[Gap]:
    """Every two of the first rows, with the interval of their gap and p, as `compare` has them; p is not corrected."""
    first = slice(0, COUNTED)
    return pairwise(board.statistic(first), board.better, n=board.n, n_patients=board.n_patients)


def p_values(board: Panel, ahead: Floats, counted: Sequence[Gap]) -> Floats:
    """Two-sided p `[rows, rows]` of every pair, not corrected.

    Of the first rows the draws on either side of zero are counted; where there is none on one side, and for the other
    rows, p is that of a normal distribution with the standard deviation of the drawn gaps (at most 1 / draws where
    none was counted), and at least `LEAST`.
    """
    pairs = np.triu_indices(len(board.names), 1)
    gap = np.abs(board.points[pairs[0]] - board.points[pairs[1]])
    p = np.ones((len(board.names),) * 2)
    p[pairs] = np.nan_to_num(erfc(gap / _deviation(ahead)[pairs] / np.sqrt(2)), nan=1.0)
    p = np.minimum(p, p.T)
    place = {name: i for i, name in enumerate(board.names)}
    for one in counted:
        i, j = place[one.left], place[one.right]
        least = 1.0 if one.p is None else one.p
        p[i, j] = p[j, i] = min(least, p[i, j]) if least <= 1 / DRAWS else least
    return np.maximum(p, LEAST)


def _deviation(ahead: Floats) -> Floats:
    """Standard deviation `[rows, rows]` of the difference of every two rows over the draws; NaN where it is 0."""
    centred = ahead - ahead.mean(0)
    shared = centred.T @ centred / len(centred)
    own = np.diag(shared)
    spread = own[:, None] + own - 2 * shared
    return np.sqrt(np.where(spread > 1e-14 * (own[:, None] + own) + 1e-30, spread, np.nan))


def corrected(p: Floats) -> Floats:
    """Holm's correction over all pairs of a symmetric matrix `[rows, rows]`."""
    upper = np.triu_indices(len(p), 1)
    holm = np.ones(p.shape)
    holm[upper] = stepped_down(p[upper])
    return np.minimum(holm, holm.T)


def draws_for(rows: int) -> int:
    """How many draws a board of so many rows has for its rank intervals and for pairs beyond the first rows."""
    return int(np.clip(VALUES // max(rows, 1), DRAWS // 10, DRAWS))
