"""The physics of the phantom: line integrals, beam hardening, HU of tissues, fixed random numbers."""

import numpy as np
import pytest
from cxrbench.phantom.cohort import make_cohort
from cxrbench.phantom.detector import SPECTRUM, WATER, PathLengths, compute_exposure
from cxrbench.phantom.draw import RandomStream
from cxrbench.phantom.drr import postprocess_dlnet
from cxrbench.phantom.generate import make_arrays
from cxrbench.phantom.projection import Beam
from cxrbench.phantom.space import FIELD, Ellipsoid, VoxelGrid
from cxrbench.phantom.strands import Strands
from cxrbench.phantom.volume import to_hu

FAR = Beam(128, 1e9, 0.0)
"""A source so far away that its rays are parallel."""


def test_random_numbers_never_change():
    draw = RandomStream(2020, 1)
    assert [round(value, 12) for value in draw.uniforms(3).tolist()] == pytest.approx(
        np.random.Generator(np.random.PCG64(np.random.SeedSequence([2020, 1]))).random(3).tolist(), abs=1e-12
    )
    noise = RandomStream(1).normals((200_000,))
    assert (abs(noise.mean()) < 0.01, abs(noise.std() - 1) < 0.01) == (True, True)


def test_the_line_integral_of_a_slab_is_analytic():
    grid = VoxelGrid.covering((FIELD, 288.0, FIELD), (2.5, 5.0, 2.5))
    slab = np.zeros(grid.shape, np.float32)
    slab[:, 20:32, :] = 1.0
    inside = FAR.project_volume(grid, slab)[8:-8, 8:-8]
    assert np.allclose(inside, 60.0, rtol=0.01)


def test_the_chord_of_a_ball_is_analytic():
    grid = VoxelGrid.covering((FIELD, 288.0, FIELD), (2.5, 5.0, 2.5))
    ball = np.zeros(grid.shape, np.float32)
    box, share = Ellipsoid((176.0, 0.0, 0.0), (60.0, 60.0, 60.0)).share(grid)
    ball[box] = share
    at = (np.arange(128) + 0.5) * FIELD / 128 - FIELD / 2
    chord = 2 * np.sqrt(np.maximum(60**2 - at[None, :] ** 2 - at[:, None] ** 2, 0))
    deep = chord > 60
    assert np.allclose(FAR.project_volume(grid, ball)[deep], chord[deep], rtol=0.03)


@pytest.mark.parametrize("tilt", [0.0, 0.8])
def test_the_chord_and_the_volume_of_a_tube(tilt):
    tube = Strands.along(np.array([(76.0, -100 * tilt, 0.0), (276.0, 100 * tilt, 0.0)]), 12.0)
    shown = FAR.project_strands(tube)
    assert shown[64, 63:65].max() == pytest.approx(24 * np.sqrt(1 + tilt**2), rel=0.10)
    assert shown.sum() * (FIELD / 128) ** 2 == pytest.approx(np.pi * 12**2 * 200 * np.sqrt(1 + tilt**2), rel=0.01)


def test_straight_tubes_together_equal_each_along_its_line():
    ends, radii = RandomStream(3).uniforms(60).reshape(10, 2, 3) * 90, RandomStream(4).uniforms(20).reshape(10, 2) + 1
    separate = Strands.join([Strands.along(line, radius, step=1.4) for line, radius in zip(ends, radii, strict=True)])
    together = Strands.straight(ends[:, 0], ends[:, 1], radii, step=1.4)
    for name in Strands.__slots__:
        np.testing.assert_array_equal(getattr(together, name), getattr(separate, name))


def test_a_point_source_magnifies_distant_objects():
    beam = Beam(128, 1000.0, -100.0)
    near, far = beam.magnification(np.array([-100.0, 100.0]))
    assert near == 1.0
    assert far == pytest.approx(1000 / 800)


def test_the_beam_hardens():
    """Attenuation per mm falls with depth, from the spectrum's mean to that of its hardest energy."""
    depth = np.array([[1.0, 300.0]])
    nothing = np.zeros_like(depth)
    first, last = (-np.log(compute_exposure(PathLengths(depth, nothing, nothing))) / depth)[0]
    assert first == pytest.approx(np.dot(SPECTRUM, WATER), rel=0.01)
    assert min(WATER) < last < first


def test_tissues_have_textbook_hu():
    study = next(study for study in make_cohort() if study.disease.category == "healthy")
    arrays = make_arrays(study, "ct")
    hu = to_hu(arrays["codes"]).astype(float)
    assert -900 < np.median(hu[arrays["lungs"] > 0]) < -780
    assert np.median(hu[arrays["airways"] > 0]) < -880
    assert np.median(hu[:, :6, :6]) == pytest.approx(-1000, abs=16)
    liver = hu[4:7, 60:68, 35:45]
    assert 40 < np.median(liver) < 75
    assert hu.max() > 300
    assert hu.min() >= -1024


def test_hu_rise_from_lung_over_ground_glass_to_consolidation():
    study = max(make_cohort(), key=lambda study: study.level)
    arrays = make_arrays(study, "ct")
    hu, lesions = to_hu(arrays["codes"]), arrays["lesions"]
    clear, glass, solid = (np.median(hu[(arrays["lungs"] > 0) & (lesions == value)]) for value in (0, 1, 2))
    assert clear < -750 < glass < -300 < solid


def test_size_and_spacing_can_be_chosen():
    study = make_cohort()[0]
    assert make_arrays(study, "cxr", side=128)["pixels"].shape == (128, 128)
    assert make_arrays(study, "ct", spacing=(16.0, 4.0, 4.0))["codes"].shape == (22, 88, 88)


def test_post_processing_of_dlnet_inverts_and_darkens():
    arrived = np.linspace(0, 1, 256).reshape(16, 16)
    assert postprocess_dlnet(arrived).ravel().tolist() == list(range(255, -1, -1))
    bright = np.concatenate([np.full(90, 0.05), [0.0], np.full(9, 1.0)])[None]
    assert np.rint(255 * 0.95) > postprocess_dlnet(bright)[0, 0] == np.rint(255 * (np.rint(255 * 0.95) / 255) ** 5)
    assert postprocess_dlnet(np.full((4, 4), 0.3)).max() == 0


def test_a_radiograph_in_the_style_of_dlnet():
    study = make_cohort()[1]
    radiograph, drr = make_arrays(study, "cxr", side=128), make_arrays(study, "cxr", side=128, post="dlnet")
    assert (radiograph["lungs"] == drr["lungs"]).all()
    assert (drr["pixels"] == make_arrays(study, "cxr", side=128, post="dlnet")["pixels"]).all()
    lungs, body = drr["pixels"][drr["lungs"] > 0], drr["pixels"][60:110, 50:75]
    assert np.median(lungs) < np.median(body)
    assert (drr["pixels"].min(), drr["pixels"].dtype) == (0, np.uint8)
