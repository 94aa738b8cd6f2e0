"""Sends a frame whose header is no JSON."""

import os
import struct

import cxrbench

EXIT, TOLD = 3, "malformed"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        payload = struct.pack("<IQ", 4, 0) + b"abcd"
        for pipe in range(3, 64):
            try:
                os.write(pipe, payload)
            except OSError:
                continue
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
