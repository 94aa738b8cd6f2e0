"""Predicts a NaN."""

import cxrbench

EXIT, TOLD = 3, "finite"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        return [{"brixia": [1, 1, float("nan"), 1, 1, 1]} for _ in images]
