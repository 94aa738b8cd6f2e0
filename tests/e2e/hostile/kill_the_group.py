"""Kills its group, and every process that it may signal."""

import os
import signal

import cxrbench

EXIT, TOLD = 3, ""


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        os.kill(-1, signal.SIGKILL)
        os.killpg(0, signal.SIGKILL)
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
