"""Sends a frame with a dtype that is not allowed."""

import json
import os
import struct

import cxrbench

EXIT, TOLD = 3, "malformed"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        header = {"kind": "predicted", "fields": {}, "arrays": [{"name": "a", "dtype": "object", "shape": [1]}]}
        encoded = json.dumps(header).encode()
        payload = struct.pack("<IQ", len(encoded), 0) + encoded
        for pipe in range(3, 64):
            try:
                os.write(pipe, payload)
            except OSError:
                continue
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
