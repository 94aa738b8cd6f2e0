"""Lungs by MA-Net, Danilov's Stage I: made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class LungManetCpu(Trained):
    """Lungs by MA-Net, Danilov's Stage I."""

    name = "lung-manet-cpu"
    title = "Lungs by MA-Net, Danilov's Stage I"
    authors = "The cxrbench developers"
    tasks = ("lung-segmentation",)
    trained_on = ("cohen@joint/train",)
