"""What a trainable baseline is: its network, what each stage learns from, and what it predicts.

A system is a torch module. A recipe's stages train parts of it, in the recipe's order; `predict` is what its submission
calls. A radiograph system needs `forward`, `losses`, `quality` and `to_prediction`; others (CT) replace `make_examples`
and `predict` too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, TypeVar

import numpy as np
import torch
from cxrbench.case import Case, Image
from cxrbench.errors import UsageError
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import nn
from torch.utils.data import Dataset

from cxrbench_baselines.examples.pixels import PixelSource
from cxrbench_baselines.framing import View, normalise_square, to_square
from cxrbench_baselines.recipe import Recipe, Stage, StrictModel

Batch = dict[str, torch.Tensor]
Done = Callable[[int, int], None]
Section = TypeVar("Section", bound=StrictModel)


@dataclass(frozen=True, slots=True)
class StageSpec:
    """What a stage learns: tasks (the first is the one that it cannot do without) and the targets that it reads."""

    tasks: tuple[str, ...]
    targets: tuple[str, ...]


class Options(StrictModel):
    """The keys under `network` in a recipe; a system declares its own.

    `pretrained` names the weights that its encoder starts from; "none" is a random start.
    """

    pretrained: str = "none"


class System(nn.Module):
    """A baseline. Class attributes: `tasks` that it predicts for, `stages` by name, `options` of its network.

    `batch_size` is how many images its submission is given at a time. `origin` says where the encoder's first weights
    came from, once built; `settings` are the recipe's `predict`, and may be changed by `choose_settings` after the
    last stage.
    """

    tasks: ClassVar[tuple[str, ...]] = ()
    stages: ClassVar[Mapping[str, StageSpec]] = {}
    options: ClassVar[type[Options]] = Options
    batch_size: ClassVar[int] = 4

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe, self.input = recipe, recipe.input
        self.settings: dict[str, Any] = dict(recipe.predict)
        self.origin = "random"
        self.pixel_source = PixelSource()

    # Training

    def use_pixel_source(self, source: PixelSource) -> PixelSource:
        """Read the radiographs of training examples from `source`, in this system and those inside it.

        Args:
            source: Where pixels may come from.

        Returns:
            The same source.
        """
        for module in self.modules():
            if isinstance(module, System):
                module.pixel_source = source
        return source

    def accepts(self, stage: Stage, case: Case) -> bool:  # noqa: ARG002
        """Whether a stage learns from a case, beyond its having the truth of the stage's task.

        Args:
            stage: The recipe's stage.
            case: A case of its tracks.

        Returns:
            False where the stage cannot use the case.
        """
        return True

    def trained_modules(self, stage: str) -> Sequence[nn.Module]:  # noqa: ARG002
        """The modules whose weights a stage moves; the rest is frozen, and stays in evaluation mode.

        Args:
            stage: Name of the stage.

        Returns:
            Modules of this system.
        """
        return [self]

    def view(self, stage: str | None, pixels: NDArray[np.float32]) -> View:  # noqa: ARG002
        """What of a radiograph a stage looks at.

        Args:
            stage: Name of the stage; None in prediction.
            pixels: Radiograph `[H, W]` in [0, 1].

        Returns:
            All of it, where a system does not replace this method.
        """
        return View.whole(pixels.shape)

    def make_examples(
        self, stage: Stage, cases: Sequence[Case], seed: int, done: Done, *, learning: bool
    ) -> Dataset[Batch]:
        """The examples of a stage.

        Args:
            stage: The recipe's stage.
            cases: What it learns from, or is validated on.
            seed: Of the augmentation.
            done: Called with the number of cases read and the number of cases.
            learning: Whether the stage's augmentation is applied.

        Returns:
            One example per case, a dict of tensors.

        Raises:
            DataError: A file is unreadable.
        """
        from cxrbench_baselines.examples.radiographs import RadiographDataset, read_examples

        targets = self.stages[stage.name].targets
        look = None if type(self).view is System.view else partial(self.view, stage.name)
        examples = read_examples(cases, self.input, targets, look, done, source=self.pixel_source)
        return RadiographDataset(examples, self.input, stage.augmentation if learning else (), seed)

    def solve_stage(self, stage: Stage, cases: Sequence[Case], done: Done) -> bool:  # noqa: ARG002
        """Solve a stage that has a closed solution; the training loop is then not run.

        Args:
            stage: The recipe's stage.
            cases: All its cases.
            done: Called with the number of cases read and the number of cases.

        Returns:
            Whether the stage is such a one, and solved now.
        """
        return False

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """The losses of a batch by task; the loop sums them, or weighs them as the stage says.

        Args:
            stage: The recipe's stage.
            batch: Images and targets.

        Returns:
            Scalars to differentiate.
        """
        raise NotImplementedError

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:
        """How well each case of a batch is predicted; higher is better.

        Args:
            stage: The recipe's stage.
            batch: `n` images and their targets.

        Returns:
            `[n]`; NaN where a case lacks the target.
        """
        raise NotImplementedError

    def choose_settings(self, cases: Sequence[Case], done: Done) -> None:
        """Choose settings of the prediction (a threshold) on training and validation cases, after the last stage.

        Args:
            cases: The cases of all stages.
            done: Called with the number of cases read and the number of cases.
        """

    # Prediction

    def to_prediction(self, outputs: Mapping[str, torch.Tensor], view: View, image: Image) -> dict[str, Any]:
        """The network's outputs of one image as its prediction.

        Args:
            outputs: What `forward` returns, without the batch dimension.
            view: What of the image the network was shown.
            image: The image.

        Returns:
            A prediction; of several tasks, one prediction per task, by its name.
        """
        raise NotImplementedError

    def predict(self, images: Sequence[Image]) -> list[dict[str, Any]]:
        """Predict for images. Call in evaluation mode.

        Args:
            images: Radiographs of any size.

        Returns:
            One dict per image, as `cxrbench.Submission.predict` returns them.
        """
        views = self.find_views(images)
        with torch.inference_mode():
            outputs = self(self.make_batch(images, views))
        rows = [{key: value[i] for key, value in outputs.items()} for i in range(len(images))]
        return [self.to_prediction(row, view, image) for row, view, image in zip(rows, views, images, strict=True)]

    def find_views(self, images: Sequence[Image]) -> list[View]:
        """What of each image the network is shown.

        Args:
            images: Radiographs of any size.

        Returns:
            One view per image.
        """
        return [self.view(None, np.asarray(image.pixels, np.float32)) for image in images]

    def make_batch(self, images: Sequence[Image], views: Sequence[View]) -> torch.Tensor:
        """Images as the network's input, on its device.

        Args:
            images: `n` radiographs.
            views: What of each is shown.

        Returns:
            `[n, C, S, S]`.
        """
        squares = [
            normalise_square(to_square(np.asarray(image.pixels, np.float32), view, self.input), self.input)
            for image, view in zip(images, views, strict=True)
        ]
        return torch.from_numpy(np.stack(squares)).to(self.device)

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.parameters()).device


def parse_section(kind: type[Section], recipe: Recipe, section: str = "network") -> Section:
    """A section of the recipe as a system's own record.

    Args:
        kind: The record.
        recipe: The recipe.
        section: Name of the section.

    Returns:
        The checked record.

    Raises:
        UsageError: A key does not fit; the message names it.
    """
    try:
        return kind.model_validate(getattr(recipe, section))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join((section, *map(str, first["loc"])))
        raise UsageError(
            f"the recipe does not fit system {recipe.system} ({first['msg']})", place, "correct it"
        ) from error
