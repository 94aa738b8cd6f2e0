r"""BS-Net-ENS: the mean of the class probabilities of trained BS-Nets (Signoroni et al. 2020, section 6.3).

The paper's members are the hard- and the soft-attention network, each as the best epoch by validation and as the last
one left it. Nothing is learnt here: each member is given with `--start`, from the folder of its own training:

    cxrbench train bs-net-ha
    cxrbench train bs-net-ha --name bs-net-ha-last --set stages.all.select=last
    cxrbench train bs-net-sa
    cxrbench train bs-net-sa --name bs-net-sa-last --set stages.all.select=last
    cxrbench train bs-net-ens --start ha=submissions/bs-net-ha --start ha_last=submissions/bs-net-ha-last \
        --start sa=submissions/bs-net-sa --start sa_last=submissions/bs-net-sa-last

`network.members` may name others (`ha_seed1`): the first two letters tell the attention. The members' sizes and widths
are the ensemble's, changed with the same `--set`.
"""

from collections.abc import Sequence
from typing import Annotated, cast

import torch
from cxrbench.case import Case
from cxrbench.errors import UsageError
from pydantic import Field
from torch import nn

from cxrbench_baselines.system import Done
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.bsnet.network import Attention, Network
from cxrbench_baselines.systems.bsnet.system import BSNet, BSNetOptions, built

Name = Annotated[str, Field(pattern=r"^(ha|sa)(_[a-z0-9]+)?$")]
ATTENTION: dict[str, Attention] = {"ha": "hard", "sa": "soft"}


class EnsembleOptions(BSNetOptions):
    """The members, and what they have in common."""

    members: Annotated[tuple[Name, ...], Field(min_length=1)] = ("ha", "ha_last", "sa", "sa_last")


class Member(nn.Module):
    """One trained network, under the name that it has in a `BSNet`."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    @property
    def trained(self) -> bool:
        """Whether it has ever seen a batch to learn its scores from."""
        counts = [one.num_batches_tracked for one in self.network.scorer.modules() if isinstance(one, nn.BatchNorm2d)]
        return all(count is not None and bool(count > 0) for count in counts)


@systems.register("bs-net-ens")
class Ensemble(BSNet):
    """Six zone scores by the members' mean; `predict` as in `BSNet`."""

    stages = {}
    options = EnsembleOptions

    def _build(self, own: BSNetOptions) -> None:
        self.members = cast("EnsembleOptions", own).members
        for name in self.members:
            network, self.origin = built(
                own.model_copy(update={"attention": ATTENTION[name[:2]]}), self.given.size, self.given.channels
            )
            self.add_module(name, Member(network))

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """`[n, C, S, S]` to `brixia`: class probabilities `[n, 6, 4]`."""
        networks = [cast("Member", self.get_submodule(name)).network for name in self.members]
        flip = bool(self.settings.get("flip"))
        return {"brixia": torch.stack([one.probabilities(image, flip=flip) for one in networks]).mean(0)}

    def tuned(self, cases: Sequence[Case], done: Done) -> None:  # noqa: ARG002
        """Refuse a member that nobody has given."""
        for name in self.members:
            if not cast("Member", self.get_submodule(name)).trained:
                raise UsageError("this member is not trained", name, f"give --start {name}=FOLDER")
