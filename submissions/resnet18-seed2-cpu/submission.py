"""ResNet-18 all-in-one (reduced setting), seed 2: made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class Resnet18Seed2Cpu(Trained):
    """ResNet-18 all-in-one (reduced setting), seed 2."""

    name = "resnet18-seed2-cpu"
    title = "ResNet-18 all-in-one (reduced setting), seed 2"
    authors = "The cxrbench developers"
    tasks = ("brixia-severity",)
    trained_on = ("brixia-cohen/train",)
