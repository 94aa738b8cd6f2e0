"""Lungs by PAN, Danilov's Stage I (reduced setting): made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class LungPanCpu(Trained):
    """Lungs by PAN, Danilov's Stage I (reduced setting)."""

    name = "lung-pan-cpu"
    title = "Lungs by PAN, Danilov's Stage I (reduced setting)"
    authors = "The cxrbench developers"
    tasks = ("lung-segmentation",)
    trained_on = ("cohen@joint/train",)
