"""Weight files: safetensors, named by their SHA-256, read with errors of one line."""

import hashlib
import json
from pathlib import Path

import torch
from cxrbench.errors import CxrbenchError
from cxrbench.registry import make_unknown_name_error
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn


def read_weights(file: Path) -> dict[str, torch.Tensor]:
    """Read a weight file.

    Args:
        file: A safetensors file.

    Returns:
        Tensors by name.

    Raises:
        CxrbenchError: The file is absent, cut short or no safetensors.
    """
    if not file.is_file():
        raise CxrbenchError("no such weight file", str(file), "make it with cxrbench train")
    try:
        return load_file(file)
    except (SafetensorError, ValueError) as error:
        what = " ".join(str(error).split())
        raise CxrbenchError(
            f"the weight file is corrupt ({what})", str(file), "make it again with cxrbench train"
        ) from error


def hash_file(file: Path) -> str:
    """The SHA-256 of a file.

    Args:
        file: Any file.

    Returns:
        64 hexadecimal digits.
    """
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_training_parts(file: Path) -> tuple[str, ...]:
    """The parts of datasets that weights were learnt from.

    Args:
        file: A weight file.

    Returns:
        What `training.json` in the same folder says; empty where there is none.
    """
    record = file.parent / "training.json"
    return tuple(json.loads(record.read_text("utf-8")).get("learnt_from", ())) if record.is_file() else ()


def load_weights(module: nn.Module, file: Path, part: str = "") -> None:
    """Load weights into a module, or into a submodule of it.

    Args:
        module: The network.
        file: Weights of the whole network or of the part alone.
        part: Name of the submodule; "" for the whole.

    Raises:
        UsageError: There is no such part.
        CxrbenchError: The file is absent, corrupt or of another architecture.
    """
    if part not in dict(module.named_modules()):
        raise make_unknown_name_error("part of the network", part, [name for name, _ in module.named_children()])
    target = module.get_submodule(part)
    weights = read_weights(file)
    prefix = f"{part}." if part and any(key.startswith(f"{part}.") for key in weights) else ""
    wanted = {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
    try:
        target.load_state_dict(wanted)
    except RuntimeError as error:
        what = "these weights are of another architecture"
        raise CxrbenchError(
            what, f"{file}: {str(error).splitlines()[1].strip()[:120]}", "give the recipe that made them"
        ) from error
