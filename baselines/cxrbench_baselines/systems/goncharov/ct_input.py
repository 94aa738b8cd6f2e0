"""What the CT networks take from a recipe's `input`: one channel, and a spacing of 2 mm where none is named."""

from cxrbench.errors import UsageError

from cxrbench_baselines.ct.rescaling import SPACING_MM
from cxrbench_baselines.recipe import InputSpec, Recipe


def read_spacing_mm(spec: InputSpec) -> float:
    """Read the spacing in plane.

    Args:
        spec: The recipe's `input`.

    Returns:
        The spacing in mm; 2 where the recipe names none (section 4.1).
    """
    return spec.spacing or SPACING_MM


def check_input(recipe: Recipe) -> None:
    """Check that a recipe asks for nothing that a series of slices cannot take.

    Args:
        recipe: The recipe.

    Raises:
        UsageError: It has several channels, preprocessing, a normalisation per image, or augmentation.
    """
    spec = recipe.input
    if spec.channels != 1 or spec.normalise == "image" or spec.preprocessing:
        raise UsageError(
            "CT has one channel, no preprocessing and one normalisation for all slices", "input", "correct the recipe"
        )
    if any(stage.augmentation for stage in recipe.stages):
        raise UsageError("the CT systems are trained without augmentation", "stages, augmentation", "leave it out")
