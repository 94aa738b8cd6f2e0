"""The submission's side: `python -m cxrbench.runner.isolation.worker SETTINGS` serves frames on two pipes.

Nothing that the submission prints can reach the pipes: its stdout is our stderr. Each reply carries the number of the
request that it answers. A failure is reported to the parent as an `error` frame with the phase (load, setup, count,
predict, prediction) and a short text.
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
from cxrbench.runner.isolation.limits import apply_limits
from cxrbench.runner.isolation.protocol import Frame, ProtocolError, receive_frame, send_frame
from cxrbench.runner.isolation.shared_images import ArrayLocation, SharedImageReader
from cxrbench.submission import Submission, load_submission, summarise_error


def main(arguments: Sequence[str]) -> None:
    """Apply the limits, then serve until the parent closes its end.

    Args:
        arguments: One JSON text: file descriptors, limits, user and the path of the submission.
    """
    settings = json.loads(arguments[0])
    os.dup2(2, 1)
    apply_limits(settings["uid"], processes=settings["processes"], file=settings["file"])
    reader = SharedImageReader(settings["images"])
    with os.fdopen(settings["requests"], "rb") as requests, os.fdopen(settings["replies"], "wb") as replies:
        try:
            submission = load_submission(Path(settings["path"]))
            send_frame(replies, Frame("loaded", {"request": 0, **_describe_submission(submission)}))
        except CxrbenchError as error:
            send_frame(replies, _make_error("load", error.what, where=error.where, fix=error.fix))
            return
        _serve(submission, reader, requests, replies)


def _serve(submission: Submission, reader: SharedImageReader, requests: BinaryIO, replies: BinaryIO) -> None:
    while (frame := receive_frame(requests)) is not None:
        reply = _answer(submission, reader, frame)
        send_frame(replies, replace(reply, fields={**reply.fields, "request": frame.fields["request"]}))


def _answer(submission: Submission, reader: SharedImageReader, frame: Frame) -> Frame:
    if frame.kind == "setup":
        return _set_up(submission, str(frame.fields["device"]), str(frame.fields["task"]))
    images = _read_images(frame, reader)
    return _count_work(submission, images) if frame.kind == "count" else _run_predict(submission, images)


def _make_error(phase: str, what: str, **more: str) -> Frame:
    return Frame("error", {"request": 0, "phase": phase, "what": what[:2000], **more})


def _describe_submission(submission: Submission) -> dict[str, object]:
    """Describe the submission by its class attributes, as plain text and numbers."""
    text = {key: str(getattr(submission, key)) for key in ("name", "title", "authors", "url")}
    lists = {key: [str(item) for item in getattr(submission, key)] for key in ("tasks", "trained_on")}
    return {**text, **lists, "batch_size": int(submission.batch_size)}


def _set_up(submission: Submission, device: str, task: str) -> Frame:
    try:
        submission.task = task
        submission.setup(device)
    except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything
        return _make_error("setup", summarise_error(error))
    return Frame("ready")


def _read_images(frame: Frame, reader: SharedImageReader) -> list[Image]:
    """Read the batch that the frame describes: views of the shared images, under the ids of this batch."""
    descriptions: Any = frame.fields["images"]
    size = int(str(frame.fields["size"]))
    return [_read_image(description, reader, size) for description in descriptions]


def _read_image(about: Mapping[str, Any], reader: SharedImageReader, size: int) -> Image:
    pixels: Any = reader.read(ArrayLocation(about["offset"], about["dtype"], tuple(about["shape"])), size)
    spacing = tuple(about["spacing"]) if about["spacing"] else None
    return Image(pixels, about["modality"], spacing, about["id"])


def _count_work(submission: Submission, images: list[Image]) -> Frame:
    """Count the parameters of the module that the submission shows, and the multiply-accumulates of one image."""
    try:
        module = submission.module()
        if module is None:
            return Frame("counted", {"parameters": None, "macs": None})
        from cxrbench.runner.isolation.counter import count_macs, count_parameters

        return Frame(
            "counted", {"parameters": count_parameters(module), "macs": count_macs(lambda: submission.predict(images))}
        )
    except Exception as error:  # noqa: BLE001 - as above
        return _make_error("count", summarise_error(error))


def _run_predict(submission: Submission, images: list[Image]) -> Frame:
    try:
        predictions = submission.predict(images)
    except Exception as error:  # noqa: BLE001 - as above
        return _make_error("predict", summarise_error(error))
    keys = [image.id for image in images]
    if not isinstance(predictions, list | tuple) or len(predictions) != len(keys):
        count = len(predictions) if isinstance(predictions, list | tuple) else type(predictions).__name__
        return _make_error("prediction", f"predict returned {count} for {len(keys)} images")
    try:
        return Frame("predicted", {}, _to_arrays(dict(zip(keys, predictions, strict=True))))
    except (ProtocolError, TypeError, ValueError) as error:
        return _make_error("prediction", str(error))


def _to_arrays(predictions: Mapping[str, object]) -> dict[str, NDArray[np.generic]]:
    """Convert predictions to arrays named `<image id>/<prediction key>`."""
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
