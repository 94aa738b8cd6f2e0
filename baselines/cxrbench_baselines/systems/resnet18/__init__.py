"""ResNet-18 all-in-one, which Signoroni et al. 2020 compare BS-Net with (section 6.3)."""

from cxrbench_baselines.systems.resnet18 import system

__all__ = ["system"]
