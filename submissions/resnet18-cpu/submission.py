"""ResNet-18 all-in-one (reduced setting): made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class Resnet18Cpu(Trained):
    """ResNet-18 all-in-one (reduced setting)."""

    name = "resnet18-cpu"
    title = "ResNet-18 all-in-one (reduced setting)"
    authors = "The cxrbench developers"
    tasks = ("brixia-severity",)
    trained_on = ("brixia-cohen/train",)
