"""Which training images of DLNet's second stage get a proposal in place of their boxes (Amer et al. 2020, III-B)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from cxrbench_baselines.framing import normalised
from cxrbench_baselines.recipe import Share, Strict
from cxrbench_baselines.systems.dlnet.proposals import proposals

if TYPE_CHECKING:
    from cxrbench_baselines.systems.dlnet.dlnet import DLNetSystem


class Proposals(Strict):
    """Which boxes are replaced and by what; the defaults are the paper's.

    Of the images with boxes whose probability is above `certain` a `share`, drawn with the seed, gets proposals;
    `threshold` cuts the fused map. An image in whose boxes the map nowhere reaches it keeps its boxes.
    """

    share: Annotated[float, Field(ge=0, le=1)] = 0.5
    certain: Share = 0.8
    threshold: Share = 0.4


def refined(system: "DLNetSystem", examples: Any, given: Proposals | None, seed: int) -> None:
    """Mark every example as `refined` or not, and put proposals where they belong, in place; None leaves every box."""
    for example in examples.examples:
        example["refined"] = np.array(0, np.uint8)
    if given is None:
        return
    system.eval()
    made = {i: _proposal(system, one, given) for i, one in enumerate(examples.examples) if (one["boxes"] == 1).any()}
    sure = [i for i, (found, probability) in made.items() if probability > given.certain and found.any()]
    count = round(given.share * len(sure))
    for i in np.random.default_rng(seed).permutation(sure)[:count].tolist():
        examples.examples[i] |= {"boxes": made[i][0], "refined": np.array(1, np.uint8)}


def _proposal(system: "DLNetSystem", example: Mapping[str, Any], given: Proposals) -> tuple[NDArray[np.uint8], float]:
    """The proposal `[S, S]` of one example, and the probability of the finding."""
    image = torch.from_numpy(normalised(example["image"], system.given))[None].to(system.device)
    drawn = torch.from_numpy(example["boxes"])[None].to(system.device)
    found, probability = proposals(system.dlnet, image, drawn, given.threshold)
    return found[0].cpu().numpy(), float(probability)
