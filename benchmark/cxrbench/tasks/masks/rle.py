"""Masks as run lengths: how they are kept between a prediction and its scores, and stored in a table.

The text is `HxW:n n n ...` (`DxHxW:` for a volume): the lengths of the runs of equal pixels in row-major order (the
last axis runs fastest), beginning with background, so that a mask that begins with foreground has 0 first. This is
COCO's uncompressed run-length encoding but for the order of the axes, which is column-major there.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MAX_PIXELS = 1 << 30


def encode(mask: ArrayLike) -> Ints:
    """Run lengths of a mask (what is not 0 belongs to it), background first.

    >>> encode([[1, 1, 0], [0, 0, 1]]).tolist()
    [0, 2, 3, 1]
    """
    flat = np.asarray(mask).astype(bool).ravel()
    borders = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(borders, prepend=0, append=flat.size)
    return np.concatenate([[0], runs]) if flat[:1].any() else runs


def decode(runs: Ints, shape: tuple[int, ...]) -> Bools:
    """The mask; raises `ValueError` where the runs do not fill the shape."""
    check(runs, shape)
    inside = np.arange(len(runs)) % 2 == 1
    return np.repeat(inside, runs).reshape(shape)


def check(runs: Ints, shape: tuple[int, ...]) -> None:
    """Raise `ValueError` unless the runs are lengths that fill a shape of two or three axes, within `MAX_PIXELS`."""
    if len(shape) not in (2, 3) or min(shape) < 1 or np.prod(shape, dtype=np.float64) > MAX_PIXELS:
        raise ValueError(f"a mask must be [H, W] or [D, H, W], got shape {shape}")
    if runs.ndim != 1 or (runs < 0).any() or (runs > MAX_PIXELS).any() or runs.sum() != np.prod(shape):
        raise ValueError(f"the run lengths of a mask do not fill its shape {shape}")


def to_text(runs: Ints, shape: tuple[int, ...]) -> str:
    """Run lengths and shape as one string.

    >>> to_text(encode([[1, 1, 0], [0, 0, 1]]), (2, 3))
    '2x3:0 2 3 1'
    """
    return f"{'x'.join(map(str, shape))}:{' '.join(map(str, runs.tolist()))}"


def from_text(text: str) -> tuple[Ints, tuple[int, ...]]:
    """The inverse of `to_text`; raises `ValueError` for other text."""
    size, _, numbers = text.partition(":")
    try:
        shape = tuple(int(side) for side in size.split("x"))
        runs = np.array([int(number) for number in numbers.split()], np.int64)
    except (ValueError, OverflowError):
        raise ValueError(f"a mask's text is HxW:n n n ..., got {text[:40]!r}") from None
    check(runs, shape)
    return runs, shape
