"""The spatial transformer: the identity when untrained, the warp of a given matrix, and training on lung masks."""

import numpy as np
import torch
from cxrbench_baselines.recipe import Step
from cxrbench_baselines.systems.bsnet.alignment import (
    Aligner,
    DisturbedMasks,
    compute_soft_dice,
    stretch_to_box,
    warp_maps,
)

TABLE_2 = (
    Step(op="rotation", p=0.8, degrees=25),
    Step(op="scale", p=0.8, percent=10),
    Step(op="shift", p=0.8, percent=10),
    Step(op="elastic", p=0.2, alpha=60, sigma=12),
    Step(op="grid-distortion", p=0.2, step=5, limit=0.3),
    Step(op="optical-distortion", p=0.2, distort=0.2),
)


def draw_lungs(size=64):
    """Two ellipses, uint8 `[size, size]`."""
    rows, columns = np.mgrid[:size, :size] / size
    ellipses = [((columns - x) / 0.13) ** 2 + ((rows - 0.55) / 0.3) ** 2 < 1 for x in (0.35, 0.68)]
    return np.any(ellipses, 0).astype(np.uint8)


def test_an_untrained_aligner_is_the_identity():
    maps = torch.rand(2, 1, 96, 96)
    theta = Aligner()(maps)
    assert torch.equal(theta, torch.eye(2, 3).expand(2, 2, 3))
    assert torch.allclose(warp_maps(maps, theta), maps, atol=1e-5)


def test_a_matrix_moves_and_zooms_every_channel_alike():
    """x' = x / 2 + 1/2 in [-1, 1] looks at the right half; the same for rows looks at the lower half."""
    maps = torch.rand(1, 3, 8, 8)
    theta = torch.tensor([[[0.5, 0, 0.5], [0, 0.5, 0.5]]])
    expected = torch.nn.functional.interpolate(maps, (16, 16), mode="bilinear")[:, :, 8:, 8:]
    assert torch.allclose(
        warp_maps(maps, theta)[..., :-1, :-1], expected[..., :-1, :-1], atol=1e-5
    )  # outside is 0, not edge


def test_aligned_lungs_touch_all_four_sides():
    aligned = stretch_to_box(draw_lungs())
    assert aligned.shape == (64, 64)
    assert all(side.any() for side in (aligned[0], aligned[-1], aligned[:, 0], aligned[:, -1]))


def test_examples_move_on_with_the_epoch_while_learning_only():
    masks = [draw_lungs(), np.zeros((64, 64), np.uint8)]
    learning, checking = (DisturbedMasks(masks, TABLE_2, 0, learning=flag) for flag in (True, False))
    assert len(learning) == 1
    first, held = learning[0]["disturbed"], checking[0]["disturbed"]
    learning.epoch = checking.epoch = 1
    assert not torch.equal(learning[0]["disturbed"], first)
    assert torch.equal(checking[0]["disturbed"], held)
    assert torch.equal(learning[0]["aligned"], checking[0]["aligned"])


def test_the_aligner_learns_to_align():
    torch.manual_seed(0)
    examples = DisturbedMasks([draw_lungs()] * 16, TABLE_2, 0, learning=True)
    aligner = Aligner()
    optimizer = torch.optim.Adam(aligner.parameters(), 1e-3)
    qualities = []
    for epoch in range(40):
        examples.epoch = epoch
        disturbed, aligned = (torch.stack([example[key] for example in examples]) for key in ("disturbed", "aligned"))
        quality = compute_soft_dice(warp_maps(disturbed, aligner(disturbed)), aligned).mean()
        qualities.append(float(quality.detach()))
        optimizer.zero_grad()
        (1 - quality).backward()
        optimizer.step()
    assert qualities[0] < 0.75
    assert np.mean(qualities[-5:]) > 0.8
