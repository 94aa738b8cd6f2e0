"""Goncharov et al. 2020: CT triage by lungs, lesions and labels (see each module; HU thresholding needs no torch)."""

from cxrbench_baselines.systems.goncharov import lungs, multitask, resnet, segmentation

__all__ = ["lungs", "multitask", "resnet", "segmentation"]
