"""BS-Net with hard attention (reduced setting), from ImageNet: made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class BsNetHaImagenetCpu(Trained):
    """BS-Net with hard attention (reduced setting), from ImageNet."""

    name = "bs-net-ha-imagenet-cpu"
    title = "BS-Net with hard attention (reduced setting), from ImageNet"
    authors = "The cxrbench developers"
    tasks = ("brixia-severity",)
    trained_on = ("cohen@joint/train", "brixia-cohen/train")
