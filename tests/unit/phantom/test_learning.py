"""What can be learnt from the phantom: the lungs, by a small network in less than two minutes of one core."""

import time
from itertools import pairwise

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.splits import load_split

pytestmark = pytest.mark.slow

SIDE, BATCH, STEPS, BUDGET = 96, 8, 240, 120.0


@pytest.fixture(scope="module")
def torch():
    found = pytest.importorskip("torch")
    threads = found.get_num_threads()
    found.set_num_threads(1)
    found.manual_seed(0)
    yield found
    found.set_num_threads(threads)


def unet(torch, widths=(12, 24, 48, 64)):
    """Four levels, each a convolution down and one up."""
    nn = torch.nn

    def block(inward, outward):
        return nn.Sequential(nn.Conv2d(inward, outward, 3, padding=1), nn.BatchNorm2d(outward), nn.ReLU())

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.down = nn.ModuleList(block(a, b) for a, b in zip((1, *widths[:-1]), widths, strict=True))
            self.up = nn.ModuleList(block(a + b, a) for a, b in pairwise(widths))
            self.last = nn.Conv2d(widths[0], 1, 1)

        def forward(self, x):
            seen = []
            for level, one in enumerate(self.down):
                x = one(nn.functional.max_pool2d(x, 2) if level else x)
                seen.append(x)
            for one, wide in zip(reversed(self.up), reversed(seen[:-1]), strict=True):
                x = one(torch.cat([wide, nn.functional.interpolate(x, scale_factor=2.0)], 1))
            return self.last(x)

    return UNet()


def shown(torch, ids):
    """Films about 0 and lung masks `[n, 1, SIDE, SIDE]`."""
    cases, at = load("phantom").by_id, (np.arange(SIDE) * 256 + 128) // SIDE
    films = torch.from_numpy(np.stack([cases[one].image().pixels for one in ids]))[:, None]
    lungs = np.stack([cases[one].targets.lung_mask()[np.ix_(at, at)] > 0 for one in ids])
    small = torch.nn.functional.interpolate(films, (SIDE, SIDE), mode="area") - 0.5
    return small, torch.from_numpy(lungs.astype(np.float32))[:, None]


def trained(torch, films, lungs):
    """A network after `STEPS` steps of cross-entropy and soft Dice, brightness and contrast varied."""
    net, rng = unet(torch), np.random.default_rng(0)
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in range(STEPS):
        chosen = torch.from_numpy(rng.choice(len(films), BATCH, replace=False))
        said, truth = net(films[chosen] * rng.uniform(0.7, 1.3) + rng.uniform(-0.15, 0.15)), lungs[chosen]
        likely = said.sigmoid()
        dice = 2 * (likely * truth).sum() / (likely.sum() + truth.sum())
        loss = torch.nn.functional.binary_cross_entropy_with_logits(said, truth) + 1 - dice
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return net.eval()


def test_a_small_unet_learns_the_lungs_from_forty_films(torch, capsys):
    split = load_split("phantom")
    films, lungs = shown(torch, split.cases("train")[:40])
    begin = time.process_time()
    net = trained(torch, films, lungs)
    seconds = time.process_time() - begin
    unseen, truth = shown(torch, split.cases("test"))
    with torch.no_grad():
        said = net(unseen) > 0
    both = (said & (truth > 0)).sum((1, 2, 3))
    dice = 2 * both / (said.sum((1, 2, 3)) + truth.sum((1, 2, 3)))
    with capsys.disabled():
        print(f"\nlung Dice {float(dice.mean()):.3f} on {len(dice)} films after {seconds:.0f} s of one core")
    assert float(dice.mean()) >= 0.95
    assert seconds < BUDGET
