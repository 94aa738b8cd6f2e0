"""JSRT: headerless files."""

import numpy as np
import pytest
from cxrbench.errors import DataError
from cxrbench.imaging.radiograph.raw import read_jsrt

from tests.fixtures.make_dicom import cut, thorax, write_jsrt


def test_a_low_value_is_bright(tmp_path):
    unit = thorax(2048, 2048)
    image = read_jsrt(write_jsrt(tmp_path / "JPCLN001.IMG", unit))
    assert image.pixels.dtype == np.float32
    assert image.spacing == (0.175, 0.175)
    np.testing.assert_allclose(image.pixels, unit, atol=0.5 / 4095 + 1e-6)


def test_another_size_or_byte_order_is_an_error(tmp_path):
    path = write_jsrt(tmp_path / "JPCLN001.IMG", thorax(2048, 2048))
    swapped = np.frombuffer(path.read_bytes(), ">u2").astype("<u2")
    (tmp_path / "little.IMG").write_bytes(swapped.tobytes())
    with pytest.raises(DataError, match="above 4095"):
        read_jsrt(tmp_path / "little.IMG")
    with pytest.raises(DataError, match="bytes instead of 8388608"):
        read_jsrt(cut(path))
    with pytest.raises(DataError, match="image not found"):
        read_jsrt(tmp_path / "absent.IMG")
