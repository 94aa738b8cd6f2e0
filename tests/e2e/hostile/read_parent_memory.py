"""Looks for a process that is not its own."""

import os
import pathlib

import cxrbench

EXIT, TOLD = 3, "alone"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        seen = [(entry / "cmdline").read_bytes() for entry in pathlib.Path("/proc").glob("[0-9]*")]
        others = [line for line in seen if b"cxrbench.runner.isolation.worker" not in line]
        if not others:
            raise RuntimeError(f"alone, child of {os.getppid()}")
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
