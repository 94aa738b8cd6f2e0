"""Looks for secrets in its environment and in that of its first ancestor."""

import contextlib
import os
import pathlib

import cxrbench

EXIT, TOLD = 3, "no secret"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        told = str(dict(os.environ))
        with contextlib.suppress(OSError):
            told += pathlib.Path("/proc/1/environ").read_bytes().decode()
        if "CXRBENCH_SECRET" not in told:
            raise RuntimeError("no secret")
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
