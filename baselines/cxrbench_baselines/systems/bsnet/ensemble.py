r"""BS-Net-ENS: the mean of the class probabilities of trained BS-Nets (Signoroni et al. 2020, section 6.3).

The paper's members are the hard-attention and the soft-attention network, each with the weights of the best validation
epoch and with those of the last epoch. Nothing is trained here: each member is given with `--start`, from the folder of
its own training:

    cxrbench train bs-net-ha
    cxrbench train bs-net-ha --name bs-net-ha-last --set stages.all.select=last
    cxrbench train bs-net-sa
    cxrbench train bs-net-sa --name bs-net-sa-last --set stages.all.select=last
    cxrbench train bs-net-ens --start ha=submissions/bs-net-ha --start ha_last=submissions/bs-net-ha-last \
    --start sa=submissions/bs-net-sa --start sa_last=submissions/bs-net-sa-last

`network.members` may name other members (`ha_seed1`): the first two letters state the attention. All members share the
ensemble's sizes and widths, which are changed with the same `--set`.
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
from cxrbench_baselines.systems.bsnet.network import Attention, BSNetNetwork
from cxrbench_baselines.systems.bsnet.system import BSNet, BSNetOptions, build_network

MemberName = Annotated[str, Field(pattern=r"^(ha|sa)(_[a-z0-9]+)?$")]
ATTENTION: dict[str, Attention] = {"ha": "hard", "sa": "soft"}


class EnsembleOptions(BSNetOptions):
    """The members, and the options that they share."""

    members: Annotated[tuple[MemberName, ...], Field(min_length=1)] = ("ha", "ha_last", "sa", "sa_last")


class Member(nn.Module):
    """One trained network, under the name that it has in a `BSNet`."""

    def __init__(self, network: BSNetNetwork) -> None:
        super().__init__()
        self.network = network

    @property
    def trained(self) -> bool:
        """Whether its scoring head has been trained on at least one batch."""
        counts = [
            module.num_batches_tracked for module in self.network.scorer.modules() if isinstance(module, nn.BatchNorm2d)
        ]
        return all(count is not None and bool(count > 0) for count in counts)


@systems.register("bs-net-ens")
class Ensemble(BSNet):
    """Six zone scores by the mean over the members; `predict` settings as in `BSNet`."""

    stages = {}
    options = EnsembleOptions

    def _build(self, options: BSNetOptions) -> None:
        self.members = cast("EnsembleOptions", options).members
        for name in self.members:
            network, self.origin = build_network(
                options.model_copy(update={"attention": ATTENTION[name[:2]]}), self.input.size, self.input.channels
            )
            self.add_module(name, Member(network))

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """Average the members' class probabilities (section 6.3).

        Args:
            image: Radiographs `[n, C, S, S]`.

        Returns:
            `brixia`: class probabilities `[n, 6, 4]`.
        """
        networks = [cast("Member", self.get_submodule(name)).network for name in self.members]
        flip = bool(self.settings.get("flip"))
        probabilities = [network.predict_probabilities(image, flip=flip) for network in networks]
        return {"brixia": torch.stack(probabilities).mean(0)}

    def choose_settings(self, cases: Sequence[Case], done: Done) -> None:  # noqa: ARG002
        """Check that every member has trained weights; there is nothing to tune.

        Args:
            cases: Not used.
            done: Not used.

        Raises:
            UsageError: A member was not given with `--start`.
        """
        for name in self.members:
            if not cast("Member", self.get_submodule(name)).trained:
                raise UsageError("this member is not trained", name, f"give --start {name}=FOLDER")
