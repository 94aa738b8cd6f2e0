"""Sends a frame when everything is over."""

import atexit
import contextlib
import json
import os
import struct

import cxrbench

EXIT, TOLD = 3, "after the end"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def setup(self, device):
        header = json.dumps({"kind": "predicted", "fields": {}, "arrays": []}).encode()
        frame = struct.pack("<IQ", len(header), 0) + header
        for pipe in range(3, 64):
            with contextlib.suppress(OSError):
                atexit.register(self.late, os.dup(pipe), frame)

    def late(self, pipe, frame):
        with contextlib.suppress(OSError):
            os.write(pipe, frame)

    def predict(self, images):
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
