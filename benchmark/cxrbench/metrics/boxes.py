"""Boxes of many images in columns: one array of all boxes and the offset at which each image begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes of n images in columns.

    Attributes:
        xywh: All boxes `[boxes, 4]` as x, y, width, height (area width x height, no added pixel).
        offsets: The boxes of image i are rows `offsets[i]` up to `offsets[i + 1]`, `[n + 1]`.
        confidence: Confidence of each box `[boxes]`, all 1 where there is none.
    """

    xywh: Floats
    offsets: Ints
    confidence: Floats

    @property
    def counts(self) -> Ints:
        """Number of boxes of each image, `[n]`."""
        return np.diff(self.offsets)

    def sort_by_confidence(self) -> "Boxes":
        """The same boxes with those of each image in falling confidence; ties keep their order."""
        image = np.repeat(np.arange(len(self.counts)), self.counts)
        order = np.lexsort((-self.confidence, image))
        return Boxes(self.xywh[order], self.offsets, self.confidence[order])


def pack_boxes(boxes: Sequence[ArrayLike], confidence: Sequence[ArrayLike] | None = None) -> Boxes:
    """Pack the boxes of n images in columns.

    Args:
        boxes: The boxes of each image `[k, 4]` (x, y, width, height), n of them.
        confidence: The confidence of each box, `[k]` per image; None where there is none.

    Returns:
        The boxes in columns.

    Raises:
        ValueError: For boxes that are not rows of four finite numbers, a negative width or height, or another number
            of confidences than boxes.

    Example:
        >>> pack_boxes([[[0, 0, 10, 10]], []]).counts.tolist()
        [1, 0]
    """
    counts = np.fromiter(map(len, boxes), np.intp, len(boxes))  # type: ignore[arg-type]
    xywh = _stack_rows(boxes, int(counts.sum()))
    scores = np.ones(len(xywh)) if confidence is None else _join_confidences(confidence, counts)
    if not np.isfinite(xywh).all() or not np.isfinite(scores).all():
        raise ValueError("boxes and confidences must be finite")
    if (xywh[:, 2:] < 0).any():
        raise ValueError("a box's width and height must be at least 0")
    return Boxes(xywh, np.concatenate([[0], np.cumsum(counts)]), scores)


def _stack_rows(boxes: Sequence[ArrayLike], total: int) -> Floats:
    filled = [rows for rows in boxes if len(rows)]  # type: ignore[arg-type]
    arrays = all(isinstance(rows, np.ndarray) and rows.ndim == 2 for rows in filled)
    flat = np.concatenate(filled) if filled and arrays else np.array(list(chain.from_iterable(filled)))  # type: ignore[arg-type]
    if total and flat.shape != (total, 4):
        raise ValueError("boxes must be rows of x, y, width, height")
    return flat.reshape(total, 4).astype(np.float64)


def _join_confidences(confidence: Sequence[ArrayLike], counts: Ints) -> Floats:
    sizes = np.fromiter(map(len, confidence), np.intp, len(confidence))  # type: ignore[arg-type]
    if not np.array_equal(sizes, counts):
        raise ValueError("every box needs one confidence")
    return np.fromiter(chain.from_iterable(confidence), np.float64, int(counts.sum()))  # type: ignore[arg-type]


def box_iou(left: Floats, right: Floats) -> Floats:
    """Compute the intersection over union of boxes.

    Args:
        left: Boxes `[..., 4]` (x, y, width, height).
        right: Boxes `[..., 4]`; the leading axes are broadcast.

    Returns:
        The IoU `[...]`, in [0, 1]; 0 where the union has no area.

    Example:
        >>> float(box_iou(np.array([0.0, 0, 2, 2]), np.array([1.0, 0, 2, 2])))
        0.3333333333333333
    """
    near = np.maximum(left[..., :2], right[..., :2])
    far = np.minimum(left[..., :2] + left[..., 2:], right[..., :2] + right[..., 2:])
    sides = np.maximum(far - near, 0)
    both = sides[..., 0] * sides[..., 1]
    union = left[..., 2] * left[..., 3] + right[..., 2] * right[..., 3] - both
    return np.asarray(both / np.where(union > 0, union, 1.0))


def select_boxes(boxes: Boxes, rows: Ints) -> Boxes:
    """Keep some boxes of each image.

    Args:
        boxes: Boxes of n images.
        rows: The rows to keep, in any order; repeated rows count once.

    Returns:
        The kept boxes of the same n images, in their order.

    Example:
        >>> select_boxes(pack_boxes([[[0, 0, 1, 1], [2, 2, 1, 1]], [[4, 4, 1, 1]]]), np.array([1])).counts.tolist()
        [1, 0]
    """
    keep = np.zeros(len(boxes.xywh) + 1, bool)
    keep[rows + 1] = True
    return Boxes(boxes.xywh[keep[1:]], np.cumsum(keep)[boxes.offsets], boxes.confidence[keep[1:]])


def list_box_pairs(left: Boxes, right: Boxes) -> tuple[Ints, Ints]:
    """List every pair of a left and a right box of one image.

    Args:
        left: Boxes of n images.
        right: Boxes of the same images.

    Returns:
        The row of the left box and of the right box of each pair.

    Example:
        >>> one_box, two_boxes = pack_boxes([[[0, 0, 1, 1]]]), pack_boxes([[[0, 0, 1, 1], [2, 2, 1, 1]]])
        >>> left, right = list_box_pairs(one_box, two_boxes)
        >>> left.tolist(), right.tolist()
        ([0, 0], [0, 1])
    """
    partners = np.repeat(right.counts, left.counts)
    first = np.repeat(np.repeat(right.offsets[:-1], left.counts), partners)
    within = np.arange(int(partners.sum())) - np.repeat(np.cumsum(partners) - partners, partners)
    return np.repeat(np.arange(len(left.xywh)), partners), first + within
