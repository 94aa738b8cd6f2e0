"""JSRT: headerless radiographs of the Japanese Society of Radiological Technology.

A file is 2048 x 2048 big-endian uint16, row by row, 12 bits used, 0.175 mm per pixel; low values are bright.
"""

from pathlib import Path

import numpy as np

from cxrbench.case import Image
from cxrbench.errors import DataError

SIDE = 2048
TOP = 4095
SPACING = (0.175, 0.175)


def read_jsrt(path: Path) -> Image:
    """Decode one JSRT file.

    Args:
        path: The file.

    Returns:
        Float32 `[2048, 2048]` in [0, 1], `1 - value / 4095`, with spacing in mm.

    Raises:
        DataError: The file is absent, has another size, or has a value above 4095 (as a copy in the other byte order).
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError("image not found", str(path), "check --data") from None
    except OSError as error:
        raise DataError(f"image cannot be read ({error.strerror})", str(path), "check the file") from error
    if len(data) != 2 * SIDE * SIDE:
        reason = f"{len(data)} bytes instead of {2 * SIDE * SIDE}"
        raise DataError(f"not a JSRT image: {reason}", str(path), "fetch the file again")
    values = np.frombuffer(data, ">u2").reshape(SIDE, SIDE)
    if values.max() > TOP:
        reason = f"value {values.max()} above {TOP}"
        raise DataError(f"not a JSRT image: {reason}", str(path), "fetch the original, big-endian file")
    return Image(np.float32(1) - values.astype(np.float32) / np.float32(TOP), spacing=SPACING)
