"""Lungs by Linknet, Danilov's Stage I (reduced setting): made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class LungLinknetCpu(Trained):
    """Lungs by Linknet, Danilov's Stage I (reduced setting)."""

    name = "lung-linknet-cpu"
    title = "Lungs by Linknet, Danilov's Stage I (reduced setting)"
    authors = "The cxrbench developers"
    tasks = ("lung-segmentation",)
    trained_on = ("cohen@joint/train",)
