"""The class that every submission derives from, and how it is loaded from its file.

A submission's file needs only this module of ours. It runs in a process of its own.
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
    """Base class of all submissions. A file defines exactly one subclass, which implements `predict`.

    Attributes:
        name: Name of the submission's folder, and the key of its row.
        title: Title of the row.
        authors: Authors.
        url: Paper or code.
        tasks: Names of the tasks that it predicts for (`cxrbench tasks`).
        trained_on: What the weights were trained on, as `dataset/part` or `dataset@split/part`. A row whose training
            patients are in the track is shown and marked, but never ranked.
        batch_size: Number of images that `predict` receives at a time.
        task: The task of `tasks` that a run evaluates, set before `setup`. A submission for several tasks returns the
            keys of this one.

    Example:
        >>> import cxrbench, numpy as np
        >>> class Constant(cxrbench.Submission):
        ...     name = "constant"
        ...     tasks = ("extent-opacity",)
        ...
        ...     def predict(self, images):
        ...         return [{"extent": 2.0, "opacity": 1.5} for _ in images]
        >>> Constant().predict([cxrbench.Image(np.zeros((64, 64), np.float32))])
        [{'extent': 2.0, 'opacity': 1.5}]
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
        """Load the weights; called once, before `predict`.

        Args:
            device: "cpu", "cuda" or "mps". Weights are in the folder of `submission.py`.
        """

    def module(self) -> object | None:
        """The torch module whose parameters and multiply-accumulates are counted after `setup`; None for no count."""
        return None

    def predict(self, images: list[Image]) -> list[dict[str, Any]]:
        """Predict for a batch of images.

        Args:
            images: Up to `batch_size` images.

        Returns:
            One dict per image, in order. Its keys and shapes are those of the task (`cxrbench tasks`).
        """
        raise NotImplementedError


def load_submission(path: Path) -> Submission:
    """Import a submission's file and instantiate its one subclass of `Submission`.

    Args:
        path: The `submission.py`.

    Returns:
        The submission, before `setup`.

    Raises:
        UsageError: There is no such file.
        SubmissionError: The file cannot be imported, or does not define exactly one submission.
    """
    if not path.is_file():
        raise UsageError("no such submission file", str(path), "give the path of a submission.py")
    module = _import_file(path)
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Submission) and value.__module__ == module.__name__
    ]
    if len(classes) != 1:
        names = ", ".join(kind.__name__ for kind in classes) or "none"
        raise SubmissionError("a file must hold exactly one submission", f"{path} holds {names}", "keep one class")
    return _make_submission(path, classes[0])


def _import_file(path: Path) -> ModuleType:
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
    except Exception as error:  # submitted code may raise anything
        raise SubmissionError(f"import failed with {summarise_error(error)}", str(path), "correct it") from error
    return module


def _make_submission(path: Path, kind: type[Submission]) -> Submission:
    if not kind.name or not kind.tasks or isinstance(kind.tasks, str):
        raise SubmissionError("a submission needs a name and a tuple of tasks", str(path), "set both on the class")
    try:
        return kind()
    except Exception as error:  # as above
        raise SubmissionError(
            f"the constructor failed with {summarise_error(error)}", str(path), "correct it"
        ) from error


def summarise_error(error: BaseException) -> str:
    """Summarise an exception in one line, with the line of code that raised it.

    Args:
        error: Any exception.

    Returns:
        Type, message (at most 300 characters) and place.
    """
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<")]
    line = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}{': ' + text if text else ''}{line}"
