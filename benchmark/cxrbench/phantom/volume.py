"""The CT of a study: Hounsfield units with noise and a reconstruction kernel, masks of lungs, lesions and airways."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrbench.phantom.anatomy import HU, Tissue, build_tissue
from cxrbench.phantom.bones import make_skeleton, make_solid_bones
from cxrbench.phantom.chest import Chest
from cxrbench.phantom.disease import Disease
from cxrbench.phantom.draw import RandomStream
from cxrbench.phantom.opacities import DENSE, MASKED, Opacities, make_opacities
from cxrbench.phantom.radiograph import fill_lungs
from cxrbench.phantom.space import FIELD, Triple, Volume, VoxelGrid
from cxrbench.phantom.strands import Strands
from cxrbench.phantom.tree import grow_trees

SPACING: Triple = (8.0, 2.75, 2.75)
"""Millimetres between slices, rows and columns: every tenth slice of 0.8 mm, as published by MosMed."""
QUANTUM, LOWEST = 16, -1016
"""HU are kept as `QUANTUM` times a byte, from `LOWEST` up: about the size of their noise; air is the byte 1."""
TABLE, TABLE_HU = (146.0, 151.0), -350.0
"""Front and back of the table (depths in mm), and its HU."""


@dataclass(frozen=True, slots=True)
class SyntheticCT:
    """A CT with its ground truth; arrays are uint8 `[D, H, W]` in LPS order.

    Attributes:
        codes: Bytes that `to_hu` converts to HU.
        lungs: 1 right, 2 left.
        lesions: 1 ground glass, 2 consolidation.
        airways: 1 trachea and main bronchi.
        spacing: Millimetres (slices, rows, columns).
    """

    codes: NDArray[np.uint8]
    lungs: NDArray[np.uint8]
    lesions: NDArray[np.uint8]
    airways: NDArray[np.uint8]
    spacing: Triple


def render_ct(chest: Chest, disease: Disease, level: float, spacing: Triple = SPACING) -> SyntheticCT:
    """Render the CT of a study.

    Args:
        chest: The chest.
        disease: The patient's disease.
        level: Severity of COVID-19 on the day of the study.
        spacing: Millimetres (slices, rows, columns).

    Returns:
        The CT with its ground truth.
    """
    grid = VoxelGrid.covering((FIELD, FIELD, FIELD), spacing)
    tissue = build_tissue(chest, grid)
    ill = make_opacities(chest, disease, level, tissue, grid)
    tubes = grow_trees(chest)
    air = tubes.trachea.fill_grid(grid)
    hu = _add_strands(chest, grid, fill_lungs(tissue, ill), tissue, ill)
    hu += air * (np.float32(-995) - hu)
    _add_table(grid, hu)
    lungs = np.where(tissue.right > 0.5, 1, np.where(tissue.left > 0.5, 2, 0)).astype(np.uint8)
    lungs[(ill.fluid > 0.5) | (air > 0.5)] = 0
    lesions = np.where(ill.lesion >= DENSE, 2, np.where(ill.lesion >= MASKED, 1, 0)).astype(np.uint8)
    lesions[lungs == 0] = 0
    return SyntheticCT(_apply_kernel_and_noise(chest, hu), lungs, lesions, (air > 0.5).astype(np.uint8), grid.spacing)


def _add_strands(chest: Chest, grid: VoxelGrid, hu: Volume, tissue: Tissue, ill: Opacities) -> Volume:
    """Add bones, vessels in aerated lung, and air in the bronchi of solid lung."""
    tubes, bony = grow_trees(chest), make_skeleton(chest)
    hu = hu + make_solid_bones(chest, grid)
    bone = bony.outer.fill_grid(grid)
    hu += bone * (np.float32(HU["bone"]) - hu) * np.float32(0.75)
    inside = tissue.lung
    solid_lung = inside * np.maximum(ill.lesion, ill.other)
    vessels = _choose_strands(grid, inside - solid_lung, tubes.vessels).fill_grid(grid)
    hu += vessels * (np.float32(HU["vessel"]) - hu)
    bronchi = _choose_strands(grid, solid_lung, tubes.airways).fill_grid(grid)
    hu += bronchi * (np.float32(-900) - hu)
    return np.asarray(hu, np.float32)


def _add_table(grid: VoxelGrid, hu: Volume) -> None:
    """Add a plate of carbon fibre behind the patient."""
    depth = grid.line(1)
    rows = (depth > TABLE[0]) & (depth < TABLE[1])
    hu[:, rows] = np.maximum(hu[:, rows], np.float32(TABLE_HU))


def _choose_strands(grid: VoxelGrid, volume: Volume, strands: Strands) -> Strands:
    return strands.select(np.asarray(volume[grid.nearest(strands.points)], np.float64))


def _apply_kernel_and_noise(chest: Chest, hu: Volume) -> NDArray[np.uint8]:
    """Add noise, more with the sharp kernel; the soft kernel blurs over neighbouring pixels of a slice."""
    visit = chest.visit
    sharp = visit.sharp_kernel
    if not sharp:
        hu = hu.copy()
        for axis in (1, 2):
            ahead, behind = np.roll(hu, 1, axis), np.roll(hu, -1, axis)
            hu = np.float32(0.7) * hu + np.float32(0.15) * (ahead + behind)
    level = np.float32((26 if sharp else 12) / visit.dose**0.5)
    noise = RandomStream(visit.seed, 13).normals(hu.shape).astype(np.float32)
    hu = hu + level * noise * (hu > -960)
    return np.clip(np.rint((hu - LOWEST) / QUANTUM), 0, 255).astype(np.uint8)


def to_hu(codes: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Convert bytes to Hounsfield units.

    Args:
        codes: Bytes of any shape.

    Returns:
        Int16 HU of the same shape.

    Example:
        >>> to_hu(np.array([1, 64], np.uint8)).tolist()
        [-1000, 8]
    """
    return np.asarray(codes.astype(np.int16) * QUANTUM + LOWEST, np.int16)
