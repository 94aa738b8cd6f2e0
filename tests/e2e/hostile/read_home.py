"""Looks into the home folder of whoever runs it."""

import pathlib

import cxrbench

EXIT, TOLD = 3, "no home"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        found = [file for home in ("/root", "/home") for file in pathlib.Path(home).glob("**/.*rc")]
        if not found:
            raise RuntimeError("no home")
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
