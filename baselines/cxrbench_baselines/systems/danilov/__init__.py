"""Danilov et al. 2022: lung segmentation, then opacity segmentation within the lungs, then a score of six segments."""

from cxrbench_baselines.systems.danilov import disease, lungs

__all__ = ["disease", "lungs"]
