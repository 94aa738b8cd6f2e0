"""Kills itself."""

import os
import signal

import cxrbench

EXIT, TOLD = 3, "SIGKILL"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        os.kill(os.getpid(), signal.SIGKILL)
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
