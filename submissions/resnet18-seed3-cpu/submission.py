"""ResNet-18 all-in-one (reduced setting), seed 3: made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class Resnet18Seed3Cpu(Trained):
    """ResNet-18 all-in-one (reduced setting), seed 3."""

    name = "resnet18-seed3-cpu"
    title = "ResNet-18 all-in-one (reduced setting), seed 3"
    authors = "The cxrbench developers"
    tasks = ("brixia-severity",)
    trained_on = ("brixia-cohen/train",)
