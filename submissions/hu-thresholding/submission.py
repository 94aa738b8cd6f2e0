"""HU thresholding inside the lungs (Goncharov et al. 2020): no weights, four numbers found by `train.py`."""

import json
from pathlib import Path

import cxrbench
from cxrbench_baselines.ct.prepare import prepare
from cxrbench_baselines.ct.severity import affected_fraction
from cxrbench_baselines.ct.thresholding import Parameters, threshold

PARAMETERS = Path(__file__).with_name("parameters.json")


class HuThresholding(cxrbench.Submission):
    """Lungs by the classical extractor; the affected share of the worse lung is the severity, and the probability."""

    name = "hu-thresholding"
    title = "HU thresholding (Goncharov et al. 2020)"
    authors = "The cxrbench developers"
    tasks = ("ct-triage",)
    trained_on = ("phantom-ct/train",)

    def setup(self, device: str) -> None:
        """Read the four numbers."""
        self.parameters = Parameters(**json.loads(PARAMETERS.read_text("utf-8"))["parameters"])

    def predict(self, images: list[cxrbench.Image]) -> list[dict]:
        """Covid by share, affected fraction and lesion mask of each series."""
        return [self.read(image) for image in images]

    def read(self, image: cxrbench.Image) -> dict:
        """One series; `DataError` where it has no lungs."""
        series = prepare(image, where=f"image {image.id}")
        lesions = threshold(series, self.parameters)
        share = affected_fraction(lesions, series.lungs)["larger"]
        return {"covid": share, "affected_fraction": share, "mask": series.restored(lesions)}
