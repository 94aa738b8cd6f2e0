"""ResNet-18 all-in-one: the whole radiograph in, six zone scores out; no lung mask, no alignment.

The weights (45 MB) are not in the repository: README.md tells the one command that makes them.
"""

from pathlib import Path

import cxrbench
import numpy as np

WEIGHTS = Path(__file__).with_name("weights.safetensors")


class ResNet18(cxrbench.Submission):
    """The baseline that Signoroni et al. 2020 (section 6.3) compare with; its head and loss are ours."""

    name = "resnet18"
    title = "ResNet-18 all-in-one, from scratch"
    authors = "The cxrbench developers"
    tasks = ("brixia-severity",)
    trained_on = ("brixia-cohen/train",)

    def setup(self, device: str) -> None:
        """Load the weights; needs the extra `baselines`."""
        import torch
        from network import network
        from safetensors.torch import load_file

        if not WEIGHTS.exists():
            raise FileNotFoundError("weights.safetensors is absent: make it with `make resnet18` (needs the data)")
        self.device = torch.device(device)
        self.model = network()
        self.model.load_state_dict(load_file(WEIGHTS))
        self.model.eval().to(self.device)

    def module(self):
        """The network, for its parameters and multiply-accumulates to be counted."""
        return self.model

    def predict(self, images: list[cxrbench.Image]) -> list[dict]:
        """The mean of the scores of the image and of its mirror image with the lungs exchanged back."""
        import torch
        from network import prepared, scores

        batch = torch.from_numpy(np.stack([prepared(image.pixels) for image in images]))[:, None].to(self.device)
        with torch.inference_mode():
            straight = scores(self.model, batch)
            mirrored = scores(self.model, batch.flip(-1)).roll(3, dims=1)
        return [{"brixia": row} for row in ((straight + mirrored) / 2).cpu().numpy()]
