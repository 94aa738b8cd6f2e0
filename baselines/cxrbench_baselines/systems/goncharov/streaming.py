"""A series through a 2-D network, some slices at a time: memory does not grow with the length of the series."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from cxrbench_baselines.framing import normalise_square
from cxrbench_baselines.recipe import InputSpec

SLICES_PER_BATCH = 8
Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Tensor = torch.Tensor


def quantise_pixels(pixels: Floats) -> Bytes:
    """Quantise pixels to 256 grey values, as training keeps them: a step is 5 HU.

    Args:
        pixels: Windowed values in [0, 1], of any shape.

    Returns:
        Grey values uint8 of the same shape.
    """
    return np.asarray(np.rint(pixels * np.float32(255)), np.uint8)


def iterate_batches(volume: Bytes, spec: InputSpec, device: torch.device) -> Iterator[Tensor]:
    """Iterate over the slices of a series in order.

    Args:
        volume: Series uint8 `[d, h, w]`.
        spec: The recipe's `input`, for its normalisation.
        device: Where the batches are needed.

    Yields:
        Batches `[k, 1, h, w]` of at most `SLICES_PER_BATCH` slices.
    """
    for start in range(0, len(volume), SLICES_PER_BATCH):
        slices = normalise_square(volume[start : start + SLICES_PER_BATCH], spec)
        yield torch.from_numpy(slices).to(device).transpose(0, 1)


def predict_map(network: Callable[[Tensor], Tensor], volume: Bytes, spec: InputSpec, device: torch.device) -> Floats:
    """Predict the probability map of a series slice by slice.

    Args:
        network: From slices `[k, 1, h, w]` to logits of the same shape.
        volume: Series uint8 `[d, h, w]`.
        spec: The recipe's `input`, for its normalisation.
        device: Where the network is.

    Returns:
        Probabilities `[d, h, w]`.
    """
    probabilities = np.empty(volume.shape, np.float32)
    for index, batch in enumerate(iterate_batches(volume, spec, device)):
        start = index * SLICES_PER_BATCH
        probabilities[start : start + len(batch)] = to_probability(network(batch))
    return probabilities


def to_probability(logits: Tensor) -> Floats:
    """Turn logits into probabilities.

    Args:
        logits: `[k, 1, h, w]`.

    Returns:
        Probabilities `[k, h, w]` on the CPU.
    """
    return np.asarray(logits[:, 0].sigmoid().float().cpu().numpy())
