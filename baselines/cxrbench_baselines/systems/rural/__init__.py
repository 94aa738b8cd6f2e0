"""Tang et al. 2020: opacities segmented on radiographs of a rural population, and their share of the lungs."""

from cxrbench_baselines.systems.rural import opacity

__all__ = ["opacity"]
