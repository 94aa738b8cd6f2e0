"""Which device a submission is given."""

import importlib.util

from cxrbench.errors import UsageError

DEVICES = ("cpu", "cuda", "mps")


def choose_device(name: str) -> str:
    """Choose the device that a submission is given.

    Args:
        name: "auto", or the name of a device such as "cpu", "cuda", "cuda:1" or "mps".

    Returns:
        For "auto" the best device that torch sees ("cpu" without torch); any other known name unchanged.

    Raises:
        UsageError: If no device has this name.

    Example:
        >>> choose_device("cpu")
        'cpu'
    """
    if name == "auto":
        return _find_best_device()
    if name.split(":", maxsplit=1)[0] not in DEVICES:
        raise UsageError("no such device", name, f"known: auto, {', '.join(DEVICES)}")
    return name


def _find_best_device() -> str:
    if importlib.util.find_spec("torch") is None:
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
