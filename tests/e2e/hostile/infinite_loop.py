"""Never returns, and burns a core."""

import cxrbench

EXIT, TOLD = 5, "time limit"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        while True:
            pass
