"""Leaves threads that never end, then predicts as it should."""

import threading
import time

import cxrbench

EXIT, TOLD = 0, ""


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        threading.Thread(target=time.sleep, args=(10_000,)).start()
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
