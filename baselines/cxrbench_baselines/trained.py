"""The submission of a trained baseline: a folder with its recipe and weights, and four lines of `submission.py`.

Every baseline is evaluated through this class, like the submission of anybody else.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cxrbench
from cxrbench.case import Image

if TYPE_CHECKING:
    from cxrbench_baselines.system import System


class Trained(cxrbench.Submission):
    """Derive from this in a folder that holds `recipe.yaml` and `weights.safetensors`."""

    batch_size = 4

    def setup(self, device: str) -> None:
        """Build the recipe's system with its weights.

        Args:
            device: Where it runs, as torch names it.

        Raises:
            CxrbenchError: The weights are absent or wrong.
        """
        from cxrbench_baselines.saved import load_system

        folder = Path(sys.modules[type(self).__module__].__file__ or ".").parent
        self.system: System = load_system(folder).to(device)

    def module(self) -> object:
        """The system, for its parameters and multiply-accumulates to be counted."""
        return self.system

    def predict(self, images: list[Image]) -> list[dict[str, Any]]:
        """The system's predictions for the task that is evaluated; keys with an underscore are its own and left out.

        Args:
            images: Radiographs or CT series.

        Returns:
            One dict per image.
        """
        predictions = [row.get(self.task, row) for row in self.system.predict(images)]
        return [{key: value for key, value in row.items() if not key.startswith("_")} for row in predictions]
