"""Sends a second answer for every question."""

import json
import os
import struct

import cxrbench

EXIT, TOLD = 3, ""


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        header = json.dumps({"kind": "predicted", "fields": {"request": 1}, "arrays": []}).encode()
        frame = struct.pack("<IQ", len(header), 0) + header
        for pipe in range(3, 64):
            try:
                os.write(pipe, frame)
            except OSError:
                continue
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
