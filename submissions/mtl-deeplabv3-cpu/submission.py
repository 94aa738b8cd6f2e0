"""Opacities by DeepLabV3 in lungs by DeepLabV3+, and the score of six segments, Danilov's workflow (reduced setting): made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class MtlDeeplabv3Cpu(Trained):
    """Opacities by DeepLabV3 in lungs by DeepLabV3+, and the score of six segments, Danilov's workflow (reduced setting)."""

    name = "mtl-deeplabv3-cpu"
    title = "Opacities by DeepLabV3 in lungs by DeepLabV3+, and the score of six segments, Danilov's workflow (reduced setting)"
    authors = "The cxrbench developers"
    tasks = ("opacity-segmentation", "zone-severity", "detection")
    trained_on = ("cxr-seg-100/train", "nih-normal/train")
