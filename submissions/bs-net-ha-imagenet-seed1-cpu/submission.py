"""BS-Net with hard attention (reduced setting), from ImageNet, seed 1: made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class BsNetHaImagenetSeed1Cpu(Trained):
    """BS-Net with hard attention (reduced setting), from ImageNet, seed 1."""

    name = "bs-net-ha-imagenet-seed1-cpu"
    title = "BS-Net with hard attention (reduced setting), from ImageNet, seed 1"
    authors = "The cxrbench developers"
    tasks = ("brixia-severity",)
    trained_on = ("cohen@joint/train", "brixia-cohen/train")
