"""The submission of a trained baseline: a folder with its recipe and weights, and four lines of `submission.py`.

Every baseline goes into the scorer by this door, which is the one that strangers use.
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
        """Build the recipe's system with its weights; raises `CxrbenchError` where they are absent or wrong."""
        from cxrbench_baselines.saved import load_system

        folder = Path(sys.modules[type(self).__module__].__file__ or ".").parent
        self.system: System = load_system(folder).to(device)

    def module(self) -> object:
        """The system, for its parameters and multiply-accumulates to be counted."""
        return self.system

    def predict(self, images: list[Image]) -> list[dict[str, Any]]:
        """What the system says of each image."""
        found = self.system.predict(images)
        return [{key: value for key, value in one.items() if not key.startswith("_")} for one in found]
