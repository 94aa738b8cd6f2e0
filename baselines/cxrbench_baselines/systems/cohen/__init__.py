"""Cohen et al. 2020, as the papers compare with it: features of a pretrained network, and a line through them."""

from cxrbench_baselines.systems.cohen import regression

__all__ = ["regression"]
