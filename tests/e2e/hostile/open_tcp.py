"""Opens a TCP connection to a listener of the machine."""

import pathlib
import socket

import cxrbench

EXIT, TOLD = 3, "refused"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        port = int(pathlib.Path(__file__).with_name("port.txt").read_text())
        try:
            socket.create_connection(("127.0.0.1", port), timeout=2)
        except OSError as error:
            raise RuntimeError("refused") from error
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
