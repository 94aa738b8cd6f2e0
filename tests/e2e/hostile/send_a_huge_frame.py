"""Announces a frame of 10 GB."""

import os
import struct

import cxrbench

EXIT, TOLD = 3, "larger than allowed"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        payload = struct.pack("<IQ", 20, 10 << 30)
        for pipe in range(3, 64):
            try:
                os.write(pipe, payload)
            except OSError:
                continue
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
