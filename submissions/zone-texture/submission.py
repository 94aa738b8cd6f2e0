"""A classical reading: ridge regression from the brightness and texture of six boxes over the lungs."""

from pathlib import Path

import cxrbench
import numpy as np
from features import zone_features

WEIGHTS = Path(__file__).with_name("weights.npz")


class ZoneTexture(cxrbench.Submission):
    """One linear model a zone, on the features of all six boxes."""

    name = "zone-texture"
    title = "Zone intensity and texture, ridge regression"
    authors = "The cxrbench developers"
    tasks = ("brixia-severity",)
    trained_on = ("brixia-cohen/train",)

    def setup(self, device: str) -> None:
        """Read the coefficients `[6, k]`, the intercepts `[6]` and the features' mean and scale `[k]`."""
        self.weights = np.load(WEIGHTS, allow_pickle=False)

    def predict(self, images: list[cxrbench.Image]) -> list[dict]:
        """Six scores an image, clipped to the scale."""
        return [{"brixia": self.scores(image.pixels)} for image in images]

    def scores(self, pixels: np.ndarray) -> np.ndarray:
        """Scores `[6]` of one radiograph."""
        w = self.weights
        features = (zone_features(pixels).ravel() - w["mean"]) / w["scale"]
        return np.clip(w["coefficients"] @ features + w["intercepts"], 0, 3)
