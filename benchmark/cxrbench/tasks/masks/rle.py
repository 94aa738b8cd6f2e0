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


def encode_mask(mask: ArrayLike) -> Ints:
    """Encode a mask as run lengths.

    Args:
        mask: A mask of any type, `[H, W]` or `[D, H, W]`; what is not 0 belongs to it.

    Returns:
        Run lengths `[k]`, background first.

    Example:
        >>> encode_mask([[1, 1, 0], [0, 0, 1]]).tolist()
        [0, 2, 3, 1]
    """
    flat = np.asarray(mask).astype(bool).ravel()
    borders = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(borders, prepend=0, append=flat.size)
    return np.concatenate([[0], runs]) if flat[:1].any() else runs


def decode_mask(runs: Ints, shape: tuple[int, ...]) -> Bools:
    """Decode a mask from run lengths.

    Args:
        runs: Run lengths `[k]`, background first.
        shape: The size of the mask along each axis.

    Returns:
        The mask, `[H, W]` or `[D, H, W]`.

    Raises:
        ValueError: Where the runs do not fill the shape.

    Example:
        >>> decode_mask(np.array([0, 2, 3, 1]), (2, 3)).astype(int).tolist()
        [[1, 1, 0], [0, 0, 1]]
    """
    check_runs(runs, shape)
    inside = np.arange(len(runs)) % 2 == 1
    return np.repeat(inside, runs).reshape(shape)


def check_runs(runs: Ints, shape: tuple[int, ...]) -> None:
    """Check that run lengths fill a shape of two or three axes, within `MAX_PIXELS`.

    Args:
        runs: Run lengths `[k]`.
        shape: The size of the mask along each axis.

    Raises:
        ValueError: Where they do not.
    """
    if len(shape) not in (2, 3) or min(shape) < 1 or np.prod(shape, dtype=np.float64) > MAX_PIXELS:
        raise ValueError(f"a mask must be [H, W] or [D, H, W], got shape {shape}")
    if runs.ndim != 1 or (runs < 0).any() or (runs > MAX_PIXELS).any() or runs.sum() != np.prod(shape):
        raise ValueError(f"the run lengths of a mask do not fill its shape {shape}")


def format_runs(runs: Ints, shape: tuple[int, ...]) -> str:
    """Format run lengths and shape as text.

    Args:
        runs: Run lengths `[k]`.
        shape: The size of the mask along each axis.

    Returns:
        Text such as `2x3:0 2 3 1`.

    Example:
        >>> format_runs(encode_mask([[1, 1, 0], [0, 0, 1]]), (2, 3))
        '2x3:0 2 3 1'
    """
    return f"{'x'.join(map(str, shape))}:{' '.join(map(str, runs.tolist()))}"


def parse_runs(text: str) -> tuple[Ints, tuple[int, ...]]:
    """Parse run lengths and shape from text, the inverse of `format_runs`.

    Args:
        text: Text such as `2x3:0 2 3 1`.

    Returns:
        Run lengths `[k]` and the size of the mask along each axis.

    Raises:
        ValueError: For other text.

    Example:
        >>> runs, shape = parse_runs("2x3:0 2 3 1")
        >>> runs.tolist(), shape
        ([0, 2, 3, 1], (2, 3))
    """
    size, _, numbers = text.partition(":")
    try:
        shape = tuple(int(side) for side in size.split("x"))
        runs = np.array([int(number) for number in numbers.split()], np.int64)
    except (ValueError, OverflowError):
        raise ValueError(f"a mask's text is HxW:n n n ..., got {text[:40]!r}") from None
    check_runs(runs, shape)
    return runs, shape
