"""Takes memory in many processes, each below the limit."""

import os
import time

import cxrbench

EXIT, TOLD = 5, "memory limit"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        for _ in range(12):
            if os.fork() == 0:
                held = bytearray(b"x") * (120 << 20)
                time.sleep(60)
                os._exit(len(held) % 2)
        time.sleep(60)
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
