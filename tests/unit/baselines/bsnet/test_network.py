"""The architecture: its size, its attention, its zones, its variants."""

import pytest
import torch
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.bsnet.heads import KINDS, ScoringHead, fused

TINY = ("input.size=64", "network.lung_levels=3", "network.width=16")
TINIER = ("input.size=32", "network.lung_levels=2", "network.width=16")


def system(*changes, name="bs-net-ha"):
    recipe = load_recipe(name, changes)
    torch.manual_seed(0)
    return systems[recipe.system](recipe).eval()


def awake(made):
    """Its aligner no longer the identity, its batch statistics no longer the first."""
    torch.nn.init.normal_(made.network.aligner.matrix.weight, std=0.02)
    return made


def test_about_20_million_weights_as_printed():
    with torch.device("meta"):
        count = sum(one.numel() for one in system().parameters())
    assert 19e6 < count < 21e6


def test_shapes_and_probabilities():
    with torch.inference_mode():
        made, image = system(*TINY), torch.rand(2, 1, 64, 64)
        found, probability = made.network(image), made(image)["brixia"]
    assert found["lungs"].shape == found["aligned"].shape == (2, 1, 64, 64)
    assert found["theta"].shape == (2, 2, 3)
    assert probability.shape == found["zones"].shape == (2, 6, 4)
    assert torch.allclose(probability.sum(-1), torch.ones(2, 6))


def test_hard_attention_is_the_features_times_the_aligned_map_and_soft_is_not():
    hard, soft = (system(*TINY, name=name).network.scorer for name in ("bs-net-ha", "bs-net-sa"))
    level, lungs = torch.rand(1, 5, 8, 8), torch.zeros(1, 1, 16, 16)
    lungs[..., :8] = 1
    assert torch.equal(soft.attended(level, lungs), level)
    assert torch.equal(hard.attended(level, lungs)[..., :4], level[..., :4])
    assert not hard.attended(level, lungs)[..., 4:].any()


@pytest.mark.parametrize("kind", KINDS)
def test_a_zone_is_scored_by_its_own_features(kind):
    head = ScoringHead(kind, [8, 12, 16], 8, 0.0).eval()
    levels = [torch.rand(12, width, side, side) for width, side in ((8, 8), (12, 4), (16, 2))]
    changed = [level.clone() for level in levels]
    for level in changed:
        level[6 + 2] += 1  # zone C of the second radiograph
    moved = (head(levels) != head(changed)).any(-1)
    assert moved.nonzero().tolist() == [[1, 2]]


def test_bifpn_fusion_is_a_weighted_mean():
    levels = [torch.full((1, 1, 4, 4), 1.0), torch.full((1, 1, 2, 2), 4.0)]
    assert torch.allclose(fused(torch.tensor([2.0, 1.0]), levels), torch.tensor(2.0), atol=1e-3)
    assert torch.allclose(fused(torch.tensor([-1.0, 1.0]), levels), torch.tensor(4.0), atol=1e-3)


def test_a_flip_before_is_a_flip_after():
    """With `predict.flip`, the mirror image is given the scores with the sides exchanged."""
    made, image = awake(system(*TINY, "predict.flip=true")), torch.rand(2, 1, 64, 64)
    with torch.inference_mode():
        straight, mirrored = made(image)["brixia"], made(image.flip(-1))["brixia"]
    assert torch.allclose(mirrored, straight.roll(3, 1), atol=1e-5)
    assert not torch.allclose(straight, straight.roll(3, 1), atol=1e-5)


def test_stages_move_their_part_alone():
    made = system(*TINY)
    net = made.network
    assert [list(made.parts(stage)) for stage in ("lungs", "alignment", "scoring", "all")] == [
        [net.backbone, net.lungs],
        [net.aligner],
        [net.scorer],
        [net],
    ]


def test_one_batch_is_learnt_by_heart():
    made = system(*TINIER).train()
    stage = made.recipe.stage("all")
    batch = {"image": torch.rand(4, 1, 32, 32), "brixia": torch.randint(0, 4, (4, 6))}
    optimizer = torch.optim.Adam(made.parameters(), 1e-3)
    found = []
    for _ in range(15):
        loss = made.losses(stage, batch)["score"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(float(loss.detach()))
    assert found[-1] < 0.5 * found[0]
