"""Which training images of DLNet's second stage get a proposal in place of their boxes (Amer et al. 2020, III-B)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from cxrbench_baselines.framing import normalised
from cxrbench_baselines.systems.dlnet.proposals import proposals

if TYPE_CHECKING:
    from cxrbench_baselines.systems.dlnet.dlnet import DLNetSystem


def refined(system: "DLNetSystem", examples: Any, given: Mapping[str, float] | None, seed: int) -> None:
    """Mark every example as `refined` or not, and put proposals where they belong, in place.

    `given` are `share` (of the positive images above `certain`, drawn with the seed, half in the paper), `certain`
    (probability of the finding, 0.8) and `threshold` (of the fused map, 0.4); None leaves every box.
    """
    for example in examples.examples:
        example["refined"] = np.array(0, np.uint8)
    if given is None:
        return
    system.eval()
    made = {i: _proposal(system, one, given) for i, one in enumerate(examples.examples) if one["finding"] == 1}
    sure = [i for i, (_, probability) in made.items() if probability > given["certain"]]
    count = round(given["share"] * len(sure))
    for i in np.random.default_rng(seed).permutation(sure)[:count].tolist():
        examples.examples[i] |= {"boxes": made[i][0], "refined": np.array(1, np.uint8)}


def _proposal(
    system: "DLNetSystem", example: Mapping[str, Any], given: Mapping[str, float]
) -> tuple[np.ndarray, float]:
    """The proposal `[S, S]` of one example, and the probability of the finding."""
    image = torch.from_numpy(normalised(example["image"], system.given))[None].to(system.device)
    drawn = torch.from_numpy(example["boxes"])[None].to(system.device)
    found, probability = proposals(system.dlnet, image, drawn, given["threshold"])
    return found[0].cpu().numpy(), float(probability)
