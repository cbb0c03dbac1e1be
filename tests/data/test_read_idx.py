"""Reading the format MNIST is published in, and what is done to damaged files."""

import gzip
import lzma

import numpy as np
import pytest
from helpers.idx import idx_bytes
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from aecourse.data.idx import read_idx


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
@pytest.mark.parametrize(("code", "kind"), [(8, "u1"), (9, "i1"), (11, "i2"), (12, "i4"), (13, "f4"), (14, "f8")])
def test_every_type(tmp_path, code, kind, pack):
    """The six of the format, big-endian, compressed or not, whatever the file is called."""
    array = np.arange(-3, 9).reshape(3, 4).astype(kind)
    raw = bytes([0, 0, code, 2]) + np.array(array.shape, ">u4").tobytes() + array.astype(f">{kind}").tobytes()
    path = tmp_path / "anything"
    path.write_bytes(pack(raw))
    got = read_idx(path)
    assert got.dtype == np.dtype(kind) and got.dtype.isnative and np.array_equal(got, array)


@given(array=hnp.arrays(np.uint8, hnp.array_shapes(max_dims=4, min_side=0, max_side=5)))
def test_idx_round_trip(tmp_path_factory, array):
    """What was written is read, in every shape."""
    path = tmp_path_factory.mktemp("idx") / "array.gz"
    path.write_bytes(gzip.compress(idx_bytes(array)))
    got = read_idx(path)
    assert got.shape == array.shape
    assert np.array_equal(got, array)


@given(draw=st.data())
def test_a_flipped_bit_never_goes_unnoticed(tmp_path_factory, draw):
    """A damaged file gives a clear error, or the right numbers where the bit did not matter."""
    array = np.random.default_rng(0).integers(0, 256, (3, 9, 9))
    pack = draw.draw(st.sampled_from([lambda raw: gzip.compress(raw, mtime=0), lzma.compress]), "pack")
    raw = bytearray(pack(idx_bytes(array)))
    raw[draw.draw(st.integers(0, len(raw) - 1), "byte")] ^= 1 << draw.draw(st.integers(0, 7), "bit")
    path = tmp_path_factory.mktemp("idx") / "array.gz"
    path.write_bytes(raw)
    try:
        assert np.array_equal(read_idx(path), array)
    except ValueError as error:
        assert "array.gz is damaged" in str(error)


GOOD = idx_bytes(np.arange(20).reshape(4, 5))
DAMAGED = {
    "empty": b"",
    "cut short": gzip.compress(GOOD)[:-5],
    "xz cut short": lzma.compress(GOOD)[:-5],
    "no xz after all": b"\xfd7" + GOOD,
    "nothing inside": gzip.compress(b""),
    "three bytes inside": gzip.compress(GOOD[:3]),
    "a picture": gzip.compress(b"\x89PNG\r\n" + bytes(40)),
    "floats": gzip.compress(GOOD[:2] + b"\x0d" + GOOD[3:]),
    "no type": GOOD[:2] + b"\x07" + GOOD[3:],
    "larger than memory": b"\0\0\x08\x04" + b"\xff" * 16,
    "no dimensions": gzip.compress(b"\x00\x00\x08\x00" + bytes(16)),
    "fewer numbers than said": gzip.compress(GOOD[:-1]),
    "more numbers than said": gzip.compress(GOOD + b"\x00"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_file(tmp_path, kind):
    """The file is named; whoever owns it says what to do."""
    path = tmp_path / "images.gz"
    path.write_bytes(DAMAGED[kind])
    with pytest.raises(ValueError, match=r"^images\.gz is damaged \(.*\)$"):
        read_idx(path)


def test_missing_file(tmp_path):
    """A missing file is not a damaged one."""
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "none.gz")
