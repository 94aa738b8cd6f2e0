"""BS-Net with hard attention (reduced setting), EfficientNet-Lite0 from nothing: made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class BsNetHaLite0RandomCpu(Trained):
    """BS-Net with hard attention (reduced setting), EfficientNet-Lite0 from nothing."""

    name = "bs-net-ha-lite0-random-cpu"
    title = "BS-Net with hard attention (reduced setting), EfficientNet-Lite0 from nothing"
    authors = "The cxrbench developers"
    tasks = ("brixia-severity",)
    trained_on = ("cohen@joint/train", "brixia-cohen/train")
