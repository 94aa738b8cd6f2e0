"""The class that a submission derives from, and how it is found in its file.

A submission's file needs nothing of ours but this module; it runs in a process of its own, which imports it.
"""

import importlib.util
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from cxrbench.case import Image
from cxrbench.errors import SubmissionError, UsageError


class Submission:
    """Derive from this, exactly once a file, and implement `predict`.

    `name` is the folder's name and the row's key; `tasks` are the tasks that it predicts for. `trained_on` names
    what the weights have seen as `dataset/part` or `dataset@split/part`: a row whose training patients are in the
    track is shown, marked, and never ranked. `batch_size` images reach `predict` at a time. `task` is the one of
    `tasks` that a run asks for, set before `setup`: a submission for several returns that task's keys.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    authors: ClassVar[str] = ""
    url: ClassVar[str] = ""
    tasks: ClassVar[Sequence[str]] = ()
    trained_on: ClassVar[Sequence[str]] = ()
    batch_size: ClassVar[int] = 1
    task: str = ""

    def setup(self, device: str) -> None:
        """Load weights; `device` is "cpu", "cuda" or "mps". Files lie beside `submission.py`."""

    def module(self) -> object | None:
        """The torch module whose parameters and multiply-accumulates are to be counted, after `setup`; or None."""
        return None

    def predict(self, images: list[Image]) -> list[dict[str, Any]]:
        """One dict an image, in order; its keys and shapes are the task's (`cxrbench tasks`)."""
        raise NotImplementedError


def load_submission(path: Path) -> Submission:
    """Import a submission's file and make its one subclass of `Submission`.

    Raises `UsageError` where there is no such file, `SubmissionError` where it cannot be imported or does not
    hold exactly one submission.
    """
    if not path.is_file():
        raise UsageError("no such submission file", str(path), "give the path of a submission.py")
    module = _imported(path)
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Submission) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        names = ", ".join(kind.__name__ for kind in found) or "none"
        raise SubmissionError("a file must hold exactly one submission", f"{path} holds {names}", "keep one class")
    return _made(path, found[0])


def _imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("submission", path.resolve())
    if spec is None or spec.loader is None:
        raise SubmissionError("a submission must be a Python file", str(path), "give the path of a submission.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["submission"] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise SubmissionError(f"syntax error ({error.msg})", f"{path}, line {error.lineno}", "correct it") from error
    except Exception as error:  # a stranger's code may raise anything
        raise SubmissionError(f"import failed with {brief(error)}", str(path), "correct it") from error
    return module


def _made(path: Path, kind: type[Submission]) -> Submission:
    if not kind.name or not kind.tasks or isinstance(kind.tasks, str):
        raise SubmissionError("a submission needs a name and a tuple of tasks", str(path), "set both on the class")
    try:
        return kind()
    except Exception as error:  # as above
        raise SubmissionError(f"the constructor failed with {brief(error)}", str(path), "correct it") from error


def brief(error: BaseException) -> str:
    """An exception in a few words, with the line of the submission that raised it."""
    own = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<")]
    line = f" at {Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}{': ' + text if text else ''}{line}"
