"""The architecture: its size, its attention, its zones, its variants."""

import pytest
import torch
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.bsnet.heads import PYRAMIDS, ScoringHead, fuse_levels

TINY = ("input.size=64", "network.lung_levels=3", "network.width=16")
TINIER = ("input.size=32", "network.lung_levels=2", "network.width=16")


def system(*changes, name="bs-net-ha"):
    recipe = load_recipe(name, changes)
    torch.manual_seed(0)
    return systems[recipe.system](recipe).eval()


@pytest.fixture(scope="module")
def tiny():
    """A hard-attention network for all tests that change neither its weights nor its settings."""
    return system(*TINY)


def awake(bs_net):
    """The system with an aligner that is not the identity."""
    torch.nn.init.normal_(bs_net.network.aligner.matrix.weight, std=0.02)
    return bs_net


def test_about_20_million_weights_as_printed():
    with torch.device("meta"):
        count = sum(weights.numel() for weights in system().parameters())
    assert 19e6 < count < 21e6


def test_shapes_and_probabilities(tiny):
    with torch.inference_mode():
        image = torch.rand(2, 1, 64, 64)
        outputs, probability = tiny.network(image), tiny(image)["brixia"]
    assert outputs["lungs"].shape == outputs["aligned"].shape == (2, 1, 64, 64)
    assert outputs["theta"].shape == (2, 2, 3)
    assert probability.shape == outputs["zones"].shape == (2, 6, 4)
    assert torch.allclose(probability.sum(-1), torch.ones(2, 6))


def test_only_hard_attention_multiplies_features_by_the_aligned_map(tiny):
    hard, soft = tiny.network.scorer, system(*TINY, name="bs-net-sa").network.scorer
    level, lungs = torch.rand(1, 5, 8, 8), torch.zeros(1, 1, 16, 16)
    lungs[..., :8] = 1
    assert torch.equal(soft.apply_attention(level, lungs), level)
    assert torch.equal(hard.apply_attention(level, lungs)[..., :4], level[..., :4])
    assert not hard.apply_attention(level, lungs)[..., 4:].any()


@pytest.mark.parametrize("kind", PYRAMIDS)
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
    assert torch.allclose(fuse_levels(torch.tensor([2.0, 1.0]), levels), torch.tensor(2.0), atol=1e-3)
    assert torch.allclose(fuse_levels(torch.tensor([-1.0, 1.0]), levels), torch.tensor(4.0), atol=1e-3)


def test_a_flip_before_is_a_flip_after():
    """With `predict.flip`, the mirror image has the same scores with left and right exchanged."""
    bs_net, image = awake(system(*TINY, "predict.flip=true")), torch.rand(2, 1, 64, 64)
    with torch.inference_mode():
        straight, mirrored = bs_net(image)["brixia"], bs_net(image.flip(-1))["brixia"]
    assert torch.allclose(mirrored, straight.roll(3, 1), atol=1e-5)
    assert not torch.allclose(straight, straight.roll(3, 1), atol=1e-5)


def test_each_stage_trains_its_part_alone(tiny):
    net = tiny.network
    assert [list(tiny.trained_modules(stage)) for stage in ("lungs", "alignment", "scoring", "all")] == [
        [net.backbone, net.lungs],
        [net.aligner],
        [net.scorer],
        [net],
    ]


def test_a_batch_is_overfitted():
    bs_net = system(*TINIER).train()
    stage = bs_net.recipe.stage("all")
    batch = {"image": torch.rand(4, 1, 32, 32), "brixia": torch.randint(0, 4, (4, 6))}
    optimizer = torch.optim.Adam(bs_net.parameters(), 1e-3)
    losses = []
    for _ in range(15):
        loss = bs_net.losses(stage, batch)["score"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
