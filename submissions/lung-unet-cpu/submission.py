"""Lungs by U-net, Danilov's Stage I (reduced setting): made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class LungUnetCpu(Trained):
    """Lungs by U-net, Danilov's Stage I (reduced setting)."""

    name = "lung-unet-cpu"
    title = "Lungs by U-net, Danilov's Stage I (reduced setting)"
    authors = "The cxrbench developers"
    tasks = ("lung-segmentation",)
    trained_on = ("cohen@joint/train",)
