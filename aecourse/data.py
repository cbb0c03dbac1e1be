"""The pictures of the course, in memory as plain tensors, and how a drawing becomes one of them."""

from __future__ import annotations

import gzip
import os
import zlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from PIL import Image

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


@dataclass(frozen=True)
class ImageSet:
    """images and their labels, whole and resident on one device

    Attributes
    ----------
    x : float32 tensor (n, 784), pixels in [0, 1], row by row
    y : int64 tensor (n,), the class of each image; only evaluation ever looks at it
    """

    x: torch.Tensor
    y: torch.Tensor

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise ValueError(f"x and y must be equally long; got {len(self.x)} images and {len(self.y)} labels")

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index) -> ImageSet:
        """a part of the set: one position, a slice, a list of positions or a boolean mask"""
        index = [index] if isinstance(index, int) else index  # one image is still a set of images
        return ImageSet(self.x[index], self.y[index])

    def to(self, device: torch.device | str) -> ImageSet:
        """the same set on another device"""
        return ImageSet(self.x.to(device), self.y.to(device))

    def split(self, count: int, *, seed: int = 0) -> tuple[ImageSet, ImageSet]:
        """put `count` random images aside: (the rest, the ones put aside)

        Every choice (k, learning rate, when to stop) is made on the part put aside; the test set is looked
        at once, at the end.
        """
        if isinstance(count, bool) or not isinstance(count, int) or not 0 < count < len(self):
            raise ValueError(f"count must be a whole number from 1 to {len(self) - 1}; got {count!r}")
        shuffler = torch.Generator().manual_seed(check_seed(seed))
        order = torch.randperm(len(self), generator=shuffler).to(self.x.device)
        return self[order[count:]], self[order[:count]]

    def one_of_each(self, nth: int = 1) -> torch.Tensor:
        """the `nth` image of every class in label order, counted from 0, as (10, 784)

        The default skips MNIST's very first test digits, whose 3 and 5 puzzle even people.
        """
        positions = [(self.y == label).nonzero().flatten() for label in range(10)]
        fewest = min(len(p) for p in positions)
        if fewest == 0:
            raise ValueError("this set lacks a class: one_of_each needs all labels from 0 to 9")
        if isinstance(nth, bool) or not isinstance(nth, int) or not 0 <= nth < fewest:
            raise ValueError(f"nth must be a whole number from 0 to {fewest - 1}; got {nth!r}")
        return self.x[torch.stack([p[nth] for p in positions])]


def load_mnist(*, device: torch.device | str = "cpu") -> tuple[ImageSet, ImageSet]:
    """all 70,000 handwritten digits that ship with the course: (train, test)

    Returns
    -------
    train : ImageSet of 60,000 images
    test : ImageSet of 10,000 images

    References
    ----------
    LeCun, Bottou, Bengio & Haffner (1998), Gradient-based learning applied to document recognition.
    """
    folder = resources.files("aecourse") / "assets" / "mnist"
    return _load_idx_folder(Path(str(folder)), device)


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


def seven_segment_digits(*, device: torch.device | str = "cpu") -> torch.Tensor:
    """the ten digits of a pocket calculator, as (10, 7) zeros and ones

    The seven columns are the bars a b c d e f g: top, upper right, lower right, bottom, lower left,
    upper left, middle.
    """
    bars = [
        "1111110",
        "0110000",
        "1101101",
        "1111001",
        "0110011",
        "1011011",
        "1011111",
        "1110000",
        "1111111",
        "1111011",
    ]
    return torch.tensor([[float(bar) for bar in digit] for digit in bars], device=check_device(device))


