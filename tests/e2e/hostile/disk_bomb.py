"""Fills its scratch folder with many files."""

import pathlib

import cxrbench

EXIT, TOLD = 3, "No space left"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        for number in range(10_000):
            pathlib.Path(f"/scratch/{number}").write_bytes(bytes(64 << 20))
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
