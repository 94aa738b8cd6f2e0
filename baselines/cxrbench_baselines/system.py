"""What a trainable baseline is: its network, what each stage learns from, and what it predicts.

A system is a torch module. A recipe's stages train parts of it, in the recipe's order; `predict` is what its submission
calls. A radiograph system needs `forward`, `losses`, `quality` and `decoded`; others (CT) replace `examples` and
`predict` too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np
import torch
from cxrbench.case import Case, Image
from cxrbench.errors import UsageError
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import nn
from torch.utils.data import Dataset

from cxrbench_baselines.framing import View, normalised, square
from cxrbench_baselines.recipe import Recipe, Stage, Strict

Batch = dict[str, torch.Tensor]
Done = Callable[[int, int], None]
Own = TypeVar("Own", bound=Strict)


@dataclass(frozen=True, slots=True)
class Learns:
    """What a stage learns: tasks (the first is the one that it cannot do without) and the targets that it reads."""

    tasks: tuple[str, ...]
    targets: tuple[str, ...]


class Options(Strict):
    """The keys under `network` in a recipe; a system declares its own.

    `pretrained` names the weights that its encoder starts from; "none" is a random start.
    """

    pretrained: str = "none"


class System(nn.Module):
    """A baseline. Class attributes: `tasks` that it predicts for, `stages` by name, `options` of its network.

    `batch_size` says how many images its submission is given at a time. `origin` says where the encoder's first
    weights came from, once built; `predict_settings` are the recipe's `predict`, and may be set by `tuned` after the
    last stage.
    """

    tasks: ClassVar[tuple[str, ...]] = ()
    stages: ClassVar[Mapping[str, Learns]] = {}
    options: ClassVar[type[Options]] = Options
    batch_size: ClassVar[int] = 4

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe, self.given = recipe, recipe.input
        self.settings: dict[str, Any] = dict(recipe.predict)
        self.origin = "random"

    # Training

    def takes(self, stage: Stage, case: Case) -> bool:  # noqa: ARG002
        """Whether a stage learns from a case, beyond its having the truth of the stage's task."""
        return True

    def parts(self, stage: str) -> Sequence[nn.Module]:  # noqa: ARG002
        """The modules whose weights a stage moves; the rest is frozen, and stays in evaluation mode."""
        return [self]

    def view(self, stage: str | None, pixels: NDArray[np.float32]) -> View:  # noqa: ARG002
        """What of a radiograph `[H, W]` a stage looks at (None: prediction)."""
        return View.whole(pixels.shape)

    def examples(self, stage: Stage, cases: Sequence[Case], seed: int, done: Done, *, learning: bool) -> Dataset[Batch]:
        """The examples of a stage; with its augmentation while `learning`."""
        from cxrbench_baselines.training.examples import Radiographs, decoded

        targets = self.stages[stage.name].targets
        found = decoded(cases, self.given, targets, lambda pixels: self.view(stage.name, pixels), done)
        return Radiographs(found, self.given, stage.augmentation if learning else (), seed)

    def solved(self, stage: Stage, cases: Sequence[Case], done: Done) -> bool:  # noqa: ARG002
        """Whether the stage is one with a closed solution; if so it is solved now, and the loop is not run."""
        return False

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """The losses of a batch by task, scalars; the loop sums them, or weighs them as the stage says."""
        raise NotImplementedError

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:
        """How well each case of a batch is predicted, `[n]`, higher is better; NaN where it lacks the target."""
        raise NotImplementedError

    def tuned(self, cases: Sequence[Case], done: Done) -> None:
        """Choose settings of the prediction (a threshold) on training and validation cases, after the last stage."""

    # Prediction

    def decoded(self, outputs: Mapping[str, torch.Tensor], view: View, image: Image) -> dict[str, Any]:
        """The network's outputs of one image as its prediction; of several tasks, one prediction by name of each."""
        raise NotImplementedError

    def predict(self, images: Sequence[Image]) -> list[dict[str, Any]]:
        """One dict an image, as `cxrbench.Submission.predict` returns them. Call in evaluation mode."""
        views = self.views(images)
        with torch.inference_mode():
            outputs = self(self.batch(images, views))
        rows = [{key: value[i] for key, value in outputs.items()} for i in range(len(images))]
        return [self.decoded(row, view, image) for row, view, image in zip(rows, views, images, strict=True)]

    def views(self, images: Sequence[Image]) -> list[View]:
        """What of each image the network is shown."""
        return [self.view(None, np.asarray(image.pixels, np.float32)) for image in images]

    def batch(self, images: Sequence[Image], views: Sequence[View]) -> torch.Tensor:
        """Images as the network's input `[n, C, S, S]`, on its device."""
        found = [
            normalised(square(np.asarray(image.pixels, np.float32), view, self.given), self.given)
            for image, view in zip(images, views, strict=True)
        ]
        return torch.from_numpy(np.stack(found)).to(self.device)

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.parameters()).device


def checked(kind: type[Own], recipe: Recipe, section: str = "network") -> Own:
    """A section of the recipe as a system's own record. Raises `UsageError` with the key that does not fit."""
    try:
        return kind.model_validate(getattr(recipe, section))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join((section, *map(str, first["loc"])))
        raise UsageError(
            f"the recipe does not fit system {recipe.system} ({first['msg']})", place, "correct it"
        ) from error
