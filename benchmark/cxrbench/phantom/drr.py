"""From line integrals to a digitally reconstructed radiograph as in the paper of DLNet.

Amer et al. 2020, section IV-C: 100,000 photons per pixel, the picture inverted "since it appears dark", converted to
8 bits, and "images that are very bright (with an average intensity value exceeding 220)" corrected with a gamma of 0.2.
The paper does not state the conversion to 8 bits: here from the lowest to the highest value of the picture. Gamma is
taken as the inverse of the exponent, which darkens; as the exponent itself it would brighten bright pictures further.
Their body mask, which removes the table, is not needed: no table is projected.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxrbench.phantom.detector import PathLengths, compute_exposure
from cxrbench.phantom.draw import RandomStream
from cxrbench.phantom.space import Floats

Post = Literal["film", "dlnet"]
PHOTONS = 1e5
BRIGHT, GAMMA = 220, 0.2


def render_dlnet(paths: PathLengths, seed: int) -> NDArray[np.uint8]:
    """Render a picture as DLNet's synthetic radiographs.

    Args:
        paths: The materials along each line, `[H, W]`.
        seed: Seed of the noise.

    Returns:
        Uint8 `[H, W]`.
    """
    arrived = compute_exposure(paths)
    noise = RandomStream(seed, 18).normals(arrived.shape)
    return postprocess_dlnet(np.maximum(arrived + noise * np.sqrt(arrived / PHOTONS), 0))


def postprocess_dlnet(arrived: Floats) -> NDArray[np.uint8]:
    """Invert the exposure, convert to 8 bits, and darken a very bright picture; a constant picture is black.

    Args:
        arrived: Exposure at the detector, `[H, W]`.

    Returns:
        Uint8 `[H, W]`.

    Example:
        >>> postprocess_dlnet(np.array([[0.0, 0.5, 1.0]])).tolist()
        [[255, 128, 0]]
        >>> postprocess_dlnet(np.array([[0.0] * 9 + [0.1] * 9 + [1.0]])).tolist()[0][8:11]
        [255, 152, 152]
    """
    low, high = float(arrived.min()), float(arrived.max())
    shown = np.rint(255 * (high - arrived) / (high - low)) if high > low else np.zeros_like(arrived)
    if shown.mean() > BRIGHT:
        shown = np.rint(255 * (shown / 255) ** (1 / GAMMA))
    return np.asarray(shown, np.uint8)
