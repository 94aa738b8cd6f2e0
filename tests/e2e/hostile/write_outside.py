"""Writes outside its scratch folder."""

import pathlib

import cxrbench

EXIT, TOLD = 3, "refused everywhere"


class Hostile(cxrbench.Submission):
    name = "hostile"
    tasks = ("brixia-severity",)

    def predict(self, images):
        wrote = []
        for place in (
            "/",
            "/usr",
            "/submission",
            "/dev",
            "/etc",
            "/srv",
            "/root",
            pathlib.Path(cxrbench.__file__).parent,
        ):
            try:
                pathlib.Path(place, "planted").write_text("x")
                wrote.append(place)
            except OSError:
                continue
        if not wrote:
            raise RuntimeError("refused everywhere")
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
