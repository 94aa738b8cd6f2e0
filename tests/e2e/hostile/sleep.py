"""Never returns, and waits."""

import time

import cxrbench

EXIT, TOLD = 5, "time limit"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        time.sleep(10_000)
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
