"""Random changes of training examples, by the names that recipes use; masks and zone scores follow the image.

Albumentations does the work, behind this module alone. A horizontal flip exchanges the patient's sides, so the columns
of the Brixia score (A-C and D-F) change places with it.
"""

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from cxrbench.errors import UsageError
from cxrbench.registry import unknown
from numpy.typing import NDArray

from cxrbench_baselines.recipe import Step
from cxrbench_baselines.training.blobs import implanted

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it would ask the network for a newer version

import albumentations as A  # noqa: N812 - as its own documentation calls it

Arrays = dict[str, NDArray[Any]]
Maker = Callable[..., Any]
FILL = {"fill": 0, "fill_mask": 0}


def _affine(**settings: Any) -> Any:
    return A.Affine(**{"rotate": 0, "scale": 1, **settings}, **FILL)


OPERATIONS: dict[str, Maker] = {
    "clahe": lambda p, clip=(1.0, 4.0), grid=8: A.CLAHE(clip, (grid, grid), p=p),
    "rotation": lambda p, degrees: A.Affine(rotate=_both(degrees), p=p, **FILL),
    "scale": lambda p, percent: A.Affine(scale=(1 - percent / 100, 1 + percent / 100), p=p, **FILL),
    "shift": lambda p, percent: A.Affine(translate_percent=(-percent / 100, percent / 100), p=p, **FILL),
    "affine": lambda p, **settings: _affine(p=p, **settings),
    "perspective": lambda p, scale=(0.02, 0.08): A.Perspective(scale=scale, p=p, **FILL),
    "elastic": lambda p, alpha, sigma: A.ElasticTransform(alpha=alpha, sigma=sigma, p=p, **FILL),
    "grid-distortion": lambda p, step, limit: A.GridDistortion(num_steps=step, distort_limit=_both(limit), p=p, **FILL),
    "optical-distortion": lambda p, distort: A.OpticalDistortion(distort_limit=_both(distort), p=p, **FILL),
    "brightness-contrast": lambda p, brightness, contrast: A.RandomBrightnessContrast(
        brightness_limit=_both(brightness), contrast_limit=_both(contrast), p=p
    ),
    "gamma": lambda p, percent=(80, 120): A.RandomGamma(gamma_limit=tuple(percent), p=p),
    "blur": lambda p, kernel=(3, 5): A.Blur(blur_limit=tuple(kernel), p=p),
    "sharpen": lambda p: A.Sharpen(p=p),
    "gaussian-noise": lambda p, std=(0.01, 0.05): A.GaussNoise(std_range=tuple(std), p=p),
}
"""Recipe name to maker. Angles in degrees, shares of the image in percent."""
OWN = ("horizontal-flip", "blobs")
"""What is done here, before and after albumentations."""


def _both(limit: float | Sequence[float]) -> tuple[float, float]:
    """A limit, or a pair of them, as a pair."""
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
        made = [_made(step, size) for step in steps if step.op not in OWN]
        self.transform: Any = A.Compose(made) if made else None
        self._tried(size)

    def __call__(self, example: Mapping[str, NDArray[Any]], seed: int) -> Arrays:
        """A changed copy of the example."""
        found = dict(example)
        if self.flip and np.random.default_rng(seed).random() < self.flip:
            found = mirrored(found, self.masks)
        return self._with_blobs(found if self.transform is None else self._transformed(found, seed), seed)

    def _transformed(self, example: Arrays, seed: int) -> Arrays:
        """What albumentations makes of it."""
        self.transform.set_random_seed(seed)
        own = [key for key in self.masks if key in example]
        done = self.transform(image=np.ascontiguousarray(example["image"]), masks=[example[key] for key in own])
        return example | {"image": done["image"]} | dict(zip(own, done["masks"], strict=True))

    def _with_blobs(self, example: Arrays, seed: int) -> Arrays:
        """Blobs last, in the lungs where they have come to lie."""
        for number, step in enumerate(self.blobs):
            rng = np.random.default_rng((seed, number))
            if rng.random() < step.p:
                example |= {"image": implanted(example["image"], example.get("lungs"), rng, **step.settings)}
        return example

    def _tried(self, size: int) -> None:
        """Blobs on an empty square, so that a setting that they do not take is told before training."""
        for step in self.blobs:
            try:
                implanted(np.zeros((size, size), np.uint8), None, np.random.default_rng(0), **step.settings)
            except (TypeError, ValueError) as error:
                raise _refused(step, error) from error


def mirrored(example: Mapping[str, NDArray[Any]], masks: Sequence[str]) -> Arrays:
    """Left and right exchanged: the image, its maps, and the columns of the Brixia score."""
    found = dict(example)
    for key in ("image", *masks):
        if key in found:
            found[key] = np.ascontiguousarray(found[key][..., ::-1])
    if "brixia" in found:
        found["brixia"] = np.roll(found["brixia"], 3)
    return found


def _made(step: Step, size: int) -> Any:
    """One operation of albumentations; its complaints about settings are errors."""
    makers = OPERATIONS | {"random-sized-crop": _cropper(size)}
    if step.op not in makers:
        raise unknown("augmentation", step.op, (*makers, *OWN))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return makers[step.op](p=step.p, **step.settings)
    except (TypeError, ValueError, UserWarning) as error:
        raise _refused(step, error) from error


def _refused(step: Step, error: Exception) -> UsageError:
    return UsageError(f"augmentation {step.op} does not take this ({error})", str(step.settings), "correct it")


def _cropper(size: int) -> Maker:
    """A square window of a random share of the side, resized to the whole."""

    def crop(p: float, height_from: float, height_to: float) -> Any:
        heights = (round(height_from * size), round(height_to * size))
        return A.RandomSizedCrop(heights, size=(size, size), p=p)

    return crop
