"""The phantom's physics: line integrals, hardening, tissues in their textbook ranges, numbers that never change."""

import numpy as np
import pytest
from cxrbench.phantom import cohort, make
from cxrbench.phantom.detector import SPECTRUM, WATER, Paths, exposure
from cxrbench.phantom.draw import Draw
from cxrbench.phantom.drr import post_processed
from cxrbench.phantom.projection import Beam
from cxrbench.phantom.space import FIELD, Ellipsoid, Grid
from cxrbench.phantom.strands import Strands
from cxrbench.phantom.volume import to_hu

FAR = Beam(128, 1e9, 0.0)
"""A source so far away that its rays are parallel."""


def test_random_numbers_are_those_of_the_first_day():
    draw = Draw(2020, 1)
    assert [round(value, 12) for value in draw.many(3).tolist()] == pytest.approx(
        np.random.Generator(np.random.PCG64(np.random.SeedSequence([2020, 1]))).random(3).tolist(), abs=1e-12
    )
    many = Draw(1).normals((200_000,))
    assert (abs(many.mean()) < 0.01, abs(many.std() - 1) < 0.01) == (True, True)


def test_a_slab_gives_its_analytic_line_integral():
    grid = Grid.over((FIELD, 288.0, FIELD), (2.5, 5.0, 2.5))
    slab = np.zeros(grid.shape, np.float32)
    slab[:, 20:32, :] = 1.0
    inside = FAR.through(grid, slab)[8:-8, 8:-8]
    assert np.allclose(inside, 60.0, rtol=0.01)


def test_a_ball_gives_its_analytic_chord():
    grid = Grid.over((FIELD, 288.0, FIELD), (2.5, 5.0, 2.5))
    ball = np.zeros(grid.shape, np.float32)
    box, share = Ellipsoid((176.0, 0.0, 0.0), (60.0, 60.0, 60.0)).share(grid)
    ball[box] = share
    at = (np.arange(128) + 0.5) * FIELD / 128 - FIELD / 2
    chord = 2 * np.sqrt(np.maximum(60**2 - at[None, :] ** 2 - at[:, None] ** 2, 0))
    deep = chord > 60
    assert np.allclose(FAR.through(grid, ball)[deep], chord[deep], rtol=0.03)


@pytest.mark.parametrize("tilt", [0.0, 0.8])
def test_a_tube_gives_its_chord_and_its_volume(tilt):
    tube = Strands.along(np.array([(76.0, -100 * tilt, 0.0), (276.0, 100 * tilt, 0.0)]), 12.0)
    shown = FAR.chords(tube)
    assert shown[64, 63:65].max() == pytest.approx(24 * np.sqrt(1 + tilt**2), rel=0.10)
    assert shown.sum() * (FIELD / 128) ** 2 == pytest.approx(np.pi * 12**2 * 200 * np.sqrt(1 + tilt**2), rel=0.01)


def test_many_straight_tubes_are_to_the_bit_each_of_them_along_its_line():
    ends, radii = Draw(3).many(60).reshape(10, 2, 3) * 90, Draw(4).many(20).reshape(10, 2) + 1
    one_by_one = Strands.joined([Strands.along(*one, step=1.4) for one in zip(ends, radii, strict=True)])
    at_once = Strands.straight(ends[:, 0], ends[:, 1], radii, step=1.4)
    for name in Strands.__slots__:
        np.testing.assert_array_equal(getattr(at_once, name), getattr(one_by_one, name))


def test_a_point_source_magnifies_what_is_far_from_the_detector():
    beam = Beam(128, 1000.0, -100.0)
    near, far = beam.magnification(np.array([-100.0, 100.0]))
    assert near == 1.0
    assert far == pytest.approx(1000 / 800)


def test_the_beam_hardens():
    """Attenuation a mm falls with depth, from the spectrum's mean to that of its hardest energy."""
    depth = np.array([[1.0, 300.0]])
    nothing = np.zeros_like(depth)
    first, last = (-np.log(exposure(Paths(depth, nothing, nothing))) / depth)[0]
    assert first == pytest.approx(np.dot(SPECTRUM, WATER), rel=0.01)
    assert min(WATER) < last < first


def test_tissues_lie_in_their_textbook_ranges():
    study = next(one for one in cohort() if one.disease.category == "healthy")
    found = make(study, "ct")
    hu = to_hu(found["codes"]).astype(float)
    assert -900 < np.median(hu[found["lungs"] > 0]) < -780
    assert np.median(hu[found["airways"] > 0]) < -880
    assert np.median(hu[:, :6, :6]) == pytest.approx(-1000, abs=16)
    liver = hu[4:7, 60:68, 35:45]
    assert 40 < np.median(liver) < 75
    assert hu.max() > 300
    assert hu.min() >= -1024


def test_lesions_are_denser_than_lung_and_consolidation_denser_than_ground_glass():
    study = max(cohort(), key=lambda one: one.level)
    found = make(study, "ct")
    hu, lesions = to_hu(found["codes"]), found["lesions"]
    clear, glass, solid = (np.median(hu[(found["lungs"] > 0) & (lesions == value)]) for value in (0, 1, 2))
    assert clear < -750 < glass < -300 < solid


def test_size_and_spacing_can_be_chosen():
    study = cohort()[0]
    assert make(study, "cxr", side=128)["pixels"].shape == (128, 128)
    assert make(study, "ct", spacing=(16.0, 4.0, 4.0))["codes"].shape == (22, 88, 88)


def test_dlnets_post_processing_inverts_and_darkens_what_is_bright():
    arrived = np.linspace(0, 1, 256).reshape(16, 16)
    assert post_processed(arrived).ravel().tolist() == list(range(255, -1, -1))
    bright = np.concatenate([np.full(90, 0.05), [0.0], np.full(9, 1.0)])[None]
    assert np.rint(255 * 0.95) > post_processed(bright)[0, 0] == np.rint(255 * (np.rint(255 * 0.95) / 255) ** 5)
    assert post_processed(np.full((4, 4), 0.3)).max() == 0


def test_a_radiograph_can_be_shown_as_dlnet_shows_its_own():
    study = cohort()[1]
    film, drr = make(study, "cxr", side=128), make(study, "cxr", side=128, post="dlnet")
    assert (film["lungs"] == drr["lungs"]).all()
    assert (drr["pixels"] == make(study, "cxr", side=128, post="dlnet")["pixels"]).all()
    lungs, body = drr["pixels"][drr["lungs"] > 0], drr["pixels"][60:110, 50:75]
    assert np.median(lungs) < np.median(body)
    assert (drr["pixels"].min(), drr["pixels"].dtype) == (0, np.uint8)
