"""Writes one file larger than allowed."""

import pathlib

import cxrbench

EXIT, TOLD = 3, "File too large"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        with pathlib.Path("/scratch/one").open("wb") as out:
            while True:
                out.write(bytes(64 << 20))
