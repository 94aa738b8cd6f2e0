"""BS-Net with hard attention (reduced setting), from ImageNet, seed 4: made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class BsNetHaImagenetSeed4Cpu(Trained):
    """BS-Net with hard attention (reduced setting), from ImageNet, seed 4."""

    name = "bs-net-ha-imagenet-seed4-cpu"
    title = "BS-Net with hard attention (reduced setting), from ImageNet, seed 4"
    authors = "The cxrbench developers"
    tasks = ("brixia-severity",)
    trained_on = ("cohen@joint/train", "brixia-cohen/train")
