"""3-D U-Net on lesions, CT triage (reduced setting): made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class Of3dUnetCpu(Trained):
    """3-D U-Net on lesions, CT triage (reduced setting)."""

    name = "3d-unet-cpu"
    title = "3-D U-Net on lesions, CT triage (reduced setting)"
    authors = "The cxrbench developers"
    tasks = ("ct-triage",)
    trained_on = ("phantom-ct/train", "phantom-ct/val")
    batch_size = 1
