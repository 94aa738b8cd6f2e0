"""Never gets imported."""

import time

import cxrbench

EXIT, TOLD = 5, "time limit"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    time.sleep(10_000)
