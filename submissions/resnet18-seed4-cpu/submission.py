"""ResNet-18 all-in-one (reduced setting), seed 4: made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class Resnet18Seed4Cpu(Trained):
    """ResNet-18 all-in-one (reduced setting), seed 4."""

    name = "resnet18-seed4-cpu"
    title = "ResNet-18 all-in-one (reduced setting), seed 4"
    authors = "The cxrbench developers"
    tasks = ("brixia-severity",)
    trained_on = ("brixia-cohen/train",)
