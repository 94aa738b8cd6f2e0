"""Multitask 2-D U-Net, CT triage (reduced setting): made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class Multitask2dUnetCpu(Trained):
    """Multitask 2-D U-Net, CT triage (reduced setting)."""

    name = "multitask-2d-unet-cpu"
    title = "Multitask 2-D U-Net, CT triage (reduced setting)"
    authors = "The cxrbench developers"
    tasks = ("ct-triage",)
    trained_on = ("phantom-ct/train", "phantom-ct/val")
    batch_size = 1
