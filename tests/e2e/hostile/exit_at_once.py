"""Leaves without a word."""

import os

import cxrbench

EXIT, TOLD = 3, "exit code 7"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        os._exit(7)
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
