"""Predicted masks: checked, encoded as run lengths, written to and read from a table."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.tasks import Arrays, Row
from cxrbench.tasks.masks import rle
from cxrbench.tasks.masks.mask_files import read_mask_file
from cxrbench.tasks.scalars import check_keys

Bools = NDArray[np.bool_]


def check_mask(prediction: Arrays, shape: tuple[int, ...] | None = None) -> Arrays:
    """Check a predicted mask and encode it as run lengths.

    Args:
        prediction: `mask`, `[H, W]` or `[D, H, W]` of booleans or of integers, where every label but 0 belongs to the
            mask; or `runs` and `shape` as this function returns them.
        shape: The shape of the image, where known.

    Returns:
        The mask as run lengths: `runs` `[k]` and `shape`.

    Raises:
        ValueError: With the rule that the mask breaks.
    """
    if set(prediction) != {"runs", "shape"}:
        check_keys({"mask"}, prediction)
        return check_mask(_encode_mask(np.asarray(prediction["mask"])), shape)
    runs = np.asarray(prediction["runs"], np.int64)
    size = tuple(int(side) for side in np.asarray(prediction["shape"]).ravel())
    rle.check_runs(runs, size)
    if shape is not None and size != shape:
        raise ValueError(f"mask has shape {size}, the image {shape}")
    return {"runs": runs, "shape": np.array(size)}


def _encode_mask(mask: NDArray[np.generic]) -> Arrays:
    if mask.dtype.kind not in "biu":
        raise ValueError(f"mask must be boolean or integer, got {mask.dtype}: cut a probability map at a threshold")
    if mask.dtype.kind == "i" and mask.size and mask.min() < 0:
        raise ValueError("the labels of a mask must be at least 0")
    return {"runs": rle.encode_mask(mask), "shape": np.array(mask.shape)}


def make_mask_row(prediction: Arrays) -> Row:
    """Write the mask of a checked prediction as a column of a table.

    Args:
        prediction: A checked prediction with `runs` and `shape`.

    Returns:
        Column `rle`: the run lengths as text (see `cxrbench.tasks.masks.rle`).
    """
    return {"rle": rle.format_runs(np.asarray(prediction["runs"], np.int64), read_shape(prediction))}


def read_mask_row(row: Mapping[str, object]) -> Arrays:
    """Read a mask from a column of a table.

    Args:
        row: Column `rle`, or `mask`: the path of a PNG or NIfTI file.

    Returns:
        The mask as run lengths: `runs` `[k]` and `shape`.

    Raises:
        ValueError: For other columns or text that is no mask.
    """
    if set(row) == {"mask"}:
        if not isinstance(row["mask"], str):
            raise ValueError("the path in column mask is missing")
        return check_mask({"mask": read_mask_file(Path(str(row["mask"])))})
    check_keys({"rle"}, row, "column")
    runs, shape = rle.parse_runs(str(row["rle"]))
    return {"runs": runs, "shape": np.array(shape)}


def decode_prediction(prediction: Arrays) -> Bools:
    """Decode the mask of a checked prediction.

    Args:
        prediction: A checked prediction with `runs` and `shape`.

    Returns:
        The mask, `[H, W]` or `[D, H, W]`.
    """
    return rle.decode_mask(np.asarray(prediction["runs"], np.int64), read_shape(prediction))


def read_shape(prediction: Arrays) -> tuple[int, ...]:
    """Read the shape of the mask of a checked prediction without decoding it.

    Args:
        prediction: A checked prediction with `runs` and `shape`.

    Returns:
        Its size along each axis.
    """
    return tuple(np.asarray(prediction["shape"]).tolist())
