"""Goncharov et al. 2020: CT triage by lung segmentation, lesion segmentation and classification of series.

HU thresholding, which needs no torch, is in `cxrbench_baselines.ct`.
"""

from cxrbench_baselines.systems.goncharov import lungs, multitask, resnet, segmentation

__all__ = ["lungs", "multitask", "resnet", "segmentation"]
