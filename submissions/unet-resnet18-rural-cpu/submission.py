"""Opacities in the lungs by a U-Net with ResNet-18, and their share (reduced setting): made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class UnetResnet18RuralCpu(Trained):
    """Opacities in the lungs by a U-Net with ResNet-18, and their share (reduced setting)."""

    name = "unet-resnet18-rural-cpu"
    title = "Opacities in the lungs by a U-Net with ResNet-18, and their share (reduced setting)"
    authors = "The cxrbench developers"
    tasks = ("opacity-segmentation", "outcome")
    trained_on = ("cohen@joint/train", "cxr-seg-100/train")
