"""The other way from line integrals to a picture: a digitally reconstructed radiograph as the DLNet paper makes it.

Amer et al. 2020, section IV-C: 100,000 photons a pixel, the picture inverted "since it appears dark", converted to
8 bits, and "images that are very bright (with an average intensity value exceeding 220)" corrected with a gamma of 0.2.
The paper does not say how 8 bits are reached: here from the lowest to the highest value of the picture. Gamma is
read as the exponent's inverse, which darkens; as the exponent itself it would make bright pictures brighter. Their
mask of the body, which takes the table away, has nothing to do here: no table is projected.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxrbench.phantom.detector import Paths, exposure
from cxrbench.phantom.draw import Draw
from cxrbench.phantom.space import Floats

Post = Literal["film", "dlnet"]
PHOTONS = 1e5
BRIGHT, GAMMA = 220, 0.2


def dlnet(paths: Paths, seed: int) -> NDArray[np.uint8]:
    """The picture `[H, W]` of paths as DLNet's was made; `seed` names the noise."""
    arrived = exposure(paths)
    noise = Draw(seed, 18).normals(arrived.shape)
    return post_processed(np.maximum(arrived + noise * np.sqrt(arrived / PHOTONS), 0))


def post_processed(arrived: Floats) -> NDArray[np.uint8]:
    """Invert what arrived at the detector, convert to 8 bits, darken what is very bright; a flat picture is black.

    >>> post_processed(np.array([[0.0, 0.5, 1.0]])).tolist()
    [[255, 128, 0]]
    >>> post_processed(np.array([[0.0] * 9 + [0.1] * 9 + [1.0]])).tolist()[0][8:11]
    [255, 152, 152]
    """
    low, high = float(arrived.min()), float(arrived.max())
    shown = np.rint(255 * (high - arrived) / (high - low)) if high > low else np.zeros_like(arrived)
    if shown.mean() > BRIGHT:
        shown = np.rint(255 * (shown / 255) ** (1 / GAMMA))
    return np.asarray(shown, np.uint8)
