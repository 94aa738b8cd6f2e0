"""The CT of a study: Hounsfield units with noise and a reconstruction kernel, masks of lungs, lesions and airways."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrbench.phantom.anatomy import HU, Chest, Tissue, build
from cxrbench.phantom.bones import skeleton, solid
from cxrbench.phantom.disease import Disease
from cxrbench.phantom.draw import Draw
from cxrbench.phantom.opacities import DENSE, MASKED, Opacities, opacities
from cxrbench.phantom.radiograph import filled
from cxrbench.phantom.space import FIELD, Grid, Triple, Volume
from cxrbench.phantom.strands import Strands
from cxrbench.phantom.tree import trees

SPACING: Triple = (8.0, 2.75, 2.75)
"""Millimetres between slices, rows and columns: every tenth slice of 0.8 mm, as MosMed published."""
QUANTUM, LOWEST = 16, -1016
"""HU are kept as `QUANTUM` times a byte, from `LOWEST` up: about the size of their noise; air is the byte 1."""
TABLE, TABLE_HU = (146.0, 151.0), -350.0
"""Depths (mm) between which the table lies, and its HU."""


@dataclass(frozen=True, slots=True)
class Scan:
    """Bytes `[D, H, W]` in LPS that `to_hu` turns into HU, masks uint8 of the same shape, spacing in mm.

    Lungs are 1 right and 2 left, lesions 1 ground glass and 2 consolidation.
    """

    codes: NDArray[np.uint8]
    lungs: NDArray[np.uint8]
    lesions: NDArray[np.uint8]
    airways: NDArray[np.uint8]
    spacing: Triple


def scan(chest: Chest, disease: Disease, level: float, spacing: Triple = SPACING) -> Scan:
    """Image a study; `spacing` in mm (slices, rows, columns)."""
    grid = Grid.over((FIELD, FIELD, FIELD), spacing)
    tissue = build(chest, grid)
    ill = opacities(chest, disease, level, tissue, grid)
    tubes = trees(chest)
    air = tubes.trachea.filling(grid)
    hu = _with_strands(chest, grid, filled(tissue, ill), tissue, ill)
    hu += air * (np.float32(-995) - hu)
    _lay_on_table(grid, hu)
    lungs = np.where(tissue.right > 0.5, 1, np.where(tissue.left > 0.5, 2, 0)).astype(np.uint8)
    lungs[(ill.fluid > 0.5) | (air > 0.5)] = 0
    lesions = np.where(ill.lesion >= DENSE, 2, np.where(ill.lesion >= MASKED, 1, 0)).astype(np.uint8)
    lesions[lungs == 0] = 0
    return Scan(_imaged(chest, hu), lungs, lesions, (air > 0.5).astype(np.uint8), grid.spacing)


def _with_strands(chest: Chest, grid: Grid, hu: Volume, tissue: Tissue, ill: Opacities) -> Volume:
    """Bones, vessels in aerated lung, and air in the bronchi of solid lung."""
    tubes, bony = trees(chest), skeleton(chest)
    hu = hu + solid(chest, grid)
    bone = bony.outer.filling(grid)
    hu += bone * (np.float32(HU["bone"]) - hu) * np.float32(0.75)
    inside = tissue.lung
    solid_lung = inside * np.maximum(ill.lesion, ill.other)
    vessels = _among(grid, inside - solid_lung, tubes.vessels).filling(grid)
    hu += vessels * (np.float32(HU["vessel"]) - hu)
    bronchi = _among(grid, solid_lung, tubes.airways).filling(grid)
    hu += bronchi * (np.float32(-900) - hu)
    return np.asarray(hu, np.float32)


def _lay_on_table(grid: Grid, hu: Volume) -> None:
    """A plate of carbon fibre behind the patient."""
    depth = grid.line(1)
    rows = (depth > TABLE[0]) & (depth < TABLE[1])
    hu[:, rows] = np.maximum(hu[:, rows], np.float32(TABLE_HU))


def _among(grid: Grid, volume: Volume, strands: Strands) -> Strands:
    return strands.chosen(np.asarray(volume[grid.nearest(strands.points)], np.float64))


def _imaged(chest: Chest, hu: Volume) -> NDArray[np.uint8]:
    """Noise, more of it with the sharp kernel; the soft kernel blurs a slice over neighbouring pixels."""
    visit = chest.visit
    sharp = visit.sharp_kernel
    if not sharp:
        hu = hu.copy()
        for axis in (1, 2):
            ahead, behind = np.roll(hu, 1, axis), np.roll(hu, -1, axis)
            hu = np.float32(0.7) * hu + np.float32(0.15) * (ahead + behind)
    level = np.float32((26 if sharp else 12) / visit.dose**0.5)
    noise = Draw(visit.seed, 13).normals(hu.shape).astype(np.float32)
    hu = hu + level * noise * (hu > -960)
    return np.clip(np.rint((hu - LOWEST) / QUANTUM), 0, 255).astype(np.uint8)


def to_hu(codes: NDArray[np.uint8]) -> NDArray[np.int16]:
    """The Hounsfield units that bytes stand for."""
    return np.asarray(codes.astype(np.int16) * QUANTUM + LOWEST, np.int16)
