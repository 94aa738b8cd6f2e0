"""Predicts by the order in which the images come: it runs, and `reproduce` finds that it cannot be repeated.

With a few levels two orders had the same error by chance once in 150 runs; multiples of the golden ratio have not.
"""

import cxrbench

EXIT, TOLD = 0, ""


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)
    seen = 0

    def predict(self, images):
        self.seen += len(images)
        return [{"brixia": [self.seen * 0.6180339887 % 1 * 3] * 6} for _ in images]
