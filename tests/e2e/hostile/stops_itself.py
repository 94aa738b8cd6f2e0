"""Stops itself, so that nothing answers."""

import os
import signal

import cxrbench

EXIT, TOLD = 5, "time limit"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        os.kill(os.getpid(), signal.SIGSTOP)
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
