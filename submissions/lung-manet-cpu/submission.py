"""Lungs by MA-Net, Danilov's Stage I (reduced setting): made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class LungManetCpu(Trained):
    """Lungs by MA-Net, Danilov's Stage I (reduced setting)."""

    name = "lung-manet-cpu"
    title = "Lungs by MA-Net, Danilov's Stage I (reduced setting)"
    authors = "The cxrbench developers"
    tasks = ("lung-segmentation",)
    trained_on = ("cohen@joint/train",)
