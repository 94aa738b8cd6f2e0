"""Predicts by the order in which the images come: it runs, and `reproduce` finds that it cannot be repeated."""

import cxrbench

EXIT, TOLD = 0, ""


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)
    seen = 0

    def predict(self, images):
        self.seen += len(images)
        return [{"brixia": [self.seen % 7 / 3] * 6} for _ in images]
