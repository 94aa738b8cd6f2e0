"""Forks without end."""

import os
import time

import cxrbench

EXIT, TOLD = (3, 5), ""


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        while True:
            if os.fork() == 0:
                time.sleep(60)
