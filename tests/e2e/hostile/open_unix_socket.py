"""Connects to a Unix socket of the machine, by name and by abstract name."""

import socket

import cxrbench

EXIT, TOLD = 3, "none answered"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        for name in ("/var/run/docker.sock", "/run/dbus/system_bus_socket", "\0cxrbench-listener"):
            try:
                socket.socket(socket.AF_UNIX).connect(name)
                break
            except OSError:
                continue
        else:
            raise RuntimeError("none answered")
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
