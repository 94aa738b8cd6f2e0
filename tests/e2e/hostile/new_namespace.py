"""Takes a user namespace of its own, and tries to make its read-only folder writable with the rights it has there."""

import ctypes
import pathlib

import cxrbench

EXIT, TOLD = 3, "refused"
NEW_USER, NEW_MOUNTS, BIND, REMOUNT = 0x10000000, 0x00020000, 0x1000, 0x20


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        library = ctypes.CDLL(None, use_errno=True)
        library.unshare(NEW_USER | NEW_MOUNTS)
        for place in (b"/submission", b"/usr", b"/"):
            library.mount(None, place, None, BIND | REMOUNT, None)
        for place in ("/submission/planted", "/usr/planted", "/planted"):
            try:
                pathlib.Path(place).write_text("x")
            except OSError:
                continue
            return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
        raise RuntimeError("refused")
