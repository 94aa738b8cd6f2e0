"""BS-Net, ensemble of five seeds (reduced setting), from ImageNet: made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class BsNetEnsImagenetCpu(Trained):
    """BS-Net, ensemble of five seeds (reduced setting), from ImageNet."""

    name = "bs-net-ens-imagenet-cpu"
    title = "BS-Net, ensemble of five seeds (reduced setting), from ImageNet"
    authors = "The cxrbench developers"
    tasks = ("brixia-severity",)
    trained_on = ("cohen@joint/train", "brixia-cohen/train")