def photo_patches(count: int = 1000, *, seed: int = 0, device: torch.device | str = "cpu") -> torch.Tensor:
    """random gray 28×28 cut-outs of the two photographs that scikit-learn ships, as (count, 784) in [0, 1]

    The photographs are first halved in size, so that a cut-out shows a thing (a petal, a roof) and not a
    flat surface.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"count must be a whole number, at least 1; got {count!r}")
    check_seed(seed)
    device = check_device(device)
    from sklearn.datasets import load_sample_images  # here: scikit-learn takes a second to import

    photos = []
    for photo in load_sample_images().images:
        gray = Image.fromarray(photo).convert("L")
        photos.append(np.asarray(gray.resize((gray.width // 2, gray.height // 2), Image.Resampling.LANCZOS)))
    rng = np.random.default_rng(seed)
    patches = np.empty((count, SIDE, SIDE), np.uint8)
    for i in range(count):
        photo = photos[rng.integers(len(photos))]
        top, left = (rng.integers(size - SIDE + 1) for size in photo.shape)
        patches[i] = photo[top : top + SIDE, left : left + SIDE]
    return torch.from_numpy(patches).reshape(count, PIXELS).to(device).float() / 255


def normalise_digit(strokes: np.ndarray) -> np.ndarray:
    """centre a drawing the way MNIST's makers did: fit into a 20×20 box, centre of mass in the middle

    Parameters
    ----------
    strokes : array (height, width), ink > 0 on a background of 0; uint8 in [0, 255] or float in [0, 1]

    Returns
    -------
    float32 array (784,) in [0, 1]; all zeros for an empty drawing

    References
    ----------
    LeCun, Bottou, Bengio & Haffner (1998), section III-A.
    """
    strokes = np.asarray(strokes)
    if strokes.ndim != 2 or strokes.size == 0:
        raise ValueError(f"strokes must be a picture of shape (height, width); got shape {strokes.shape}")
    if strokes.dtype != np.uint8:
        if not np.issubdtype(strokes.dtype, np.floating):
            raise TypeError(f"strokes must be bytes (uint8) or floats in [0, 1]; got {strokes.dtype}")
        if not (strokes.min() >= 0 and strokes.max() <= 1):  # NaN fails both
            raise ValueError(f"strokes must hold floats in [0, 1]; got {strokes.min():.3g} to {strokes.max():.3g}")
    ink = strokes if strokes.dtype == np.uint8 else (strokes * 255 + 0.5).astype(np.uint8)
    rows, columns = np.nonzero(ink.max(axis=1))[0], np.nonzero(ink.max(axis=0))[0]
    if len(rows) == 0:
        return np.zeros(PIXELS, np.float32)
    box = Image.fromarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    scale = 20 / max(box.size)
    size = tuple(max(1, round(length * scale)) for length in box.size)
    small = np.asarray(box.resize(size, Image.Resampling.BOX), np.float64)
    if not small.any():  # a few faint specks far apart: nothing is left of them
        return np.zeros(PIXELS, np.float32)
    mass_row, mass_column = ((axis * small).sum() / small.sum() for axis in np.indices(small.shape))
    top = int(np.clip(round(SIDE / 2 - mass_row), 0, SIDE - small.shape[0]))
    left = int(np.clip(round(SIDE / 2 - mass_column), 0, SIDE - small.shape[1]))
    canvas = np.zeros((SIDE, SIDE), np.float32)
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small / 255
    return canvas.reshape(PIXELS)


def shift_images(x: torch.Tensor, *, most: int = 1) -> torch.Tensor:
    """move each image by up to `most` pixels in a random direction, black coming in; (n, 784) → (n, 784)"""
    if isinstance(most, bool) or not isinstance(most, int) or not 0 <= most < SIDE:
        raise ValueError(f"most must be a whole number of pixels from 0 to {SIDE - 1}; got {most!r}")
    if x.ndim != 2 or x.shape[1] != PIXELS:
        raise ValueError(f"x must have shape (n, {PIXELS}); got {tuple(x.shape)}")
    down, right = torch.randint(0, 2 * most + 1, (2, len(x), 1), device=x.device)
    padded = torch.nn.functional.pad(x.view(-1, SIDE, SIDE), (most,) * 4)
    along = torch.arange(SIDE, device=x.device)
    rows, columns = along + down, along + right  # (n, 28) each
    each = torch.arange(len(x), device=x.device)[:, None, None]
    return padded[each, rows[:, :, None], columns[:, None, :]].reshape(-1, PIXELS)
