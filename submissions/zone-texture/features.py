"""Brightness and texture of six boxes over the lungs, the same numbers for training and prediction."""

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, gaussian_gradient_magnitude

SIDE = 192
ROWS = ((0.10, 0.36), (0.30, 0.60), (0.54, 0.86))
SIDES = ((0.08, 0.46), (0.54, 0.92))


def standard(pixels: np.ndarray) -> np.ndarray:
    """A radiograph `[H, W]` as 192 x 192, its 2nd to 98th percentile stretched to [0, 1]."""
    small = np.asarray(Image.fromarray(pixels.astype(np.float32)).resize((SIDE, SIDE), Image.Resampling.BOX))
    low, high = np.percentile(small, [2, 98])
    return np.clip((small - low) / max(high - low, 1e-6), 0, 1)


def zone_features(pixels: np.ndarray) -> np.ndarray:
    """Features `[6, 2 * 11]` of the zones A...F: those of the zone's own box, then of the other lung's."""
    image = standard(pixels)
    maps = (image, gaussian_gradient_magnitude(image, 1), gaussian_gradient_magnitude(image, 3), local_spread(image))
    own = np.array([box_features(maps, row, side) for side in SIDES for row in ROWS])
    return np.hstack([own, np.roll(own, 3, axis=0)])


def local_spread(image: np.ndarray) -> np.ndarray:
    """Standard deviation in a Gaussian window of 4 pixels."""
    return np.sqrt(np.clip(gaussian_filter(image**2, 4) - gaussian_filter(image, 4) ** 2, 0, None))


def box_features(maps: tuple[np.ndarray, ...], row: tuple, side: tuple) -> np.ndarray:
    """Five percentiles and the mean of the image, mean and spread of its gradients, mean local spread."""
    window = (slice(int(row[0] * SIDE), int(row[1] * SIDE)), slice(int(side[0] * SIDE), int(side[1] * SIDE)))
    image, fine, coarse, spread = (one[window] for one in maps)
    levels = np.percentile(image, [10, 25, 50, 75, 90])
    texture = [fine.mean(), fine.std(), coarse.mean(), coarse.std(), spread.mean()]
    return np.array([*levels, image.mean(), *texture])
