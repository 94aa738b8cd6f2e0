"""Training examples of radiographs: decoded and preprocessed once, kept in memory, augmented anew each epoch."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from cxrbench.case import Case
from numpy.typing import NDArray
from torch.utils.data import Dataset

from cxrbench_baselines.framing import View, normalised, square
from cxrbench_baselines.recipe import Input, Step
from cxrbench_baselines.training.augmentation import Augmentation
from cxrbench_baselines.training.targets import MAPS, read

Batch = dict[str, torch.Tensor]
Arrays = dict[str, NDArray[Any]]
Look = Callable[[NDArray[np.float32]], View]
Done = Callable[[int, int], None]


class Radiographs(Dataset[Batch]):
    """Examples as dicts: `image` float32 `[C, S, S]` and the stage's targets (see `training.targets`).

    `epoch` moves the random changes on: example i of epoch e of a seed is the same whenever and by whichever worker it
    is asked for, so a resumed run sees what an undisturbed one would.
    """

    def __init__(self, examples: Sequence[Arrays], given: Input, steps: Sequence[Step] = (), seed: int = 0) -> None:
        self.examples, self.given, self.seed, self.epoch = examples, given, seed, 0
        self.augmentation = Augmentation(steps, given.size, tuple(MAPS)) if steps else None

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Batch:
        """Example `index`, changed at random where the stage augments."""
        example = dict(self.examples[index])
        if self.augmentation is not None:
            example = self.augmentation(example, seed_of(self.seed, self.epoch, index))
        example["image"] = normalised(example["image"], self.given)
        return {key: torch.from_numpy(np.ascontiguousarray(value)) for key, value in example.items()}


def seed_of(seed: int, epoch: int, index: int) -> int:
    """One number for one example of one epoch."""
    return int(np.random.SeedSequence((seed, epoch, index)).generate_state(1)[0])


def decoded(cases: Sequence[Case], given: Input, targets: tuple[str, ...], look: Look, done: Done) -> list[Arrays]:
    """Each case as its square `[S, S]` uint8 and its targets. Raises `DataError` where a file is unreadable."""
    found = []
    for i, case in enumerate(cases):
        pixels = np.asarray(case.image().pixels, np.float32)
        view = look(pixels)
        found.append({"image": square(pixels, view, given), **read(case, targets, view, given.size)})
        done(i + 1, len(cases))
    return found
