"""The spatial transformer: the identity at first, a warp that goes where its matrix says, and that lungs can teach."""

import numpy as np
import torch
from cxrbench_baselines.recipe import Step
from cxrbench_baselines.systems.bsnet.alignment import Aligner, Misaligned, box_filling, overlap, warped

TABLE_2 = (
    Step(op="rotation", p=0.8, degrees=25),
    Step(op="scale", p=0.8, percent=10),
    Step(op="shift", p=0.8, percent=10),
    Step(op="elastic", p=0.2, alpha=60, sigma=12),
    Step(op="grid-distortion", p=0.2, step=5, limit=0.3),
    Step(op="optical-distortion", p=0.2, distort=0.2),
)


def lungs(size=64):
    """Two ellipses, as uint8."""
    rows, columns = np.mgrid[:size, :size] / size
    found = [((columns - x) / 0.13) ** 2 + ((rows - 0.55) / 0.3) ** 2 < 1 for x in (0.35, 0.68)]
    return np.any(found, 0).astype(np.uint8)


def test_untrained_it_leaves_the_map_where_it_is():
    maps = torch.rand(2, 1, 96, 96)
    theta = Aligner()(maps)
    assert torch.equal(theta, torch.eye(2, 3).expand(2, 2, 3))
    assert torch.allclose(warped(maps, theta), maps, atol=1e-5)


def test_a_matrix_moves_and_zooms_every_channel_alike():
    """x' = x / 2 + 1/2 in [-1, 1] looks at the right half; the same for rows looks at the lower half."""
    maps = torch.rand(1, 3, 8, 8)
    theta = torch.tensor([[[0.5, 0, 0.5], [0, 0.5, 0.5]]])
    want = torch.nn.functional.interpolate(maps, (16, 16), mode="bilinear")[:, :, 8:, 8:]
    assert torch.allclose(warped(maps, theta)[..., :-1, :-1], want[..., :-1, :-1], atol=1e-5)  # outside is 0, not edge


def test_aligned_lungs_touch_all_four_sides():
    found = box_filling(lungs())
    assert found.shape == (64, 64)
    assert all(side.any() for side in (found[0], found[-1], found[:, 0], found[:, -1]))


def test_examples_move_on_with_the_epoch_while_learning_only():
    masks = [lungs(), np.zeros((64, 64), np.uint8)]
    learning, checking = (Misaligned(masks, TABLE_2, 0, learning=flag) for flag in (True, False))
    assert len(learning) == 1
    first, held = learning[0]["disturbed"], checking[0]["disturbed"]
    learning.epoch = checking.epoch = 1
    assert not torch.equal(learning[0]["disturbed"], first)
    assert torch.equal(checking[0]["disturbed"], held)
    assert torch.equal(learning[0]["aligned"], checking[0]["aligned"])


def test_it_learns_to_align():
    torch.manual_seed(0)
    examples = Misaligned([lungs()] * 16, TABLE_2, 0, learning=True)
    aligner = Aligner()
    optimizer = torch.optim.Adam(aligner.parameters(), 1e-3)
    found = []
    for epoch in range(40):
        examples.epoch = epoch
        disturbed, aligned = (torch.stack([one[key] for one in examples]) for key in ("disturbed", "aligned"))
        quality = overlap(warped(disturbed, aligner(disturbed)), aligned).mean()
        found.append(float(quality.detach()))
        optimizer.zero_grad()
        (1 - quality).backward()
        optimizer.step()
    assert found[0] < 0.75
    assert np.mean(found[-5:]) > 0.8
