"""Looks for the results of an earlier run in its own folder."""

import pathlib

import cxrbench

EXIT, TOLD = 3, "no results"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        if not list(pathlib.Path(__file__).parent.glob("results/*")):
            raise RuntimeError("no results")
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
