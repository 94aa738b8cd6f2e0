"""The grid of six zones: boxes by hand, pooling against a ramp, the order of the Brixia score, the mirror image."""

import numpy as np
import pytest
import torch
from cxrbench_baselines.systems.bsnet.zones import make_zone_boxes, pool_zones

A, B, C, D, E, F = range(6)


def test_rows_overlap_by_a_quarter_and_columns_do_not():
    left, top, right, bottom = make_zone_boxes().T
    assert np.allclose(top[:3], [0, 0.3, 0.6])
    assert np.allclose(bottom[:3], [0.4, 0.7, 1])
    assert np.allclose((bottom[A] - top[B]) / (bottom[A] - top[A]), 0.25)
    assert left.tolist() == [0, 0, 0, 0.5, 0.5, 0.5]
    assert right.tolist() == [0.5, 0.5, 0.5, 1, 1, 1]


def test_pooling_a_ramp_gives_the_centres_of_the_bins():
    """On f(row, column) = 100 row + column the mean over a bin is f at its centre (away from the border)."""
    size, side = 40, 4
    rows, columns = torch.meshgrid(torch.arange(size) * 100.0, torch.arange(size) * 1.0, indexing="ij")
    zones = pool_zones((rows + columns)[None, None], side)[:, 0]
    for zone, (left, top, right, bottom) in enumerate(make_zone_boxes().tolist()):
        height, width = (bottom - top) * size / side, (right - left) * size / side
        centres = [
            [100 * (top * size + (i + 0.5) * height - 0.5) + left * size + (j + 0.5) * width - 0.5 for j in range(side)]
            for i in range(side)
        ]
        assert np.allclose(zones[zone], centres, atol=1e-2), zone


@pytest.mark.parametrize(
    ("zone", "row", "column"), [(A, 5, 5), (B, 20, 5), (C, 35, 5), (D, 5, 35), (E, 20, 35), (F, 35, 35)]
)
def test_a_spot_falls_into_its_zone_alone(zone, row, column):
    """A to C are on the left of the image, the patient's right, from top to bottom."""
    maps = torch.zeros(1, 1, 40, 40)
    maps[0, 0, row - 1 : row + 1, column - 1 : column + 1] = 1
    maxima = pool_zones(maps, 8).amax((1, 2, 3))
    assert maxima.argmax() == zone
    assert (maxima > 0).sum() == 1


def test_the_overlap_belongs_to_both_rows():
    maps = torch.zeros(1, 1, 40, 40)
    maps[0, 0, 13:15, 4:6] = 1  # 0.325 to 0.375 of the height
    assert set(pool_zones(maps, 8).amax((1, 2, 3)).nonzero().flatten().tolist()) == {A, B}


def test_the_mirror_image_has_the_zones_of_the_other_lung():
    maps = torch.rand(2, 3, 40, 40)
    straight, mirrored = pool_zones(maps, 4).view(2, 6, 3, 4, 4), pool_zones(maps.flip(-1), 4).view(2, 6, 3, 4, 4)
    assert torch.allclose(mirrored, straight.roll(3, 1).flip(-1), atol=1e-5)
