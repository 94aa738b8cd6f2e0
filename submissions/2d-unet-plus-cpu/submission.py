"""2-D U-Net+ on lesions, with series without COVID-19, CT triage (reduced setting): made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class Of2dUnetPlusCpu(Trained):
    """2-D U-Net+ on lesions, with series without COVID-19, CT triage (reduced setting)."""

    name = "2d-unet-plus-cpu"
    title = "2-D U-Net+ on lesions, with series without COVID-19, CT triage (reduced setting)"
    authors = "The cxrbench developers"
    tasks = ("ct-triage",)
    trained_on = ("phantom-ct/train", "phantom-ct/val")
    batch_size = 1
