"""What can be learnt from the phantom: lung segmentation, by a small network within two minutes of one core."""

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
    module = pytest.importorskip("torch")
    threads = module.get_num_threads()
    module.set_num_threads(1)
    module.manual_seed(0)
    yield module
    module.set_num_threads(threads)


def unet(torch, widths=(12, 24, 48, 64)):
    """Four levels, each with a convolution down and one up."""
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
            for level, convolve in enumerate(self.down):
                x = convolve(nn.functional.max_pool2d(x, 2) if level else x)
                seen.append(x)
            for convolve, wide in zip(reversed(self.up), reversed(seen[:-1]), strict=True):
                x = convolve(torch.cat([wide, nn.functional.interpolate(x, scale_factor=2.0)], 1))
            return self.last(x)

    return UNet()


def load_batch(torch, ids):
    """Radiographs centred on 0 and lung masks `[n, 1, SIDE, SIDE]`."""
    cases, at = load("phantom").by_id, (np.arange(SIDE) * 256 + 128) // SIDE
    radiographs = torch.from_numpy(np.stack([cases[name].image().pixels for name in ids]))[:, None]
    lungs = np.stack([cases[name].targets.lung_mask()[np.ix_(at, at)] > 0 for name in ids])
    small = torch.nn.functional.interpolate(radiographs, (SIDE, SIDE), mode="area") - 0.5
    return small, torch.from_numpy(lungs.astype(np.float32))[:, None]


def train(torch, radiographs, lungs):
    """A network after `STEPS` steps of cross-entropy and soft Dice, brightness and contrast varied."""
    net, rng = unet(torch), np.random.default_rng(0)
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in range(STEPS):
        chosen = torch.from_numpy(rng.choice(len(radiographs), BATCH, replace=False))
        output, truth = net(radiographs[chosen] * rng.uniform(0.7, 1.3) + rng.uniform(-0.15, 0.15)), lungs[chosen]
        likely = output.sigmoid()
        dice = 2 * (likely * truth).sum() / (likely.sum() + truth.sum())
        loss = torch.nn.functional.binary_cross_entropy_with_logits(output, truth) + 1 - dice
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return net.eval()


def test_a_small_unet_segments_lungs_after_forty_radiographs(torch, capsys):
    split = load_split("phantom")
    radiographs, lungs = load_batch(torch, split.cases("train")[:40])
    begin = time.process_time()
    net = train(torch, radiographs, lungs)
    seconds = time.process_time() - begin
    unseen, truth = load_batch(torch, split.cases("test"))
    with torch.no_grad():
        output = net(unseen) > 0
    both = (output & (truth > 0)).sum((1, 2, 3))
    dice = 2 * both / (output.sum((1, 2, 3)) + truth.sum((1, 2, 3)))
    with capsys.disabled():
        print(f"\nlung Dice {float(dice.mean()):.3f} on {len(dice)} radiographs after {seconds:.0f} s of one core")
    assert float(dice.mean()) >= 0.95
    assert seconds < BUDGET
