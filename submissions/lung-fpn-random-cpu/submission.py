"""Lungs by FPN, Danilov's Stage I (reduced setting), EfficientNet-Lite0 from nothing: made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class LungFpnRandomCpu(Trained):
    """Lungs by FPN, Danilov's Stage I (reduced setting), EfficientNet-Lite0 from nothing."""

    name = "lung-fpn-random-cpu"
    title = "Lungs by FPN, Danilov's Stage I (reduced setting), EfficientNet-Lite0 from nothing"
    authors = "The cxrbench developers"
    tasks = ("lung-segmentation",)
    trained_on = ("cohen@joint/train",)
