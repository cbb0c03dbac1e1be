"""IDX files, the format MNIST is published in, written and read field by field."""

import gzip
import lzma
import struct
from pathlib import Path

import numpy as np


def idx_bytes(array: np.ndarray) -> bytes:
    """An array of bytes as the content of an IDX file."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def unpack(path: Path) -> np.ndarray:
    """An IDX file read field by field, as its description says."""
    raw = {".gz": gzip, ".xz": lzma}[path.suffix].decompress(path.read_bytes())
    zero, kind, dims = struct.unpack_from(">HBB", raw)
    shape = struct.unpack_from(f">{dims}I", raw, 4)
    assert (zero, kind, len(raw)) == (0, 8, 4 + 4 * dims + np.prod(shape))
    return np.frombuffer(raw[4 + 4 * dims :], np.uint8).reshape(shape)
