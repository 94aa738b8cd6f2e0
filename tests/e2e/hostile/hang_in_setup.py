"""Never gets ready."""

import time

import cxrbench

EXIT, TOLD = 5, "time limit"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def setup(self, device):
        time.sleep(10_000)
