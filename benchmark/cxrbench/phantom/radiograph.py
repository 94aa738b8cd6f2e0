"""The radiograph of a study: the thorax projected, with its masks and boxes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label

from cxrbench.phantom.anatomy import HU, Chest, Tissue, build
from cxrbench.phantom.bones import Skeleton, skeleton, solid
from cxrbench.phantom.detector import Paths, film
from cxrbench.phantom.devices import Devices, devices
from cxrbench.phantom.disease import Disease
from cxrbench.phantom.drr import Post, dlnet
from cxrbench.phantom.opacities import Opacities, opacities
from cxrbench.phantom.projection import FINE_SLABS, Beam
from cxrbench.phantom.space import FIELD, Floats, Grid, Volume
from cxrbench.phantom.strands import Strands
from cxrbench.phantom.tree import trees

SIDE = 256
STEP = (2.75, 6.0, 2.75)
DEPTH = 288.0
LUNG_MM, HIDDEN_MM, LESION_MM = 30.0, 26.0, 7.0
"""A pixel is lung where its line crosses that much lung and less than `HIDDEN_MM` of mediastinum or belly; it is lesion
where lesions add as much water as `LESION_MM` of it."""
SMALLEST_BOX = 40
"""Pixels (at 256 a side) that a piece of the lesion mask needs for a box of its own."""


@dataclass(frozen=True, slots=True)
class Radiograph:
    """Pixels uint8 `[S, S]`, lung mask (1 right, 2 left), lesion mask (0 or 1), boxes `[n, 4]` and device names."""

    pixels: NDArray[np.uint8]
    lungs: NDArray[np.uint8]
    lesions: NDArray[np.uint8]
    boxes: tuple[tuple[int, int, int, int], ...]
    devices: tuple[str, ...]


def radiograph(chest: Chest, disease: Disease, level: float, side: int = SIDE, post: Post = "film") -> Radiograph:
    """Project a study onto `side` x `side` pixels, shown as film or as in DLNet's paper (`cxrbench.phantom.drr`)."""
    grid = Grid.over((FIELD, DEPTH, FIELD), STEP)
    tissue = build(chest, grid)
    ill = opacities(chest, disease, level, tissue, grid)
    beam, worn = Beam.of(chest.visit, side), devices(chest)
    paths = _paths(chest, grid, beam, tissue, ill, worn=worn)
    shown = _film(paths, chest) if post == "film" else dlnet(paths, chest.visit.seed)
    lungs, lesions = _masks(grid, beam, tissue, ill)
    return Radiograph(shown, lungs, lesions, boxes(lesions), worn.names)


def _film(paths: Paths, chest: Chest) -> NDArray[np.uint8]:
    return np.rint(255 * film(paths, chest.visit, FIELD)).astype(np.uint8)


def filled(tissue: Tissue, ill: Opacities) -> Volume:
    """HU with the air that disease replaces: fluid-filled lung is as dense as muscle, effusion as water."""
    share = tissue.lung * np.maximum(ill.lesion, ill.other)
    hu = tissue.hu + share * (np.float32(35) - np.float32(HU["lung"]))
    hu += tissue.lung * ill.fluid * (np.float32(HU["fluid"]) - hu)
    return np.clip(np.rint(hu), -1024, 3071)


def _paths(chest: Chest, grid: Grid, beam: Beam, tissue: Tissue, ill: Opacities, *, worn: Devices) -> Paths:
    """Water, bone and metal along each line."""
    water = beam.through(grid, np.maximum(filled(tissue, ill) + np.float32(1000), 0) / np.float32(1000), FINE_SLABS)
    tubes, bony = trees(chest), skeleton(chest)
    aerated = tissue.lung * (1 - np.maximum(np.maximum(ill.lesion, ill.other), ill.fluid))
    solid_lung = tissue.lung * np.maximum(ill.lesion, ill.other) * (1 - ill.fluid)
    fine = Strands.joined(
        [
            tubes.vessels.chosen(1.25 * _at(grid, aerated, tubes.vessels)),
            tubes.airways.chosen(_at(grid, solid_lung, tubes.airways)).times(-0.9),
            tubes.trachea.times(-1.0),
        ]
    )
    water += beam.chords(fine)
    bone = _bone(beam, bony) + beam.through(grid, solid(chest, grid) / np.float32(1000))
    metal = beam.chords(Strands.joined([worn.metal, worn.plastic.times(0.10)]))
    return Paths(np.maximum(water, 0), bone, metal)


def _bone(beam: Beam, bony: Skeleton) -> Floats:
    """Millimetres of calcium: the cortex of every tube, less its marrow."""
    return beam.chords(Strands.joined([bony.outer.times(0.95), bony.marrow.times(-0.72)]))


def _at(grid: Grid, volume: Volume, strands: Strands) -> Floats:
    return np.asarray(volume[grid.nearest(strands.points)], np.float64)


def _masks(grid: Grid, beam: Beam, tissue: Tissue, ill: Opacities) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Lungs as far as mediastinum and diaphragm do not hide them, and the lesions within."""
    dry = 1 - ill.fluid
    right, left = (beam.through(grid, lung * dry) for lung in (tissue.right, tissue.left))
    hidden = beam.through(grid, np.maximum(tissue.middle, tissue.below))
    seen = (right + left > LUNG_MM) & (hidden < HIDDEN_MM)
    lungs = np.where(seen, np.where(right >= left, 1, 2), 0).astype(np.uint8)
    added = beam.through(grid, tissue.lung * ill.lesion * dry)
    return lungs, ((added > LESION_MM) & seen).astype(np.uint8)


def boxes(lesions: NDArray[np.uint8]) -> tuple[tuple[int, int, int, int], ...]:
    """x, y, width and height of every piece of a lesion mask that is large enough."""
    pieces, _ = label(lesions)
    least = SMALLEST_BOX * (len(lesions) / SIDE) ** 2
    found = []
    for number, place in enumerate(find_objects(pieces), 1):
        if (pieces[place] == number).sum() >= least:
            rows, columns = place
            found.append((columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start))
    return tuple(found)
