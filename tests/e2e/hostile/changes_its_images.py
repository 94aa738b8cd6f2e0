"""Writes into the shared images."""

import cxrbench

EXIT, TOLD = 3, "read-only"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        images[0].pixels[:] = 0
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
