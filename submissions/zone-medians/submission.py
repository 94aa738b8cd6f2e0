"""The floor: each zone's median score in the training part, whatever the image shows."""

import json
from pathlib import Path

import cxrbench

WEIGHTS = Path(__file__).with_name("medians.json")


class ZoneMedians(cxrbench.Submission):
    """Six constants; a submission that does not beat them has learned nothing."""

    name = "zone-medians"
    title = "Zone medians of the training part (floor)"
    authors = "The cxrbench developers"
    tasks = ("brixia-severity",)
    trained_on = ("brixia-cohen/train",)
    batch_size = 16

    def setup(self, device: str) -> None:
        """Read the six medians."""
        self.medians = json.loads(WEIGHTS.read_text("utf-8"))

    def predict(self, images: list[cxrbench.Image]) -> list[dict]:
        """The same six numbers for every image."""
        return [{"brixia": [float(self.medians[zone]) for zone in "ABCDEF"]} for _ in images]
