"""Weight files: safetensors, named by their SHA-256, read with errors of one line."""

import hashlib
from pathlib import Path

import torch
from cxrbench.errors import CxrbenchError
from cxrbench.registry import unknown
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn


def read_weights(file: Path) -> dict[str, torch.Tensor]:
    """Tensors by name. Raises `CxrbenchError` for a file that is absent, cut short or no safetensors."""
    if not file.is_file():
        raise CxrbenchError("no such weight file", str(file), "make it with cxrbench train")
    try:
        return load_file(file)
    except (SafetensorError, ValueError) as error:
        what = " ".join(str(error).split())
        raise CxrbenchError(
            f"the weight file is corrupt ({what})", str(file), "make it again with cxrbench train"
        ) from error


def sha256(file: Path) -> str:
    """The file's hash in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _part(module: nn.Module, name: str) -> nn.Module:
    try:
        return module.get_submodule(name)
    except AttributeError:
        raise unknown("part of this network", name, [own for own, _ in module.named_children()]) from None


def take(module: nn.Module, file: Path, part: str = "") -> None:
    """Load weights into a module, or into its submodule `part`.

    Raises `CxrbenchError` in one line for a file that is absent, corrupt or of another architecture, and for a part
    that the network does not have.
    """
    target = _part(module, part)
    given = read_weights(file)
    prefix = f"{part}." if part and any(key.startswith(f"{part}.") for key in given) else ""
    wanted = {key.removeprefix(prefix): value for key, value in given.items() if key.startswith(prefix)}
    try:
        target.load_state_dict(wanted)
    except RuntimeError as error:
        what = "these weights are of another architecture"
        raise CxrbenchError(
            what, f"{file}: {str(error).splitlines()[1].strip()[:120]}", "give the recipe that made them"
        ) from error
