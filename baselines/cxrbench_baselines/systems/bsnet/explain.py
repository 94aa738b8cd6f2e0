"""Super-pixel maps: which parts of the lungs a score depends on (Signoroni et al. 2020, section 5.4, Eq. 4).

E = sum_i S_i (p_i - p_0) for each class: S_i is 1 on super-pixel i, p_i the probabilities with that super-pixel set to
zero, p_0 those of the whole radiograph, both summed over the six zones (the paper does not say how zones are combined).
Where E is negative the class needs the super-pixel. Neither the parameters of quick-shift nor the scale of the map is
stated. The paper partitions the aligned lungs; here the lungs of the unaligned radiograph are partitioned, and the maps
are aligned afterwards.
"""

from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import torch
from cxrbench.case import Image
from cxrbench.errors import CxrbenchError
from numpy.typing import NDArray

from cxrbench_baselines.systems.bsnet.alignment import warp_maps
from cxrbench_baselines.systems.bsnet.system import BSNet

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]
COLOURS = ((255, 255, 255), (255, 165, 0), (220, 20, 20), (0, 0, 0))
"""RGB of the classes 0 to 3 in the paper's Fig. 9: white, orange, red, black."""


def find_superpixels(pixels: Floats, lungs: NDArray[np.bool_]) -> Labels:
    """Partition the lungs into super-pixels by quick-shift. Needs scikit-image (extra `explain`).

    Args:
        pixels: Radiograph `[S, S]` in [0, 1].
        lungs: Lung mask `[S, S]`.

    Returns:
        Super-pixels 1, 2, ... `[S, S]`; 0 outside the lungs.

    Raises:
        CxrbenchError: scikit-image is not installed.
    """
    if find_spec("skimage") is None:
        raise CxrbenchError("quick-shift needs scikit-image", "explain", "pip install 'cxrbench[explain]'")
    from skimage.segmentation import quickshift

    masked, side = np.where(lungs, pixels, 0).astype(np.float64)[..., None], max(pixels.shape)
    kernel, distance = max(1, side // 64), max(4, side // 16)
    parts = quickshift(masked, ratio=0.5, kernel_size=kernel, max_dist=distance, convert2lab=False)  # type: ignore[no-untyped-call]
    return np.asarray(np.unique(np.where(lungs, parts + 1, 0), return_inverse=True)[1].reshape(lungs.shape), np.int64)


def explain_radiograph(system: BSNet, image: Image, partition: Labels | None = None) -> tuple[Floats, Floats]:
    """Compute the explanation maps of one radiograph.

    Args:
        system: A trained BS-Net in evaluation mode.
        image: The radiograph.
        partition: Super-pixels `[S, S]` in the network's square, 0 for none; by default those of quick-shift within
            the predicted lungs.

    Returns:
        The aligned radiograph `[S, S]` in [0, 1], and the maps `[4, S, S]` of the classes 0 to 3, aligned with it.
    """
    batch = system.make_batch([image], system.find_views([image]))
    with torch.inference_mode():
        outputs = system.network(batch)
        pixels = (batch[:, :1] - batch.min()) / (batch.max() - batch.min()).clamp(min=1e-6)
        lungs = (outputs["lungs"][0, 0].sigmoid() > 0.5).cpu().numpy()
        parts = find_superpixels(pixels[0, 0].cpu().numpy(), lungs) if partition is None else partition
        maps = compute_relevance(system, batch, torch.from_numpy(parts).to(batch.device))
        theta = outputs["theta"]
        return warp_maps(pixels, theta)[0, 0].cpu().numpy(), warp_maps(maps[None], theta)[0].cpu().numpy()


def compute_relevance(system: BSNet, batch: torch.Tensor, partition: torch.Tensor) -> torch.Tensor:
    """Evaluate Eq. 4 for one radiograph.

    Args:
        system: A BS-Net in evaluation mode.
        batch: The radiograph as the network's input `[1, C, S, S]`.
        partition: Super-pixels 1, 2, ... `[S, S]`; 0 for none.

    Returns:
        Maps `[4, S, S]`: the change of each class probability, summed over the zones, without the super-pixel.
    """
    whole = system(batch)["brixia"].sum(1)[0]
    maps = torch.zeros(len(whole), *partition.shape, device=batch.device)
    for number in range(1, int(partition.max()) + 1):
        chosen = partition == number
        change = system(batch.masked_fill(chosen, float(batch.min())))["brixia"].sum(1)[0] - whole
        maps += change[:, None, None] * chosen
    return maps


def write_explanation(file: Path, pixels: Floats, maps: Floats) -> None:
    """Write the aligned radiograph and, to its right, the regions that the classes 1 to 3 need; white where none.

    Args:
        file: The picture to write, with the ending of an image format.
        pixels: Aligned radiograph `[S, S]` in [0, 1].
        maps: Aligned maps `[4, S, S]` of the classes.

    Raises:
        CxrbenchError: The file cannot be written.
    """
    need = np.clip(-maps, 0, None) / max(float(-maps.min()), 1e-6)
    panels = [np.repeat(pixels[..., None], 3, -1) * 255]
    panels += [255 + need[score][..., None] * (np.array(COLOURS[score], np.float32) - 255) for score in (1, 2, 3)]
    picture = np.rint(np.concatenate(panels, 1)).astype(np.uint8)
    written = cv2.imwrite(str(file), picture[..., ::-1])
    if not written:
        raise CxrbenchError("the picture cannot be written", str(file), "give a .png in a folder that exists")
