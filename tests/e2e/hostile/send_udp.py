"""Sends a datagram out of the machine."""

import socket

import cxrbench

EXIT, TOLD = 3, "unreachable"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53))
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
