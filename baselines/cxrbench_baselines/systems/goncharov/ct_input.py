"""What the CT networks see of a recipe's `input`: one channel, and a spacing of 2 mm where it names none."""

from cxrbench.errors import UsageError

from cxrbench_baselines.ct.prepare import SPACING_MM
from cxrbench_baselines.recipe import Input, Recipe


def spacing_mm(given: Input) -> float:
    """In plane, in mm."""
    return given.spacing or SPACING_MM


def checked_input(recipe: Recipe) -> None:
    """Raise `UsageError` for what a series of slices cannot take: colours, an image's own statistics, augmentation."""
    given = recipe.input
    if given.channels != 1 or given.normalise == "image" or given.preprocessing:
        raise UsageError(
            "CT has one channel, no preprocessing and one normalisation for all slices", "input", "correct the recipe"
        )
    if any(stage.augmentation for stage in recipe.stages):
        raise UsageError("the CT systems learn without augmentation", "stages, augmentation", "leave it out")
