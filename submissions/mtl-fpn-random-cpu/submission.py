"""Opacities by FPN in lungs by DeepLabV3+, and the score of six segments, Danilov's workflow (reduced setting), EfficientNet-Lite0 from nothing: made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class MtlFpnRandomCpu(Trained):
    """Opacities by FPN in lungs by DeepLabV3+, and the score of six segments, Danilov's workflow (reduced setting), EfficientNet-Lite0 from nothing."""

    name = "mtl-fpn-random-cpu"
    title = "Opacities by FPN in lungs by DeepLabV3+, and the score of six segments, Danilov's workflow (reduced setting), EfficientNet-Lite0 from nothing"
    authors = "The cxrbench developers"
    tasks = ("opacity-segmentation", "zone-severity", "detection")
    trained_on = ("cxr-seg-100/train", "nih-normal/train")
