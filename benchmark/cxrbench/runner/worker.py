"""The submission's side: `python -m cxrbench.runner.worker SUBMISSION IN OUT` serves frames on two pipes.

Nothing that the submission prints can reach the pipes: its stdout is our stderr. What fails is told to the parent
as an `error` frame with the phase (load, setup, predict) and a few words.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Image
from cxrbench.errors import CxrbenchError
from cxrbench.runner.wire import Frame, WireError, receive, send
from cxrbench.submission import Submission, brief, load_submission


def main(arguments: Sequence[str]) -> None:
    """Serve until the parent closes its end."""
    path, inbox, outbox = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    os.dup2(2, 1)
    with os.fdopen(inbox, "rb") as requests, os.fdopen(outbox, "wb") as replies:
        try:
            _serve(path, requests, replies)
        except CxrbenchError as error:
            fields = {"phase": "load", "what": error.what, "where": error.where, "fix": error.fix}
            send(replies, Frame("error", fields))


def _serve(path: Path, requests: BinaryIO, replies: BinaryIO) -> None:
    submission = load_submission(path)
    send(replies, Frame("loaded", _declared(submission)))
    while (frame := receive(requests)) is not None:
        reply = _setup(submission, frame) if frame.kind == "setup" else _predict(submission, frame)
        send(replies, reply)


def _declared(submission: Submission) -> dict[str, object]:
    """What the class says of itself, as plain text and numbers."""
    text = {key: str(getattr(submission, key)) for key in ("name", "title", "authors", "url")}
    lists = {key: [str(item) for item in getattr(submission, key)] for key in ("tasks", "trained_on")}
    return {**text, **lists, "batch_size": int(submission.batch_size)}


def _setup(submission: Submission, frame: Frame) -> Frame:
    try:
        submission.setup(str(frame.fields["device"]))
    except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything
        return Frame("error", {"phase": "setup", "what": brief(error)})
    return Frame("ready")


def _predict(submission: Submission, frame: Frame) -> Frame:
    images = [_image(key, frame) for key in map(str, frame.arrays)]
    try:
        predictions = submission.predict(images)
    except Exception as error:  # noqa: BLE001 - as above
        return Frame("error", {"phase": "predict", "what": brief(error)})
    return _reply([image.id for image in images], predictions)


def _image(key: str, frame: Frame) -> Image:
    modalities, spacings = frame.fields["modality"], frame.fields["spacing"]
    if not isinstance(modalities, dict) or not isinstance(spacings, dict):
        raise WireError("a predict frame needs modality and spacing for each image")
    spacing = spacings[key]
    pixels: Any = frame.arrays[key]
    return Image(pixels, modalities[key], tuple(spacing) if spacing else None, key)


def _reply(keys: Sequence[str], predictions: object) -> Frame:
    """Predictions as arrays named `<image id>/<prediction key>`."""
    if not isinstance(predictions, list | tuple) or len(predictions) != len(keys):
        count = len(predictions) if isinstance(predictions, list | tuple) else type(predictions).__name__
        return Frame("error", {"phase": "count", "what": f"predict returned {count} for {len(keys)} images"})
    try:
        return Frame("predicted", {}, _arrays(dict(zip(keys, predictions, strict=True))))
    except (WireError, TypeError, ValueError) as error:
        return Frame("error", {"phase": "prediction", "what": str(error)})


def _arrays(predictions: Mapping[str, object]) -> dict[str, NDArray[np.generic]]:
    arrays: dict[str, NDArray[np.generic]] = {}
    for image, prediction in predictions.items():
        if not isinstance(prediction, Mapping):
            raise TypeError(f"a prediction must be a dict, got {type(prediction).__name__}")
        for key, value in prediction.items():
            array = np.asarray(value)
            if array.dtype.kind not in "biuf":
                raise TypeError(f"{key} must be numbers, got {array.dtype.name}")
            arrays[f"{image}/{key}"] = array
    return arrays


if __name__ == "__main__":
    main(sys.argv[1:])
