"""Replaces json and numpy in its process."""

import json

import cxrbench
import numpy as np

EXIT, TOLD = 3, ""


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        json.dumps = lambda *_, **__: "{}"
        np.asarray = lambda *_, **__: None
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
