"""Equation 4 against its own words, and the picture."""

import numpy as np
import pytest
import torch
from cxrbench.case import Image as Film
from cxrbench.errors import CxrbenchError
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.bsnet import explain as room
from cxrbench_baselines.systems.bsnet.explain import explain, quickshift, relevance, write_explanation
from PIL import Image

SMALL = ("input.size=32", "network.lung_levels=2", "network.width=8")


@pytest.fixture(scope="module")
def system():
    torch.manual_seed(0)
    return systems["bs-net"](load_recipe("bs-net-ha", SMALL)).eval()


def test_a_super_pixel_carries_the_change_that_its_absence_makes(system):
    image = torch.rand(1, 1, 32, 32)
    partition = torch.zeros(32, 32, dtype=torch.long)
    partition[4:12, 4:12], partition[20:30, 8:16] = 1, 2
    dark = image.clone()
    dark[..., 20:30, 8:16] = image.min()
    with torch.inference_mode():
        maps = relevance(system, image, partition)
        want = (system(dark)["brixia"] - system(image)["brixia"]).sum(1)[0]
    assert torch.allclose(maps[:, 25, 12], want, atol=1e-6)
    assert not maps[:, partition == 0].any()
    assert torch.allclose(maps.sum(0), torch.zeros(32, 32), atol=1e-5)  # probabilities add up to one


def test_maps_are_aligned_with_the_radiograph_and_written(system, tmp_path):
    film = Film(id="one", pixels=np.random.default_rng(0).random((40, 36), np.float32), modality="cxr")
    partition = np.arange(32 * 32).reshape(32, 32) // 256 + 1
    pixels, maps = explain(system, film, partition)
    assert pixels.shape == (32, 32)
    assert maps.shape == (4, 32, 32)
    write_explanation(tmp_path / "maps.png", pixels, maps)
    with Image.open(tmp_path / "maps.png") as picture:
        assert picture.size == (4 * 32, 32)


def test_without_scikit_image_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(room, "find_spec", lambda _: None)
    with pytest.raises(CxrbenchError, match="scikit-image"):
        quickshift(np.zeros((8, 8), np.float32), np.ones((8, 8), bool))


def test_quickshift_divides_the_lungs_alone():
    pytest.importorskip("skimage")
    pixels = np.random.default_rng(0).random((32, 32)).astype(np.float32)
    lungs = np.zeros((32, 32), bool)
    lungs[4:28, 4:28] = True
    found = quickshift(pixels, lungs)
    assert (found[~lungs] == 0).all()
    assert (found[lungs] > 0).all()
