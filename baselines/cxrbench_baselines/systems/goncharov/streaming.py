"""A series through a 2-D network, some slices at a time: memory is that of the slices, whatever the series' length."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from cxrbench_baselines.framing import normalised
from cxrbench_baselines.recipe import Input

AT_ONCE = 8
"""Slices a step."""
Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Tensor = torch.Tensor


def grey(pixels: Floats) -> Bytes:
    """Values in [0, 1] in 256 steps, as training keeps them: a step is 5 HU."""
    return np.asarray(np.rint(pixels * np.float32(255)), np.uint8)


def steps(volume: Bytes, given: Input, device: torch.device) -> Iterator[Tensor]:
    """The slices `[d, h, w]` in order, as batches `[k, 1, h, w]` of at most `AT_ONCE`."""
    for start in range(0, len(volume), AT_ONCE):
        yield torch.from_numpy(normalised(volume[start : start + AT_ONCE], given)).to(device).transpose(0, 1)


def mapped(network: Callable[[Tensor], Tensor], volume: Bytes, given: Input, device: torch.device) -> Floats:
    """The probability map `[d, h, w]` of a network with logits `[k, 1, h, w]`."""
    found = np.empty(volume.shape, np.float32)
    for index, batch in enumerate(steps(volume, given, device)):
        found[index * AT_ONCE : index * AT_ONCE + len(batch)] = probability(network(batch))
    return found


def probability(logits: Tensor) -> Floats:
    """Logits `[k, 1, h, w]` as probabilities `[k, h, w]`."""
    return np.asarray(logits[:, 0].sigmoid().float().cpu().numpy())
