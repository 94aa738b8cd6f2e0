"""BS-Net with hard attention (reduced setting), from ImageNet, seed 2: made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class BsNetHaImagenetSeed2Cpu(Trained):
    """BS-Net with hard attention (reduced setting), from ImageNet, seed 2."""

    name = "bs-net-ha-imagenet-seed2-cpu"
    title = "BS-Net with hard attention (reduced setting), from ImageNet, seed 2"
    authors = "The cxrbench developers"
    tasks = ("brixia-severity",)
    trained_on = ("cohen@joint/train", "brixia-cohen/train")
