"""Starts threads without end."""

import threading
import time

import cxrbench

EXIT, TOLD = (3, 5), ""


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        while True:
            threading.Thread(target=time.sleep, args=(60,)).start()
