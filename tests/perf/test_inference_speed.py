"""Prediction through our code beside the bare network on ready tensors: at most 5 % slower."""

import time

import numpy as np
import pytest
import torch
from cxrbench.case import Image
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.systems import systems

pytestmark = pytest.mark.slow
ROUNDS = 7


def seconds(run):
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


@pytest.mark.parametrize("name", ["lung-fpn", "lung-unet", "resnet18"])
def test_prediction_costs_what_the_network_costs(benchmark, name):
    """Median of paired rounds, in turn, one thread, at the recipe's own size; the image is 1024 x 1024."""
    torch.set_num_threads(1)
    recipe = load_recipe(name, ("network.pretrained=none",))
    system = systems[recipe.system](recipe).eval()
    image = Image(np.random.default_rng(0).random((1024, 1024), np.float32))
    batch = system.make_batch([image], system.find_views([image]))

    def bare():
        with torch.inference_mode():
            system(batch)

    bare()
    pairs = [(seconds(bare), seconds(lambda: system.predict([image]))) for _ in range(ROUNDS)]
    benchmark.pedantic(lambda: system.predict([image]), rounds=1)
    ratio = float(np.median([ours / peer for peer, ours in pairs]))
    benchmark.extra_info.update(ratio_to_bare_network=ratio, asked="1.05 at most")
    print(f"{name}: {ratio:.3f} of the bare network's time")
