"""Frames: what goes in comes out, and bytes that are no frame raise nothing but `WireError`."""

import io

import numpy as np
import pytest
from cxrbench.runner.isolation.protocol import DTYPES, Frame, ProtocolError, receive_frame, send_frame
from hypothesis import given, settings
from hypothesis import strategies as st


def passed(frame: Frame) -> Frame:
    stream = io.BytesIO()
    send_frame(stream, frame)
    stream.seek(0)
    received = receive_frame(stream)
    assert received is not None
    assert receive_frame(stream) is None
    return received


@pytest.mark.parametrize("dtype", sorted(DTYPES))
def test_arrays_of_every_dtype_and_shape_pass(dtype):
    arrays = {str(shape): np.ones(shape, dtype) for shape in [(), (0,), (3,), (2, 0, 4), (2, 3, 4)]}
    got = passed(Frame("predict", {"n": 1}, arrays))
    assert (got.kind, got.fields) == ("predict", {"n": 1})
    for name, array in arrays.items():
        assert got.arrays[name].dtype == array.dtype
        assert np.array_equal(got.arrays[name], array)


def test_a_slice_travels_as_its_values():
    array = np.arange(24).reshape(4, 6)[::2, ::-1]
    assert np.array_equal(passed(Frame("k", {}, {"a": array})).arrays["a"], array)


@pytest.mark.parametrize("value", [np.array("text"), np.array([None]), np.array([1 + 2j])])
def test_what_is_no_plain_number_does_not_leave(value):
    with pytest.raises(ProtocolError):
        send_frame(io.BytesIO(), Frame("k", {}, {"a": value}))


def test_a_frame_that_is_too_large_is_not_read():
    stream = io.BytesIO()
    send_frame(stream, Frame("k", {}, {"a": np.zeros(1000)}))
    stream.seek(0)
    with pytest.raises(ProtocolError, match="larger"):
        receive_frame(stream, max_body=100)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_an_error_or_nothing(data):
    if not data:
        assert receive_frame(io.BytesIO(data)) is None
        return
    with pytest.raises(ProtocolError):
        receive_frame(io.BytesIO(data))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_frame_with_changed_bytes_never_fails_otherwise(data):
    stream = io.BytesIO()
    send_frame(stream, Frame("predicted", {"a": [1]}, {"x/brixia": np.ones(6), "y/brixia": np.ones((6, 4))}))
    content = bytearray(stream.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        frame = receive_frame(io.BytesIO(bytes(content)))
    except ProtocolError:
        return
    assert frame is not None
    assert all(array.nbytes <= len(content) for array in frame.arrays.values())


def test_a_hundred_thousand_mutated_frames_raise_nothing_but_wire_errors():
    """Seeded fuzzing, cheap enough for every run: bytes flipped, cut, doubled and inserted in valid frames."""
    rng = np.random.default_rng(11)
    stream = io.BytesIO()
    send_frame(stream, Frame("predicted", {"request": 3}, {"x/brixia": np.ones(6), "y/brixia": np.ones((6, 4))}))
    whole = np.frombuffer(stream.getvalue(), np.uint8)
    refused = 0
    for _ in range(100_000):
        data = whole.copy()
        places = rng.integers(len(data), size=int(rng.integers(1, 6)))
        data[places] = rng.integers(256, size=len(places))
        content = data[: int(rng.integers(len(data) + 1))].tobytes() if rng.random() < 0.3 else data.tobytes()
        try:
            frame = receive_frame(io.BytesIO(content), max_body=1 << 20)
        except ProtocolError:
            refused += 1
            continue
        assert frame is None or all(array.nbytes <= len(content) for array in frame.arrays.values())
    assert refused > 10_000
