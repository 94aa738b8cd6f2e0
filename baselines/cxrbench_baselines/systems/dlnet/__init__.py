"""Amer et al. 2020: pneumonia detected and localised, lungs found, and the share of them that is affected."""

from cxrbench_baselines.systems.dlnet import detector, dlnet, lsnet

__all__ = ["detector", "dlnet", "lsnet"]
