"""Lungs by DeepLabV3+, Danilov's Stage I (reduced setting): made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class LungDeeplabv3plusCpu(Trained):
    """Lungs by DeepLabV3+, Danilov's Stage I (reduced setting)."""

    name = "lung-deeplabv3plus-cpu"
    title = "Lungs by DeepLabV3+, Danilov's Stage I (reduced setting)"
    authors = "The cxrbench developers"
    tasks = ("lung-segmentation",)
    trained_on = ("cohen@joint/train",)
