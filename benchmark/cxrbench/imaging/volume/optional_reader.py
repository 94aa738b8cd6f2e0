"""The libraries of the `ct` extra, imported when the first volume is read."""

from importlib import import_module
from types import ModuleType

from cxrbench.errors import CxrbenchError


def import_ct_library(module: str, purpose: str) -> ModuleType:
    """Import a library of the `ct` extra.

    Args:
        module: Name of the module.
        purpose: What needs it, for the error.

    Returns:
        The module.

    Raises:
        CxrbenchError: It is not installed; the message names the extra.
    """
    try:
        return import_module(module)
    except ImportError:
        raise CxrbenchError(f"{purpose} needs {module}", "", "install the extra: pip install 'cxrbench[ct]'") from None
