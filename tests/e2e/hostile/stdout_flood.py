"""Prints without end."""

import cxrbench

EXIT, TOLD = (3, 5), ""


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        while True:
            print("x" * 1_000_000)
