"""Out of memory as one line that says which batch would fit."""

from typing import Any

import torch
from cxrbench.errors import CxrbenchError
from torch.utils.data import DataLoader

from cxrbench_baselines.training.module import StageModule


class TooLargeError(CxrbenchError):
    """A batch that the device cannot hold."""


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error means that memory ran out.

    Args:
        error: Torch has a class for the GPU's memory, and only words for the CPU's.

    Returns:
        True where memory ran out.

    Example:
        >>> is_out_of_memory(MemoryError()), is_out_of_memory(ValueError("no such file"))
        (True, False)
    """
    words = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in words


def make_memory_error(training: StageModule, examples: Any) -> TooLargeError:
    """The error for a batch that does not fit, with the largest of its halves that does.

    Args:
        training: The stage that ran out of memory.
        examples: Its training examples; the first of them are tried.

    Returns:
        The error, which is not raised here.
    """
    size = training.stage.batch // 2
    while size and not _fits_in_memory(training, examples, size):
        size //= 2
    fix = f"batch {size} fits" if size else "not even one case fits: make input.size smaller"
    return TooLargeError(f"out of memory with batch {training.stage.batch}", f"stage {training.stage.name}", fix)


def _fits_in_memory(training: StageModule, examples: Any, size: int) -> bool:
    """Whether one step of this batch size passes."""
    batch = next(iter(DataLoader(examples, size)))
    try:
        loss = training.compute_loss({key: value.to(training.system.device) for key, value in batch.items()})
        torch.autograd.backward(loss)
    except Exception as error:
        if is_out_of_memory(error):
            return False
        raise
    finally:
        training.zero_grad(set_to_none=True)
    return True
