"""MNIST, which ships with the course, and Fashion-MNIST: whole sets in memory as plain tensors."""

from __future__ import annotations

import functools
import gzip
import operator
import os
import weakref
import zlib
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import numpy as np
import torch

from aecourse.checks import check_whole
from aecourse.device import check_device, check_seed

SIDE = 28
PIXELS = SIDE * SIDE
FASHION_NAMES = (
    "T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
DEBIAN_FASHION = Path("/usr/share/datasets/fashion-mnist")
RESTORE = "reinstall the course to restore its own files, delete a copy of yours to have it loaded anew"
IDX_FILES = tuple(
    f"{part}-{content}-ubyte.gz" for part in ("train", "t10k") for content in ("images-idx3", "labels-idx1")
)


@dataclass(frozen=True, eq=False)
class ImageSet:
    """images and their labels, whole and resident on one device

    Attributes
    ----------
    x : float32 tensor (n, 784), pixels in [0, 1], row by row
    y : int64 tensor (n,), the class of each image; only evaluation ever looks at it
    """

    x: torch.Tensor
    y: torch.Tensor
    _born: tuple[int, int] = field(init=False, repr=False)  # the tensors' versions: torch counts changes in place

    def __post_init__(self) -> None:
        object.__setattr__(self, "_born", self._versions())
        if len(self.x) != len(self.y):
            raise ValueError(f"x and y must be equally long; got {len(self.x)} images and {len(self.y)} labels")

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index) -> ImageSet:
        """a part of the set: one position, a slice, a list of positions or a boolean mask"""
        if hasattr(index, "__index__") and np.ndim(index) == 0:
            index = [operator.index(index)]  # one image is still a set of images
        return ImageSet(self.x[index], self.y[index])

    @property
    def untouched(self) -> bool:
        """whether nobody has changed its tensors in place since it was made"""
        return self._versions() == self._born

    def _versions(self) -> tuple[int, int]:
        counted = (isinstance(t, torch.Tensor) and not t.is_inference() for t in (self.x, self.y))
        return tuple(t._version if counts else 0 for t, counts in zip((self.x, self.y), counted, strict=True))

    def to(self, device: torch.device | str) -> ImageSet:
        """the same set on another device"""
        return ImageSet(self.x.to(device), self.y.to(device))

    def split(self, count: int, *, seed: int = 0) -> tuple[ImageSet, ImageSet]:
        """put `count` random images aside: (the rest, the ones put aside)

        Every choice (k, learning rate, when to stop) is made on the part put aside; the test set is looked
        at once, at the end. Who asks for the same split again gets the same two sets, not another copy, as long as
        somebody uses them: change a copy of their tensors (`x.clone()`), not the tensors.
        """
        count = check_whole("count", count, most=len(self) - 1)
        seed = check_seed(seed)
        shared = tuple(part() for part in _SPLITS.get(self, {}).get((count, seed), ()))
        if shared and self.untouched and all(part is not None and part.untouched for part in shared):
            return shared
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed)).to(self.x.device)
        with torch.inference_mode(False):  # an explorer may ask first; a learner will train on them
            parts = self[order[count:]], self[order[:count]]
        _SPLITS.setdefault(self, {})[count, seed] = tuple(map(weakref.ref, parts))
        return parts

    def one_of_each(self, nth: int = 1) -> torch.Tensor:
        """the `nth` image of every class in label order, counted from 0, as (10, 784)

        The default skips MNIST's very first test digits, whose 3 and 5 puzzle even people.
        """
        positions = [(self.y == label).nonzero().flatten() for label in range(10)]
        fewest = min(len(p) for p in positions)
        if fewest == 0:
            raise ValueError("this set lacks a class: one_of_each needs all labels from 0 to 9")
        nth = check_whole("nth", nth, least=0, most=fewest - 1)
        return self.x[torch.stack([p[nth] for p in positions])]


_SPLITS: weakref.WeakKeyDictionary[ImageSet, dict[tuple[int, int], tuple[weakref.ref, ...]]] = (
    weakref.WeakKeyDictionary()
)  # {set: {(count, seed): the two parts}}, as long as they are in use


def load_mnist(*, device: torch.device | str = "cpu") -> tuple[ImageSet, ImageSet]:
    """all 70,000 handwritten digits that ship with the course: (train, test)

    They are read once and shared by all who ask: change a copy of their tensors (`x.clone()`), not the tensors. Should
    somebody do so all the same, the next who asks gets them fresh.

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
    with torch.inference_mode(False):  # an explorer may ask first; a learner will train on them
        return _load_idx_folder(Path(str(resources.files("aecourse") / "assets" / "mnist")), device)


def load_fashion_mnist(
    *, device: torch.device | str = "cpu", root: str | Path | None = None, download: bool = True
) -> tuple[ImageSet, ImageSet]:
    """70,000 pictures of clothes in MNIST's format: (train, test)

    Looks for an existing copy first, in torchvision's layout (`root/FashionMNIST/raw/*.gz`) or with the four
    IDX files directly in `root`, and in the folder of Debian's package `dataset-fashion-mnist`; only then
    asks torchvision to download it, with a progress bar.

    Parameters
    ----------
    root : folder, optional
        Where the copy is, or where to put it. Default: the environment variable `AECOURSE_DATA`, else
        `~/.cache/aecourse`.
    download : bool
        False never touches the network.

    Raises
    ------
    FileNotFoundError
        If there is no copy and none can be downloaded; says how to get one.

    References
    ----------
    Xiao, Rasul & Vollgraf (2017), Fashion-MNIST: a novel image dataset for benchmarking machine learning
    algorithms.
    """
    check_device(device)
    if root is not None and not isinstance(root, str | Path):
        raise TypeError(f"root must be a folder's path; got {root!r} of type {type(root).__name__}")
    root = Path(root or os.environ.get("AECOURSE_DATA") or Path.home() / ".cache" / "aecourse").expanduser()
    places = [root / "FashionMNIST" / "raw", root, DEBIAN_FASHION]
    for place in places:
        if all((place / name).exists() for name in IDX_FILES):  # an interrupted download leaves only some
            return _load_idx_folder(place, device)
    reason = "download=False"
    if download:
        from torchvision.datasets import FashionMNIST  # here, because most notebooks never need it

        try:
            FashionMNIST(root, download=True)
            return _load_idx_folder(places[0], device)
        except Exception as error:  # torchvision raises whatever its network layer raised
            reason = f"the download failed: {error}"
    raise FileNotFoundError(
        f"Fashion-MNIST is not on this machine ({reason}). Copy its four .gz files (train-images-idx3-ubyte.gz and "
        f"its three companions) into {places[0]}, or, on Debian and Ubuntu, run "
        "'apt install dataset-fashion-mnist'; then run this cell again."
    )


def _load_idx_folder(folder: Path, device: torch.device | str) -> tuple[ImageSet, ImageSet]:
    """the four IDX files of one data set as (train, test)"""
    device = check_device(device)

    def part(images_name: str, labels_name: str) -> ImageSet:
        images = torch.from_numpy(read_idx(folder / images_name))
        labels = torch.from_numpy(read_idx(folder / labels_name))
        x = images.reshape(-1, PIXELS).to(device).float().div_(255)  # moved as bytes: a quarter of the traffic
        return ImageSet(x, labels.to(device).long())

    return part(*IDX_FILES[:2]), part(*IDX_FILES[2:])


def read_idx(path: str | Path) -> np.ndarray:
    """read one gzipped IDX file of unsigned bytes, the format MNIST is published in

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
