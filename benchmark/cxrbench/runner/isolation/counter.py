"""Size and work of a torch module, counted by torch itself. Imported in the submission's process alone."""

from collections.abc import Callable
from typing import Any

from torch.utils.flop_counter import FlopCounterMode


def parameters(module: Any) -> int:
    """Numbers that the module learns or holds as parameters."""
    return sum(one.numel() for one in module.parameters())


def macs(run: Callable[[], object]) -> int:
    """Multiply-accumulates of one call: half of the floating-point operations that torch counts."""
    with FlopCounterMode(display=False) as counted:
        run()
    return int(counted.get_total_flops()) // 2
