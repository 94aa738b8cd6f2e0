"""Amer et al. 2020: pneumonia detection and localisation, lung segmentation, and the affected share of the lungs."""

from cxrbench_baselines.systems.dlnet import detector, dlnet, lsnet

__all__ = ["detector", "dlnet", "lsnet"]
