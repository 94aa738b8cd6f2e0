"""Raises what no `except Exception` catches."""

import cxrbench

EXIT, TOLD = 3, "ended early"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        raise SystemExit(0)
