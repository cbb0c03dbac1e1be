"""IDX, the file format of MNIST and its relatives."""

from __future__ import annotations

import gzip
import itertools
import lzma
import zlib
from pathlib import Path

import numpy as np

IDX_FILES = tuple(
    f"{part}-{content}-ubyte.gz" for part in ("train", "t10k") for content in ("images-idx3", "labels-idx1")
)
OPENERS = {b"\x1f\x8b": gzip.open, b"\xfd7": lzma.open}  # by a file's first two bytes
DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError)  # what these raise
MOST = 2**30  # bytes in a compressed file: a small one can hold more than any memory
TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}  # by the third byte


def unpacked(path: Path) -> bytes:
    """Return the bytes of a file, decompressed if it is gzip or xz; raise a ValueError if they are too many."""
    with path.open("rb") as file:
        opener = OPENERS.get(file.read(2))
    if opener is None:
        return path.read_bytes()
    with opener(path) as file:  # checks the file's own checksum
        raw = b"".join(itertools.islice(iter(lambda: file.read(2**20), b""), MOST // 2**20 + 1))
    if len(raw) > MOST:
        raise ValueError(f"{path.name} holds more than {MOST:,} bytes; unpack it first")
    return raw


def read_idx(path: Path) -> np.ndarray:
    """Read one IDX file, compressed or not, as an array of the type that it holds.

    Raises
    ------
    ValueError
        If the file is damaged: it is truncated, has a wrong checksum, or is not IDX.
    """
    try:
        raw = unpacked(path)
    except DAMAGED as error:
        raise ValueError(f"{path.name} is damaged ({error})") from error
    kind = TYPES.get(raw[2]) if len(raw) > 4 and raw[:2] == b"\0\0" else None
    start = 4 + 4 * raw[3] if kind else 0
    if not kind or start == 4 or len(raw) < start:
        raise ValueError(f"{path.name} is damaged (not an IDX file)")
    shape = np.frombuffer(raw, ">u4", raw[3], 4).astype(int)
    told, kept = int(np.prod(shape, dtype=object)), (len(raw) - start) / np.dtype(kind).itemsize
    if told != kept:
        raise ValueError(f"{path.name} is damaged (it should hold {told:,} numbers and holds {kept:,g})")
    return np.frombuffer(raw, kind, offset=start).reshape(shape).astype(np.dtype(kind).newbyteorder("="))


def looks_like_idx(head: bytes) -> bool:
    """Whether a decompressed file that begins with these (at least four) bytes is an IDX file."""
    return head[:2] == b"\0\0" and len(head) > 3 and head[2] in TYPES and 1 <= head[3] <= 4
