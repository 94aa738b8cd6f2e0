"""Adapter of one source, with the readers of its own files."""

from cxrbench.datasets.adapters.covid19_ar.adapter import covid19_ar

__all__ = ["covid19_ar"]
