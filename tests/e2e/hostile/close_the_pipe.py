"""Closes every descriptor."""

import os

import cxrbench

EXIT, TOLD = 3, "ended early"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        os.closerange(3, 256)
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
