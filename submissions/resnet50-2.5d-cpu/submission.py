"""ResNet50 over slices, CT triage (reduced setting): made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class Resnet5025dCpu(Trained):
    """ResNet50 over slices, CT triage (reduced setting)."""

    name = "resnet50-2.5d-cpu"
    title = "ResNet50 over slices, CT triage (reduced setting)"
    authors = "The cxrbench developers"
    tasks = ("ct-triage",)
    trained_on = ("phantom-ct/train", "phantom-ct/val")
    batch_size = 1
