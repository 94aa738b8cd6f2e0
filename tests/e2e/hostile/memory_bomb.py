"""Takes memory without end."""

import cxrbench

EXIT, TOLD = 5, "memory limit"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        held = []
        while True:
            held.append(bytearray(b"x") * (32 << 20))
