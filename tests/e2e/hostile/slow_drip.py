"""Answers one byte at a time."""

import os
import time

import cxrbench

EXIT, TOLD = (3, 5), ""


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        while True:
            for pipe in range(3, 64):
                try:
                    os.write(pipe, b"\0")
                except OSError:
                    continue
                time.sleep(1)
