"""Datasets: official on-disk layouts in, cases out. One adapter per dataset, found by its registry."""

from cxrbench.datasets.base import Adapter, DataFolder, Dataset, Problem, dataset_adapters, load

__all__ = ["Adapter", "DataFolder", "Dataset", "Problem", "dataset_adapters", "load"]
