"""Make weights.safetensors: `python submissions/resnet18/train.py --data DIR`. About 20 minutes on two cores.

Trained from scratch on the training part of brixia-cohen for a fixed number of epochs: no image of the test part,
and no choice made on it. The L1 loss is the metric itself.
"""

from pathlib import Path

import click
import cxrbench
import numpy as np
import torch
from network import network, prepared, scores
from safetensors.torch import save_file
from torchvision.transforms import v2

EPOCHS, BATCH, RATE, DECAY = 200, 16, 1e-3, 0.05
AUGMENT = v2.Compose(
    [v2.RandomAffine(degrees=8, translate=(0.06, 0.06), scale=(0.9, 1.12), fill=-2.0), v2.GaussianBlur(3, (0.1, 1.0))]
)


def training_part(data: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Images `[n, 1, H, W]` and scores `[n, 6]` of the training part."""
    cases = cxrbench.load("brixia-cohen", data).by_id
    train = [cases[name] for name in cxrbench.load_split("brixia-cohen").cases("train") if cases[name].available]
    images = np.stack([prepared(case.image().pixels) for case in train])[:, None]
    return torch.from_numpy(images), torch.tensor([case.targets.brixia for case in train], dtype=torch.float32)


def augmented(images: torch.Tensor, truth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Half of the batch mirrored with its lungs exchanged; every image moved, blurred, its contrast changed."""
    mirror = torch.rand(len(images)) < 0.5
    images = torch.where(mirror[:, None, None, None], images.flip(-1), images)
    truth = torch.where(mirror[:, None], truth.roll(3, dims=1), truth)
    moved = torch.stack([AUGMENT(image) for image in images])
    contrast, brightness = 0.8 + 0.4 * torch.rand(len(images)), 0.4 * torch.rand(len(images)) - 0.2
    return moved * contrast[:, None, None, None] + brightness[:, None, None, None], truth


@click.command()
@click.option("--data", envvar="CXRBENCH_DATA", required=True)
@click.option("--seed", default=0, show_default=True)
def main(data: str, seed: int) -> None:
    """Train, and write the weights beside this file."""
    torch.manual_seed(seed)
    images, truth = training_part(data)
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    steps = EPOCHS * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for epoch in range(EPOCHS):
        losses = [step(model, optimizer, schedule, *augmented(images[rows], truth[rows])) for rows in batches(images)]
        print(f"epoch {epoch + 1}/{EPOCHS}: L1 {np.mean(losses):.3f}", flush=True)
    save_file(model.state_dict(), Path(__file__).with_name("weights.safetensors"))


def batches(images: torch.Tensor) -> list[torch.Tensor]:
    """Row numbers of one epoch, shuffled, in full batches."""
    return list(torch.randperm(len(images))[: len(images) // BATCH * BATCH].split(BATCH))


def step(model: torch.nn.Module, optimizer, schedule, images: torch.Tensor, truth: torch.Tensor) -> float:
    """One step of gradient descent; the batch's L1 loss."""
    model.train()
    loss = (scores(model, images) - truth).abs().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    return float(loss.detach())


if __name__ == "__main__":
    main()
