"""BS-Net with hard attention (reduced setting), from ImageNet, seed 3: made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class BsNetHaImagenetSeed3Cpu(Trained):
    """BS-Net with hard attention (reduced setting), from ImageNet, seed 3."""

    name = "bs-net-ha-imagenet-seed3-cpu"
    title = "BS-Net with hard attention (reduced setting), from ImageNet, seed 3"
    authors = "The cxrbench developers"
    tasks = ("brixia-severity",)
    trained_on = ("cohen@joint/train", "brixia-cohen/train")
