"""Super-pixel maps: which parts of the lungs decide for a score (Signoroni et al. 2020, section 5.4, Eq. 4).

E = sum_i S_i (p_i - p_0) for each class: S_i is 1 on super-pixel i, p_i the probabilities with that super-pixel set to
zero, p_0 those of the whole radiograph, both summed over the six zones (the paper does not say how zones are joined).
Where E is negative the class needs the super-pixel. Neither quick-shift's parameters nor the map's scale are stated.
The partition is of the radiograph's lungs as they lie; the maps are aligned afterwards.
"""

from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import torch
from cxrbench.case import Image
from cxrbench.errors import CxrbenchError
from numpy.typing import NDArray

from cxrbench_baselines.systems.bsnet.alignment import warped
from cxrbench_baselines.systems.bsnet.system import BSNet

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]
COLOURS = ((255, 255, 255), (255, 165, 0), (220, 20, 20), (0, 0, 0))
"""RGB of the classes 0 to 3 in the paper's Fig. 9: white, orange, red, black."""


def quickshift(pixels: Floats, lungs: NDArray[np.bool_]) -> Labels:
    """Super-pixels 1, 2, ... of the lungs `[S, S]` by quick-shift, 0 outside. Needs scikit-image (extra `explain`)."""
    if find_spec("skimage") is None:
        raise CxrbenchError("quick-shift needs scikit-image", "explain", "pip install 'cxrbench[explain]'")
    from skimage.segmentation import quickshift as shifted

    seen, side = np.where(lungs, pixels, 0).astype(np.float64)[..., None], max(pixels.shape)
    found = shifted(seen, ratio=0.5, kernel_size=max(1, side // 64), max_dist=max(4, side // 16), convert2lab=False)  # type: ignore[no-untyped-call]
    return np.asarray(np.unique(np.where(lungs, found + 1, 0), return_inverse=True)[1].reshape(lungs.shape), np.int64)


def explain(system: BSNet, image: Image, partition: Labels | None = None) -> tuple[Floats, Floats]:
    """The aligned radiograph `[S, S]` in [0, 1] and the maps `[4, S, S]` of the classes, aligned with it.

    `partition` are super-pixels in the network's square, 0 for none; by default quick-shift's within the lungs. Call
    in evaluation mode.
    """
    batch = system.batch([image], system.views([image]))
    with torch.inference_mode():
        found = system.network(batch)
        pixels = (batch[:, :1] - batch.min()) / (batch.max() - batch.min()).clamp(min=1e-6)
        lungs = (found["lungs"][0, 0].sigmoid() > 0.5).cpu().numpy()
        own = quickshift(pixels[0, 0].cpu().numpy(), lungs) if partition is None else partition
        maps = relevance(system, batch, torch.from_numpy(own).to(batch.device))
        theta = found["theta"]
        return warped(pixels, theta)[0, 0].cpu().numpy(), warped(maps[None], theta)[0].cpu().numpy()


def relevance(system: BSNet, batch: torch.Tensor, partition: torch.Tensor) -> torch.Tensor:
    """Eq. 4 for one radiograph `[1, C, S, S]` and super-pixels `[S, S]`: maps `[4, S, S]`."""
    whole = system(batch)["brixia"].sum(1)[0]
    maps = torch.zeros(len(whole), *partition.shape, device=batch.device)
    for number in range(1, int(partition.max()) + 1):
        chosen = partition == number
        changed = system(batch.masked_fill(chosen, float(batch.min())))["brixia"].sum(1)[0] - whole
        maps += changed[:, None, None] * chosen
    return maps


def write_explanation(file: Path, pixels: Floats, maps: Floats) -> None:
    """Write the aligned radiograph and, for the classes 1 to 3 beside it, what each needs; white where nothing.

    Raises `CxrbenchError` where the file cannot be written.
    """
    need = np.clip(-maps, 0, None) / max(float(-maps.min()), 1e-6)
    panels = [np.repeat(pixels[..., None], 3, -1) * 255]
    panels += [255 + need[one][..., None] * (np.array(COLOURS[one], np.float32) - 255) for one in (1, 2, 3)]
    picture = np.rint(np.concatenate(panels, 1)).astype(np.uint8)
    written = cv2.imwrite(str(file), picture[..., ::-1])
    if not written:
        raise CxrbenchError("the picture cannot be written", str(file), "give a .png in a folder that exists")
