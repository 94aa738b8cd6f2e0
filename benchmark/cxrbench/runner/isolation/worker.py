"""The submission's side: `python -m cxrbench.runner.isolation.worker SETTINGS` serves frames on two pipes.

Nothing that the submission prints can reach the pipes: its stdout is our stderr. Each reply carries the number of the
request that it answers. What fails is told to the parent as an `error` frame with the phase (load, setup, count,
predict, prediction) and a few words.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Image
from cxrbench.errors import CxrbenchError
from cxrbench.runner.isolation.limits import take_on
from cxrbench.runner.isolation.protocol import Frame, WireError, receive, send
from cxrbench.runner.isolation.shared_images import Place, Reader
from cxrbench.submission import Submission, brief, load_submission


def main(arguments: Sequence[str]) -> None:
    """Take on the limits, then serve until the parent closes its end."""
    settings = json.loads(arguments[0])
    os.dup2(2, 1)
    take_on(settings["uid"], processes=settings["processes"], file=settings["file"])
    reader = Reader(settings["images"])
    with os.fdopen(settings["requests"], "rb") as requests, os.fdopen(settings["replies"], "wb") as replies:
        try:
            submission = load_submission(Path(settings["path"]))
            send(replies, Frame("loaded", {"request": 0, **_declared(submission)}))
        except CxrbenchError as error:
            send(replies, _told("load", error.what, where=error.where, fix=error.fix))
            return
        _serve(submission, reader, requests, replies)


def _serve(submission: Submission, reader: Reader, requests: BinaryIO, replies: BinaryIO) -> None:
    while (frame := receive(requests)) is not None:
        reply = _answer(submission, reader, frame)
        send(replies, replace(reply, fields={**reply.fields, "request": frame.fields["request"]}))


def _answer(submission: Submission, reader: Reader, frame: Frame) -> Frame:
    if frame.kind == "setup":
        return _setup(submission, str(frame.fields["device"]), str(frame.fields["task"]))
    images = _images(frame, reader)
    return _count(submission, images) if frame.kind == "count" else _predict(submission, images)


def _told(phase: str, what: str, **more: str) -> Frame:
    return Frame("error", {"request": 0, "phase": phase, "what": what[:2000], **more})


def _declared(submission: Submission) -> dict[str, object]:
    """What the class says of itself, as plain text and numbers."""
    text = {key: str(getattr(submission, key)) for key in ("name", "title", "authors", "url")}
    lists = {key: [str(item) for item in getattr(submission, key)] for key in ("tasks", "trained_on")}
    return {**text, **lists, "batch_size": int(submission.batch_size)}


def _setup(submission: Submission, device: str, task: str) -> Frame:
    try:
        submission.task = task
        submission.setup(device)
    except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything
        return _told("setup", brief(error))
    return Frame("ready")


def _images(frame: Frame, reader: Reader) -> list[Image]:
    """The batch that the frame describes: views into the shared images, under the ids of this batch."""
    listed: Any = frame.fields["images"]
    size = int(str(frame.fields["size"]))
    return [_image(one, reader, size) for one in listed]


def _image(one: Mapping[str, Any], reader: Reader, size: int) -> Image:
    pixels: Any = reader.view(Place(one["offset"], one["dtype"], tuple(one["shape"])), size)
    spacing = tuple(one["spacing"]) if one["spacing"] else None
    return Image(pixels, one["modality"], spacing, one["id"])


def _count(submission: Submission, images: list[Image]) -> Frame:
    """Parameters, and multiply-accumulates of predicting one image, of the module that the submission shows."""
    try:
        module = submission.module()
        if module is None:
            return Frame("counted", {"parameters": None, "macs": None})
        from cxrbench.runner.isolation.counter import macs, parameters

        return Frame("counted", {"parameters": parameters(module), "macs": macs(lambda: submission.predict(images))})
    except Exception as error:  # noqa: BLE001 - as above
        return _told("count", brief(error))


def _predict(submission: Submission, images: list[Image]) -> Frame:
    try:
        predictions = submission.predict(images)
    except Exception as error:  # noqa: BLE001 - as above
        return _told("predict", brief(error))
    keys = [image.id for image in images]
    if not isinstance(predictions, list | tuple) or len(predictions) != len(keys):
        count = len(predictions) if isinstance(predictions, list | tuple) else type(predictions).__name__
        return _told("prediction", f"predict returned {count} for {len(keys)} images")
    try:
        return Frame("predicted", {}, _arrays(dict(zip(keys, predictions, strict=True))))
    except (WireError, TypeError, ValueError) as error:
        return _told("prediction", str(error))


def _arrays(predictions: Mapping[str, object]) -> dict[str, NDArray[np.generic]]:
    """Predictions as arrays named `<image id>/<prediction key>`."""
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
