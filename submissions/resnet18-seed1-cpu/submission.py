"""ResNet-18 all-in-one (reduced setting), seed 1: made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class Resnet18Seed1Cpu(Trained):
    """ResNet-18 all-in-one (reduced setting), seed 1."""

    name = "resnet18-seed1-cpu"
    title = "ResNet-18 all-in-one (reduced setting), seed 1"
    authors = "The cxrbench developers"
    tasks = ("brixia-severity",)
    trained_on = ("brixia-cohen/train",)
