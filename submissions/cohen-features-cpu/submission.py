"""ImageNet features and a regression line, after Cohen et al. (reduced setting): made by `cxrbench train`; README.md says how."""

from cxrbench_baselines.trained import Trained


class CohenFeaturesCpu(Trained):
    """ImageNet features and a regression line, after Cohen et al. (reduced setting)."""

    name = "cohen-features-cpu"
    title = "ImageNet features and a regression line, after Cohen et al. (reduced setting)"
    authors = "The cxrbench developers"
    tasks = ("extent-opacity",)
    trained_on = ("cohen@joint/train",)
