"""BS-Net of Signoroni et al. 2020: one network segments the lungs, aligns them and scores their six zones."""

from cxrbench_baselines.systems.bsnet import ensemble, system

__all__ = ["ensemble", "system"]
