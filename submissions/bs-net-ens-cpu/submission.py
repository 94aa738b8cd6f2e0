"""BS-Net, ensemble of five seeds (reduced setting): made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class BsNetEnsCpu(Trained):
    """BS-Net, ensemble of five seeds (reduced setting)."""

    name = "bs-net-ens-cpu"
    title = "BS-Net, ensemble of five seeds (reduced setting)"
    authors = "The cxrbench developers"
    tasks = ("brixia-severity",)
    trained_on = ("cohen@joint/train", "brixia-cohen/train")
