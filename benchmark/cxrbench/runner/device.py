"""Which device a submission is given."""

import importlib.util

from cxrbench.errors import UsageError

DEVICES = ("cpu", "cuda", "mps")


def chosen_device(name: str) -> str:
    """`auto` to the best device that torch sees (cpu without torch); another name as it is, if it exists."""
    if name == "auto":
        return _best()
    if name.split(":", maxsplit=1)[0] not in DEVICES:
        raise UsageError("no such device", name, f"known: auto, {', '.join(DEVICES)}")
    return name


def _best() -> str:
    if importlib.util.find_spec("torch") is None:
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
