"""Random changes of training examples, by the names that recipes use; masks and zone scores follow the image.

Albumentations does the work and is imported by this module alone. A horizontal flip exchanges the patient's sides, so
the columns of the Brixia score (A-C and D-F) change places with it.
"""

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from cxrbench.errors import UsageError
from cxrbench.registry import make_unknown_name_error
from numpy.typing import NDArray

from cxrbench_baselines.examples.blobs import implant_blobs
from cxrbench_baselines.recipe import Step

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it would ask the network for a newer version

import albumentations as A  # noqa: N812 - as its own documentation calls it

Arrays = dict[str, NDArray[Any]]
OperationMaker = Callable[..., Any]
FILL = {"fill": 0, "fill_mask": 0}


def _make_affine(**settings: Any) -> Any:
    return A.Affine(**{"rotate": 0, "scale": 1, **settings}, **FILL)


OPERATIONS: dict[str, OperationMaker] = {
    "clahe": lambda p, clip=(1.0, 4.0), grid=8: A.CLAHE(clip, (grid, grid), p=p),
    "rotation": lambda p, degrees: A.Affine(rotate=_to_limits(degrees), p=p, **FILL),
    "scale": lambda p, percent: A.Affine(scale=(1 - percent / 100, 1 + percent / 100), p=p, **FILL),
    "shift": lambda p, percent: A.Affine(translate_percent=(-percent / 100, percent / 100), p=p, **FILL),
    "affine": lambda p, **settings: _make_affine(p=p, **settings),
    "perspective": lambda p, scale=(0.02, 0.08): A.Perspective(scale=scale, p=p, **FILL),
    "elastic": lambda p, alpha, sigma: A.ElasticTransform(alpha=alpha, sigma=sigma, p=p, **FILL),
    "grid-distortion": lambda p, step, limit: A.GridDistortion(
        num_steps=step, distort_limit=_to_limits(limit), p=p, **FILL
    ),
    "optical-distortion": lambda p, distort: A.OpticalDistortion(distort_limit=_to_limits(distort), p=p, **FILL),
    "brightness-contrast": lambda p, brightness, contrast: A.RandomBrightnessContrast(
        brightness_limit=_to_limits(brightness), contrast_limit=_to_limits(contrast), p=p
    ),
    "gamma": lambda p, percent=(80, 120): A.RandomGamma(gamma_limit=tuple(percent), p=p),
    "blur": lambda p, kernel=(3, 5): A.Blur(blur_limit=tuple(kernel), p=p),
    "sharpen": lambda p: A.Sharpen(p=p),
    "gaussian-noise": lambda p, std=(0.01, 0.05): A.GaussNoise(std_range=tuple(std), p=p),
}
"""Recipe name to maker. Angles in degrees, fractions of the image in percent."""
OWN_OPERATIONS = ("horizontal-flip", "blobs")
"""What is done here, before and after albumentations."""


def _to_limits(limit: float | Sequence[float]) -> tuple[float, float]:
    """One limit as the pair of itself and its negative; a pair as it is."""
    return (-limit, limit) if isinstance(limit, int | float) else (limit[0], limit[1])


class Augmentation:
    """The random steps of a recipe for squares of one size; called with a seed, so that a run can be resumed exactly.

    `example` holds `image` `[S, S]` uint8; `masks` are the keys that hold maps of the image's size; `brixia` is
    exchanged on a flip. Raises `UsageError` for a step that does not exist or a setting that it does not take.
    """

    def __init__(self, steps: Sequence[Step], size: int, masks: Sequence[str]) -> None:
        self.flip = max((float(step.p) for step in steps if step.op == "horizontal-flip"), default=0.0)
        self.blobs = [step for step in steps if step.op == "blobs"]
        self.masks = tuple(masks)
        operations = [_make_operation(step, size) for step in steps if step.op not in OWN_OPERATIONS]
        self.transform: Any = A.Compose(operations) if operations else None
        self._check_blobs(size)

    def __call__(self, example: Mapping[str, NDArray[Any]], seed: int) -> Arrays:
        """A changed copy of an example.

        Args:
            example: Image, maps and other targets.
            seed: Decides the changes.

        Returns:
            The same keys; maps and `brixia` follow the image.
        """
        changed = dict(example)
        if self.flip and np.random.default_rng(seed).random() < self.flip:
            changed = mirror_example(changed, self.masks)
        return self._add_blobs(changed if self.transform is None else self._transform(changed, seed), seed)

    def _transform(self, example: Arrays, seed: int) -> Arrays:
        """The operations of albumentations."""
        self.transform.set_random_seed(seed)
        keys = [key for key in self.masks if key in example]
        done = self.transform(image=np.ascontiguousarray(example["image"]), masks=[example[key] for key in keys])
        return example | {"image": done["image"]} | dict(zip(keys, done["masks"], strict=True))

    def _add_blobs(self, example: Arrays, seed: int) -> Arrays:
        """Blobs last, in the lungs where the other changes have moved them."""
        for number, step in enumerate(self.blobs):
            rng = np.random.default_rng((seed, number))
            if rng.random() < step.p:
                example |= {"image": implant_blobs(example["image"], example.get("lungs"), rng, **step.settings)}
        return example

    def _check_blobs(self, size: int) -> None:
        """Blobs on an empty square, so that a setting that they do not take is reported before training."""
        for step in self.blobs:
            try:
                implant_blobs(np.zeros((size, size), np.uint8), None, np.random.default_rng(0), **step.settings)
            except (TypeError, ValueError) as error:
                raise _make_error(step, error) from error


def mirror_example(example: Mapping[str, NDArray[Any]], masks: Sequence[str]) -> Arrays:
    """Left and right exchanged: the image, its maps, and the columns of the Brixia score.

    Args:
        example: `image`, maps, and `brixia` `[6]` where the example has it.
        masks: Keys of the maps.

    Returns:
        A mirrored copy.

    Example:
        >>> mirror_example({"image": np.array([[1, 2]]), "brixia": np.array([0, 1, 2, 3, 3, 3])}, ())["brixia"].tolist()
        [3, 3, 3, 0, 1, 2]
    """
    mirrored = dict(example)
    for key in ("image", *masks):
        if key in mirrored:
            mirrored[key] = np.ascontiguousarray(mirrored[key][..., ::-1])
    if "brixia" in mirrored:
        mirrored["brixia"] = np.roll(mirrored["brixia"], 3)
    return mirrored


def _make_operation(step: Step, size: int) -> Any:
    """One operation of albumentations; its complaints about settings are errors."""
    makers = OPERATIONS | {"random-sized-crop": _make_cropper(size)}
    if step.op not in makers:
        raise make_unknown_name_error("augmentation", step.op, (*makers, *OWN_OPERATIONS))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return makers[step.op](p=step.p, **step.settings)
    except (TypeError, ValueError, UserWarning) as error:
        raise _make_error(step, error) from error


def _make_error(step: Step, error: Exception) -> UsageError:
    return UsageError(f"augmentation {step.op} does not take this ({error})", str(step.settings), "correct it")


def _make_cropper(size: int) -> OperationMaker:
    """A square window, its side a random fraction of the whole, resized to the whole."""

    def make_crop(p: float, height_from: float, height_to: float) -> Any:
        heights = (round(height_from * size), round(height_to * size))
        return A.RandomSizedCrop(heights, size=(size, size), p=p)

    return make_crop
