"""cxrbench: a reproducible benchmark for COVID-19 severity on chest radiographs and CT.

The public names are imported on first use, so that `import cxrbench` takes almost no time.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOME = {
    "Case": "cxrbench.case",
    "CxrbenchError": "cxrbench.errors",
    "Image": "cxrbench.case",
    "Result": "cxrbench.results",
    "Submission": "cxrbench.submission",
    "Targets": "cxrbench.case",
    "Track": "cxrbench.tasks.track",
    "evaluate": "cxrbench.runner.evaluate",
    "load": "cxrbench.datasets",
    "load_split": "cxrbench.splits",
    "read_result": "cxrbench.results",
}

if TYPE_CHECKING:
    from cxrbench.case import Case as Case
    from cxrbench.case import Image as Image
    from cxrbench.case import Targets as Targets
    from cxrbench.datasets import load as load
    from cxrbench.errors import CxrbenchError as CxrbenchError
    from cxrbench.results import Result as Result
    from cxrbench.results import read_result as read_result
    from cxrbench.runner.evaluate import evaluate as evaluate
    from cxrbench.splits import load_split as load_split
    from cxrbench.submission import Submission as Submission
    from cxrbench.tasks.track import Track as Track

__all__ = [*_HOME]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'cxrbench' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*_HOME, "__version__"])
