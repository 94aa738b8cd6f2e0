"""Sums of many estimators as one matrix product: their distinct columns side by side."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cxrbench.metrics.base import Floats
from cxrbench.metrics.ranking import Counts, to_integer_weights


class ColumnStack:
    """The distinct columns of several tables side by side.

    What metrics or submissions share (the marginals of the truth, the number of cases) is added up once.
    """

    def __init__(self, tables: Mapping[int, Floats]) -> None:
        columns: list[Floats] = []
        place: dict[bytes, int] = {}
        self.places: dict[int, list[int]] = {}
        for key, table in tables.items():
            contiguous = np.ascontiguousarray(table.T)
            digests = [hashlib.blake2b(column).digest() for column in contiguous]
            for digest, column in zip(digests, contiguous, strict=True):
                if digest not in place:
                    place[digest] = len(columns)
                    columns.append(column)
            self.places[key] = [place[digest] for digest in digests]
        self.columns = np.stack(columns, axis=1) if columns else np.zeros((0, 0))


@dataclass(frozen=True)
class WeightChunk:
    """Patient weights `[draws, patients]` of some draws, with what all estimators need of them made once."""

    weights: Floats
    stack: ColumnStack

    @cached_property
    def counts(self) -> Counts:
        """The weights as whole numbers where they are whole."""
        return to_integer_weights(self.weights, self.weights.shape[1])

    @cached_property
    def _totals(self) -> Floats:
        return self.weights @ self.stack.columns

    def sum_table(self, key: int) -> Floats:
        """Weighted sums over patients of one table.

        Args:
            key: The key of the table in the stack.

        Returns:
            The sums of the columns of the table in each draw, `[draws, k + 1]`.
        """
        return self._totals[:, self.stack.places[key]]
