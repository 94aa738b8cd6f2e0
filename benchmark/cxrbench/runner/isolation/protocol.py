"""Messages between the parent and a submission's process: length-prefixed frames, never pickle.

A frame is `uint32 header length, uint64 body length`, a JSON header and a body of raw array bytes. The header holds
a `kind`, plain `fields`, and for each array its name, dtype and shape, in the order of the body. A frame that breaks
these rules or a limit raises `ProtocolError`; the reader never allocates more than the limits.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

PREFIX = struct.Struct("<IQ")
MAX_HEADER = 1 << 20
MAX_BODY = 1 << 30
DTYPES = frozenset({"float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "bool"})


class ProtocolError(Exception):
    """A frame that is malformed, too large, or cut short."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message."""

    kind: str
    fields: Mapping[str, object] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)


def send_frame(stream: BinaryIO, frame: Frame) -> None:
    """Write one frame and flush.

    Args:
        stream: Where to write.
        frame: The message.

    Raises:
        ProtocolError: If an array has a data type that is not in `DTYPES`.
    """
    body = [np.ascontiguousarray(array) for array in frame.arrays.values()]
    declared = [
        {"name": name, "dtype": array.dtype.name, "shape": list(np.shape(array))}
        for name, array in frame.arrays.items()
    ]
    bad = [entry for entry in declared if entry["dtype"] not in DTYPES]
    if bad:
        raise ProtocolError(f"{bad[0]['name']} has type {bad[0]['dtype']}; only plain numbers are allowed")
    header = json.dumps({"kind": frame.kind, "fields": dict(frame.fields), "arrays": declared}).encode()
    stream.write(PREFIX.pack(len(header), sum(array.nbytes for array in body)) + header)
    stream.writelines(array.reshape(-1).view(np.uint8).data for array in body)
    stream.flush()


def receive_frame(stream: BinaryIO, *, max_body: int = MAX_BODY) -> Frame | None:
    """Read one frame.

    Args:
        stream: Where to read.
        max_body: The largest body in bytes that is accepted.

    Returns:
        The message, or None at a clean end of the stream.

    Raises:
        ProtocolError: If the frame is malformed, too large or cut short.
    """
    prefix = stream.read(PREFIX.size)
    if not prefix:
        return None
    if len(prefix) < PREFIX.size:
        raise ProtocolError("the stream ended within a frame")
    header_size, body_size = PREFIX.unpack(prefix)
    if header_size > MAX_HEADER or body_size > max_body:
        raise ProtocolError(f"a frame of {header_size + body_size} bytes is larger than allowed")
    header = _parse_header(_read_exactly(stream, header_size))
    return Frame(header.kind, header.fields, _read_arrays(header, _read_exactly(stream, body_size)))


@dataclass(frozen=True, slots=True)
class _Header:
    kind: str
    fields: dict[str, object]
    arrays: list[tuple[str, np.dtype[np.generic], tuple[int, ...]]]


def _read_exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise ProtocolError("the stream ended within a frame")
    return data


def _parse_header(data: bytes) -> _Header:
    try:
        raw = json.loads(data)
        arrays = [(str(a["name"]), _parse_dtype(a["dtype"]), _parse_shape(a["shape"])) for a in raw["arrays"]]
        header = _Header(str(raw["kind"]), dict(raw["fields"]), arrays)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProtocolError(f"a frame's header is malformed ({error})") from error
    return header


def _parse_dtype(name: object) -> np.dtype[np.generic]:
    if name not in DTYPES:
        raise ValueError(f"dtype {name} is not allowed")
    return np.dtype(str(name))


def _parse_shape(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(type(n) is int and 0 <= n <= MAX_BODY for n in value) or len(value) > 8:
        raise ValueError(f"shape {value} is not a list of sizes")
    return tuple(value)


def _read_arrays(header: _Header, body: bytes) -> dict[str, NDArray[np.generic]]:
    arrays: dict[str, NDArray[np.generic]] = {}
    start = 0
    for name, dtype, shape in header.arrays:
        size = dtype.itemsize
        for n in shape:
            size *= n
        if name in arrays or start + size > len(body):
            raise ProtocolError("a frame's arrays do not fit its body")
        arrays[name] = np.frombuffer(body, dtype, size // dtype.itemsize, start).reshape(shape)
        start += size
    if start != len(body):
        raise ProtocolError("a frame's arrays do not fill its body")
    return arrays
