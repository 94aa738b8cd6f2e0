"""Fingerprints of images: what two copies have in common after resizing, re-encoding or a change of brightness."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Raster
from scipy.fft import dctn
from scipy.ndimage import gaussian_filter

from cxrbench.case import Image

SIDE = 64
"""Side of the thumbnails that are compared, in pixels."""
BLUR = 2.0
"""Standard deviation, in thumbnail pixels, of the blur that is subtracted: all chests agree in their coarse shape."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Summary of an image: a hash of its decoded pixels, a 64-bit perceptual hash, and a float32 thumbnail `[64 * 64]`.

    The thumbnail has mean 0 and length 1 (all zeros for a constant image), so that a dot product is a correlation.
    """

    digest: str
    hash: int
    thumbnail: NDArray[np.float32]


def compute_fingerprint(image: Image) -> Fingerprint:
    """Compute the fingerprint of a radiograph, or of a CT by its mean along the body axis.

    Args:
        image: The decoded image, `[H, W]` or `[D, H, W]`.

    Returns:
        The fingerprint; equal images have equal ones.
    """
    pixels = image.pixels
    flat = pixels.astype(np.float32) if pixels.ndim == 2 else pixels.mean(axis=0, dtype=np.float32)
    return Fingerprint(hash_pixels(pixels), compute_perceptual_hash(flat), make_thumbnail(flat))


def hash_pixels(pixels: NDArray[np.float32] | NDArray[np.int16]) -> str:
    """Compute the SHA-256 of decoded pixels with their shape and type: equal for one image in two lossless files.

    Args:
        pixels: `[H, W]` or `[D, H, W]`.

    Returns:
        64 hexadecimal digits.
    """
    head = f"{pixels.shape}{pixels.dtype}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(pixels).tobytes()).hexdigest()


def compute_perceptual_hash(pixels: NDArray[np.float32]) -> int:
    """Compute a 64-bit hash: which of the 8 x 8 lowest cosine coefficients of a 32 x 32 thumbnail exceed their median.

    The first coefficient, the mean brightness, counts as 0; the rest does not change with brightness or contrast.

    Args:
        pixels: `[H, W]`.

    Returns:
        An integer in [0, 2**64).
    """
    low = dctn(_resize_square(pixels, 32), norm="ortho")[:8, :8].ravel()
    low[0] = 0.0
    bits = np.packbits(low > np.median(low[1:]))
    return int.from_bytes(bits.tobytes(), "big")


def make_thumbnail(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make a thumbnail of 64 x 64 pixels minus their blur, with mean 0 and length 1.

    Args:
        pixels: `[H, W]`.

    Returns:
        The thumbnail as one row `[4096]`; zeros for a constant image.
    """
    small = _resize_square(pixels, SIDE)
    detail = small - gaussian_filter(small, BLUR)
    detail -= detail.mean()
    length = float(np.linalg.norm(detail))
    unit: NDArray[np.float32] = (detail / max(length, 1e-6)).astype(np.float32)
    return unit.ravel() if length > 1e-6 else np.zeros(SIDE * SIDE, np.float32)


def _resize_square(pixels: NDArray[np.float32], side: int) -> NDArray[np.float64]:
    resized = Raster.fromarray(np.ascontiguousarray(pixels)).resize((side, side), Raster.Resampling.BOX)
    return np.asarray(resized, dtype=np.float64)
