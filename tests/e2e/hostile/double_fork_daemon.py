"""Leaves a daemon in a session of its own, then predicts as it should."""

import os
import time

import cxrbench

EXIT, TOLD = 0, ""


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(10_000)
            os._exit(0)
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
