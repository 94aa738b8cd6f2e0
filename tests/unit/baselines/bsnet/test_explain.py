"""Equation 4 against its definition, and the picture."""

import cxrbench
import numpy as np
import pytest
import torch
from cxrbench.errors import CxrbenchError
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.bsnet import explain as room
from cxrbench_baselines.systems.bsnet.explain import (
    compute_relevance,
    explain_radiograph,
    find_superpixels,
    write_explanation,
)
from PIL import Image

SMALL = ("input.size=32", "network.lung_levels=2", "network.width=8")


@pytest.fixture(scope="module")
def system():
    torch.manual_seed(0)
    return systems["bs-net"](load_recipe("bs-net-ha", SMALL)).eval()


def test_relevance_is_the_change_without_the_super_pixel(system):
    image = torch.rand(1, 1, 32, 32)
    partition = torch.zeros(32, 32, dtype=torch.long)
    partition[4:12, 4:12], partition[20:30, 8:16] = 1, 2
    dark = image.clone()
    dark[..., 20:30, 8:16] = image.min()
    with torch.inference_mode():
        maps = compute_relevance(system, image, partition)
        expected = (system(dark)["brixia"] - system(image)["brixia"]).sum(1)[0]
    assert torch.allclose(maps[:, 25, 12], expected, atol=1e-6)
    assert not maps[:, partition == 0].any()
    assert torch.allclose(maps.sum(0), torch.zeros(32, 32), atol=1e-5)  # probabilities add up to one


def test_maps_are_aligned_with_the_radiograph_and_written(system, tmp_path):
    radiograph = cxrbench.Image(id="one", pixels=np.random.default_rng(0).random((40, 36), np.float32), modality="cxr")
    partition = np.arange(32 * 32).reshape(32, 32) // 256 + 1
    pixels, maps = explain_radiograph(system, radiograph, partition)
    assert pixels.shape == (32, 32)
    assert maps.shape == (4, 32, 32)
    write_explanation(tmp_path / "maps.png", pixels, maps)
    with Image.open(tmp_path / "maps.png") as picture:
        assert picture.size == (4 * 32, 32)


def test_without_scikit_image_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(room, "find_spec", lambda _: None)
    with pytest.raises(CxrbenchError, match="scikit-image"):
        find_superpixels(np.zeros((8, 8), np.float32), np.ones((8, 8), bool))


def test_super_pixels_are_within_the_lungs():
    pytest.importorskip("skimage")
    pixels = np.random.default_rng(0).random((32, 32)).astype(np.float32)
    lungs = np.zeros((32, 32), bool)
    lungs[4:28, 4:28] = True
    parts = find_superpixels(pixels, lungs)
    assert (parts[~lungs] == 0).all()
    assert (parts[lungs] > 0).all()
