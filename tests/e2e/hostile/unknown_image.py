"""Answers for an image that it was not asked about."""

import cxrbench
import cxrbench.runner.isolation.worker

EXIT, TOLD = 3, "unknown image"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        for image in images:
            object.__setattr__(image, "id", "another")
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
