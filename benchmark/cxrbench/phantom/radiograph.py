"""The radiograph of a study: the projected thorax, with its masks and boxes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label

from cxrbench.phantom.anatomy import HU, Tissue, build_tissue
from cxrbench.phantom.bones import Skeleton, make_skeleton, make_solid_bones
from cxrbench.phantom.chest import Chest
from cxrbench.phantom.detector import PathLengths, expose_radiograph
from cxrbench.phantom.devices import Devices, make_devices
from cxrbench.phantom.disease import Disease
from cxrbench.phantom.drr import Post, render_dlnet
from cxrbench.phantom.opacities import Opacities, make_opacities
from cxrbench.phantom.projection import FINE_SLABS, Beam
from cxrbench.phantom.space import FIELD, Floats, Volume, VoxelGrid
from cxrbench.phantom.strands import Strands
from cxrbench.phantom.tree import grow_trees

SIDE = 256
STEP = (2.75, 6.0, 2.75)
DEPTH = 288.0
LUNG_MM, HIDDEN_MM, LESION_MM = 30.0, 26.0, 7.0
"""A pixel is lung where its line crosses that much lung and less than `HIDDEN_MM` of mediastinum or abdomen; it is
lesion where lesions add more than `LESION_MM` of water."""
SMALLEST_BOX = 40
"""Pixels (at a side of 256) that a component of the lesion mask needs for a box."""


@dataclass(frozen=True, slots=True)
class SyntheticRadiograph:
    """A radiograph with its ground truth.

    Attributes:
        pixels: Uint8 `[S, S]`.
        lungs: Lung mask, 1 right and 2 left.
        lesions: Lesion mask, 0 or 1.
        boxes: Boxes of the lesions as x, y, width, height in pixels.
        devices: Names of the devices.
    """

    pixels: NDArray[np.uint8]
    lungs: NDArray[np.uint8]
    lesions: NDArray[np.uint8]
    boxes: tuple[tuple[int, int, int, int], ...]
    devices: tuple[str, ...]


def project_radiograph(
    chest: Chest, disease: Disease, level: float, side: int = SIDE, post: Post = "film"
) -> SyntheticRadiograph:
    """Project a study.

    Args:
        chest: The chest.
        disease: The patient's disease.
        level: Severity of COVID-19 on the day of the study.
        side: Side of the image in pixels.
        post: "film" for a radiograph, "dlnet" for DLNet's post-processing (`cxrbench.phantom.drr`).

    Returns:
        The radiograph with its ground truth.
    """
    grid = VoxelGrid.covering((FIELD, DEPTH, FIELD), STEP)
    tissue = build_tissue(chest, grid)
    ill = make_opacities(chest, disease, level, tissue, grid)
    beam, worn = Beam.for_visit(chest.visit, side), make_devices(chest)
    paths = _compute_path_lengths(chest, grid, beam, tissue, ill, worn=worn)
    shown = _render_radiograph(paths, chest) if post == "film" else render_dlnet(paths, chest.visit.seed)
    lungs, lesions = _project_masks(grid, beam, tissue, ill)
    return SyntheticRadiograph(shown, lungs, lesions, find_boxes(lesions), worn.names)


def _render_radiograph(paths: PathLengths, chest: Chest) -> NDArray[np.uint8]:
    return np.rint(255 * expose_radiograph(paths, chest.visit, FIELD)).astype(np.uint8)


def fill_lungs(tissue: Tissue, ill: Opacities) -> Volume:
    """Replace air by disease: fluid-filled lung is as dense as muscle, effusion as water.

    Args:
        tissue: The healthy chest.
        ill: The opacities.

    Returns:
        HU, -1024 to 3071, float32 `[D, H, W]`.
    """
    share = tissue.lung * np.maximum(ill.lesion, ill.other)
    hu = tissue.hu + share * (np.float32(35) - np.float32(HU["lung"]))
    hu += tissue.lung * ill.fluid * (np.float32(HU["fluid"]) - hu)
    return np.clip(np.rint(hu), -1024, 3071)


def _compute_path_lengths(
    chest: Chest, grid: VoxelGrid, beam: Beam, tissue: Tissue, ill: Opacities, *, worn: Devices
) -> PathLengths:
    """Water, bone and metal along each line."""
    water = beam.project_volume(
        grid, np.maximum(fill_lungs(tissue, ill) + np.float32(1000), 0) / np.float32(1000), FINE_SLABS
    )
    tubes, bony = grow_trees(chest), make_skeleton(chest)
    aerated = tissue.lung * (1 - np.maximum(np.maximum(ill.lesion, ill.other), ill.fluid))
    solid_lung = tissue.lung * np.maximum(ill.lesion, ill.other) * (1 - ill.fluid)
    fine = Strands.join(
        [
            tubes.vessels.select(1.25 * _sample_volume(grid, aerated, tubes.vessels)),
            tubes.airways.select(_sample_volume(grid, solid_lung, tubes.airways)).scale(-0.9),
            tubes.trachea.scale(-1.0),
        ]
    )
    water += beam.project_strands(fine)
    bone = _project_bone(beam, bony) + beam.project_volume(grid, make_solid_bones(chest, grid) / np.float32(1000))
    metal = beam.project_strands(Strands.join([worn.metal, worn.plastic.scale(0.10)]))
    return PathLengths(np.maximum(water, 0), bone, metal)


def _project_bone(beam: Beam, bony: Skeleton) -> Floats:
    """Millimetres of calcium: the cortex of every tube, less its marrow."""
    return beam.project_strands(Strands.join([bony.outer.scale(0.95), bony.marrow.scale(-0.72)]))


def _sample_volume(grid: VoxelGrid, volume: Volume, strands: Strands) -> Floats:
    return np.asarray(volume[grid.nearest(strands.points)], np.float64)


def _project_masks(
    grid: VoxelGrid, beam: Beam, tissue: Tissue, ill: Opacities
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The lungs where mediastinum and diaphragm do not hide them, and the lesions within."""
    dry = 1 - ill.fluid
    right, left = (beam.project_volume(grid, lung * dry) for lung in (tissue.right, tissue.left))
    hidden = beam.project_volume(grid, np.maximum(tissue.middle, tissue.below))
    seen = (right + left > LUNG_MM) & (hidden < HIDDEN_MM)
    lungs = np.where(seen, np.where(right >= left, 1, 2), 0).astype(np.uint8)
    added = beam.project_volume(grid, tissue.lung * ill.lesion * dry)
    return lungs, ((added > LESION_MM) & seen).astype(np.uint8)


def find_boxes(lesions: NDArray[np.uint8]) -> tuple[tuple[int, int, int, int], ...]:
    """Find the bounding boxes of the components of a lesion mask.

    Args:
        lesions: Mask `[S, S]`.

    Returns:
        x, y, width and height in pixels of every component of at least `SMALLEST_BOX` pixels (scaled by the side).
    """
    pieces, _ = label(lesions)
    least = SMALLEST_BOX * (len(lesions) / SIDE) ** 2
    boxes = []
    for number, place in enumerate(find_objects(pieces), 1):
        if (pieces[place] == number).sum() >= least:
            rows, columns = place
            boxes.append((columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start))
    return tuple(boxes)
