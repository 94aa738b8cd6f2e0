"""Out of memory as one line that says which batch would fit."""

from typing import Any

import torch
from cxrbench.errors import CxrbenchError
from torch.utils.data import DataLoader

from cxrbench_baselines.training.module import Training


class TooLargeError(CxrbenchError):
    """A batch that the device cannot hold."""


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error means that memory ran out: torch has a class for the GPU's, and only words for the CPU's."""
    words = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in words


def too_much(training: Training, examples: Any) -> TooLargeError:
    """The error for a batch that does not fit, with the largest of its halves that does."""
    size = training.stage.batch // 2
    while size and not _fits(training, examples, size):
        size //= 2
    fix = f"batch {size} fits" if size else "not even one case fits: make input.size smaller"
    return TooLargeError(f"out of memory with batch {training.stage.batch}", f"stage {training.stage.name}", fix)


def _fits(training: Training, examples: Any, size: int) -> bool:
    """Whether one step of this batch size passes."""
    batch = next(iter(DataLoader(examples, size)))
    try:
        loss = training.loss_of({key: value.to(training.system.device) for key, value in batch.items()})
        torch.autograd.backward(loss)
    except Exception as error:
        if is_out_of_memory(error):
            return False
        raise
    finally:
        training.zero_grad(set_to_none=True)
    return True
