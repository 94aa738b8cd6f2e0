"""Tries to get its rights back in a user namespace, and to mount."""

import ctypes

import cxrbench

EXIT, TOLD = 3, "refused"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        library = ctypes.CDLL(None, use_errno=True)
        library.unshare(0x10000000 | 0x00020000)
        if library.mount(b"none", b"/usr", b"tmpfs", 0, None) != 0:
            raise RuntimeError("refused")
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
