"""Sends bytes that are no frame."""

import os

import cxrbench

EXIT, TOLD = 3, ""


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        payload = os.urandom(4096)
        for pipe in range(3, 64):
            try:
                os.write(pipe, payload)
            except OSError:
                continue
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
