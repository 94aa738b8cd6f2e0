"""Size and work of a torch module, counted by torch itself. Imported in the submission's process alone."""

from collections.abc import Callable
from typing import Any

from torch.utils.flop_counter import FlopCounterMode


def count_parameters(module: Any) -> int:
    """Count the parameters of a module.

    Args:
        module: A torch module.

    Returns:
        The number of scalar parameters, trained or not.
    """
    return sum(parameter.numel() for parameter in module.parameters())


def count_macs(run: Callable[[], object]) -> int:
    """Count the multiply-accumulates of one call.

    Args:
        run: What to call; it runs once.

    Returns:
        Half of the floating-point operations that torch counts.
    """
    with FlopCounterMode(display=False) as counter:
        run()
    return int(counter.get_total_flops()) // 2
