"""Ignores every signal that it may, and never returns."""

import signal
import time

import cxrbench

EXIT, TOLD = 5, "time limit"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        time.sleep(10_000)
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
