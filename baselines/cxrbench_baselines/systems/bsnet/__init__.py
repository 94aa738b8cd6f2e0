"""Signoroni et al. 2020, BS-Net: lungs are found, aligned, and scored zone by zone, by parts of one network."""

from cxrbench_baselines.systems.bsnet import ensemble, system

__all__ = ["ensemble", "system"]
