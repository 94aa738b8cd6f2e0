"""LSNet, lungs by a U-Net with VGG-16 (reduced setting): made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class LsnetCpu(Trained):
    """LSNet, lungs by a U-Net with VGG-16 (reduced setting)."""

    name = "lsnet-cpu"
    title = "LSNet, lungs by a U-Net with VGG-16 (reduced setting)"
    authors = "The cxrbench developers"
    tasks = ("lung-segmentation",)
    trained_on = ("cohen@joint/train",)
