"""MNIST, which ships with the course, and a reader of its file format, IDX."""

from __future__ import annotations

import functools
import gzip
import zlib
from importlib import resources
from pathlib import Path

import numpy as np
import torch

from aecourse.data.image_set import PIXELS, ImageSet
from aecourse.device import check_device

RESTORE = "reinstall the course to restore its own files, delete a copy of yours to have it loaded anew"
IDX_FILES = tuple(
    f"{part}-{content}-ubyte.gz" for part in ("train", "t10k") for content in ("images-idx3", "labels-idx1")
)


def load_mnist(*, device: torch.device | str = "cpu") -> tuple[ImageSet, ImageSet]:
    """Load the 70,000 handwritten digits that ship with the course as (train, test).

    They are read once and shared by all callers: change a copy of their tensors (`x.clone()`), not the tensors. If
    somebody does change them, the next call reads them again.

    Returns
    -------
    train : ImageSet of 60,000 images
    test : ImageSet of 10,000 images

    References
    ----------
    LeCun, Bottou, Bengio & Haffner (1998), Gradient-based learning applied to document recognition.
    """
    device = check_device(device)
    if not all(part.untouched for part in _shared_mnist(device)):
        _shared_mnist.cache_clear()
    return _shared_mnist(device)


@functools.cache
def _shared_mnist(device: torch.device) -> tuple[ImageSet, ImageSet]:
    with torch.inference_mode(False):  # also in an explorer: a learner may train on them
        return load_idx_folder(Path(str(resources.files("aecourse") / "assets" / "mnist")), device)


def load_idx_folder(folder: Path, device: torch.device | str) -> tuple[ImageSet, ImageSet]:
    """Load the four IDX files of one data set as (train, test)."""
    device = check_device(device)

    def part(images_name: str, labels_name: str) -> ImageSet:
        images = torch.from_numpy(read_idx(folder / images_name))
        labels = torch.from_numpy(read_idx(folder / labels_name))
        x = images.reshape(-1, PIXELS).to(device).float().div_(255)  # moved as bytes: a quarter of the traffic
        return ImageSet(x, labels.to(device).long())

    return part(*IDX_FILES[:2]), part(*IDX_FILES[2:])


def read_idx(path: str | Path) -> np.ndarray:
    """Read one gzipped IDX file of unsigned bytes, the format of MNIST, as a uint8 array.

    Raises
    ------
    ValueError
        If the file is damaged: not gzip, cut short, or not IDX.
    """
    path = Path(path)
    try:
        raw = gzip.decompress(path.read_bytes())  # checks the file's own CRC-32
    except FileNotFoundError:
        raise
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path.name} is damaged ({error}); {RESTORE}") from error
    dims = raw[3] if len(raw) > 4 and raw[:3] == b"\x00\x00\x08" else 0
    shape = np.frombuffer(raw, ">u4", dims, 4) if dims and len(raw) >= 4 + 4 * dims else np.zeros(1)
    if not dims or len(raw) != 4 + 4 * dims + int(np.prod(shape, dtype=np.int64)):
        raise ValueError(f"{path.name} is damaged (not an IDX file of unsigned bytes); {RESTORE}")
    return np.frombuffer(bytearray(raw), np.uint8, offset=4 + 4 * dims).reshape(shape.astype(int))
