"""Returns an array far larger than a prediction."""

import cxrbench
import numpy as np

EXIT, TOLD = 3, "larger than allowed"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        return [{"brixia": np.zeros(1 << 26)} for _ in images]
