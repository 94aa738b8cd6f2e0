"""The libraries of the `ct` extra, imported when a volume is first read."""

from importlib import import_module
from types import ModuleType

from cxrbench.errors import CxrbenchError


def ct_library(module: str, purpose: str) -> ModuleType:
    """Import `module`; raises `CxrbenchError` that names the extra where it is not installed."""
    try:
        return import_module(module)
    except ImportError:
        raise CxrbenchError(f"{purpose} needs {module}", "", "install the extra: pip install 'cxrbench[ct]'") from None
