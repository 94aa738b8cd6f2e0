"""Looks at other submissions beside its own folder."""

import pathlib

import cxrbench

EXIT, TOLD = 3, "nothing there"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        here = pathlib.Path(__file__).parent
        if not list(here.parent.glob("*/neighbour.txt")):
            raise RuntimeError("nothing there")
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
