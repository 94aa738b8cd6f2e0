"""Cohen et al. 2020, as the papers compare with it: features of a pretrained network, and a linear regression."""

from cxrbench_baselines.systems.cohen import regression

__all__ = ["regression"]
