"""Curation: fetch, verify and prepare copies of datasets, draw and audit splits, describe datasets as Croissant."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with the number of cases finished and the number of cases in all."""
