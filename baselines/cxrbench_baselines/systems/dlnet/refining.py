"""Which training images of DLNet's second stage get a proposal in place of their boxes (Amer et al. 2020, III-B)."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from cxrbench_baselines.framing import normalise_square
from cxrbench_baselines.recipe import Fraction, StrictModel
from cxrbench_baselines.system import System
from cxrbench_baselines.systems.dlnet.network import DLNet
from cxrbench_baselines.systems.dlnet.proposals import make_proposals


class ProposalOptions(StrictModel):
    """Which boxes are replaced and by what; the defaults are the paper's.

    Of the images with boxes whose probability is above `certain`, a `share`, drawn with the seed, gets proposals;
    `threshold` cuts the fused map. An image keeps its boxes where the map reaches the threshold in none of them.
    """

    share: Annotated[float, Field(ge=0, le=1)] = 0.5
    certain: Fraction = 0.8
    threshold: Fraction = 0.4


def replace_boxes(system: System, network: DLNet, examples: Any, options: ProposalOptions | None, seed: int) -> None:
    """Mark every example as `refined` or not, and put proposals in place of boxes.

    Args:
        system: The system, which is set to evaluation mode where proposals are made.
        network: Its network, after the first stage.
        examples: Prepared radiographs; their list `examples` is changed in place.
        options: Which boxes to replace; None keeps every box.
        seed: Seed of the draw.
    """
    for example in examples.examples:
        example["refined"] = np.array(0, np.uint8)
    if options is None:
        return
    system.eval()
    proposals = {
        i: _make_proposal(system, network, example, options.threshold)
        for i, example in enumerate(examples.examples)
        if (example["boxes"] == 1).any()
    }
    sure = [i for i, (mask, probability) in proposals.items() if probability > options.certain and mask.any()]
    count = round(options.share * len(sure))
    for i in np.random.default_rng(seed).permutation(sure)[:count].tolist():
        examples.examples[i] |= {"boxes": proposals[i][0], "refined": np.array(1, np.uint8)}


def _make_proposal(
    system: System, network: DLNet, example: Mapping[str, Any], threshold: float
) -> tuple[NDArray[np.uint8], float]:
    """The proposal `[S, S]` of one example, and the probability of pneumonia."""
    image = torch.from_numpy(normalise_square(example["image"], system.input))[None].to(system.device)
    boxes = torch.from_numpy(example["boxes"])[None].to(system.device)
    masks, probability = make_proposals(network, image, boxes, threshold)
    return masks[0].cpu().numpy(), float(probability)
