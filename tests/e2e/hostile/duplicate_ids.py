"""Answers twice for one image in one frame."""

import json
import os
import struct

import cxrbench
import numpy as np

EXIT, TOLD = 3, "do not fit"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        one = {"name": f"{images[0].id}/brixia", "dtype": "float64", "shape": [6]}
        header = json.dumps({"kind": "predicted", "fields": {"request": 2}, "arrays": [one, one]}).encode()
        body = np.ones(12).tobytes()
        for pipe in range(3, 64):
            try:
                os.write(pipe, struct.pack("<IQ", len(header), len(body)) + header + body)
            except OSError:
                continue
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
