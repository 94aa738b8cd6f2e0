"""BS-Net with hard attention (reduced setting): made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class BsNetHaCpu(Trained):
    """BS-Net with hard attention (reduced setting)."""

    name = "bs-net-ha-cpu"
    title = "BS-Net with hard attention (reduced setting)"
    authors = "The cxrbench developers"
    tasks = ("brixia-severity",)
    trained_on = ("cohen@joint/train", "brixia-cohen/train")
