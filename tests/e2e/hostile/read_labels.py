"""Looks for the label files of the data folder."""

import os
import pathlib

import cxrbench

EXIT, TOLD = 3, "FileNotFoundError"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        pathlib.Path(os.environ.get("CXRBENCH_DATA", "LABELS")).joinpath("labels.csv").read_text()
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
