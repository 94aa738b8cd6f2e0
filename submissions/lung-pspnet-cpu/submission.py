"""Lungs by PSPNet, Danilov's Stage I (reduced setting): made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class LungPspnetCpu(Trained):
    """Lungs by PSPNet, Danilov's Stage I (reduced setting)."""

    name = "lung-pspnet-cpu"
    title = "Lungs by PSPNet, Danilov's Stage I (reduced setting)"
    authors = "The cxrbench developers"
    tasks = ("lung-segmentation",)
    trained_on = ("cohen@joint/train",)
