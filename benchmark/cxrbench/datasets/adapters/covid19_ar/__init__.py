"""The adapter of one dataset, with the readers of its files."""

from cxrbench.datasets.adapters.covid19_ar.adapter import list_covid19_ar

__all__ = ["list_covid19_ar"]
