"""Load any pictures (files, arrays, data sets of other libraries) as an ImageSet of 28×28 grays."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from aecourse.checks import check_flag
from aecourse.data.arrays import ENDINGS, LABELS, as_labels, as_x, head, is_npz, pairs, places, read_arrays
from aecourse.data.idx import looks_like_idx
from aecourse.data.image_set import PIXELS, SIDE, ImageSet
from aecourse.data.picture_files import class_folders, find_files, natural, read_pictures
from aecourse.device import as_array, check_device
from aecourse.files import expanded

DARK = 0.3  # a set without any lighter pixel was perhaps scaled wrongly
BLANK = 0.1  # a picture whose darkest and lightest pixel differ by less shows nothing
ACCEPTED = (
    "a folder, a ZIP, a picture's path, .npz, .npy, .csv or IDX, an array, tensor or data frame, "
    "a data set with .data and .targets or of (picture, label), or a list of these"
)


def load_pictures(
    source: Any, labels: Any = None, *, as_digits: bool = False, device: torch.device | str | None = None
) -> ImageSet:
    """Load pictures of any kind as an ImageSet of 28×28 grays, and print a summary in one line.

    Parameters
    ----------
    source : path, array, tensor, data frame, list or data set
        A folder or ZIP of pictures; one picture; an `.npz`, `.npy`, `.csv` or IDX file, gzipped or not; anything of
        shape (n, 784), (n, h, w), (n, h, w, 3), (n, 1, h, w) or (n, 3, h, w); a list of arrays, paths or Pillow's
        images; an object with `.data` and `.targets`, such as torchvision's; pictures with their labels, as (pictures,
        labels), as (picture, label) one by one, as in a `Dataset` or DataLoader, or by name in a dict; an ImageSet.
    labels : sequence of n whole numbers or words, or path, optional
        One for each picture, including those that cannot be read. Words become classes in natural order, kept as
        `.names`; one-hot rows become their classes. By default the labels come with the source: the folder
        of a picture, the column `label` of a CSV or data frame (without one the first of 785), `.targets`, or the
        labels in an `.npz`; else all are 0.
    as_digits : bool
        Read photographs of handwriting, on any paper or board, as MNIST would have stored them: background, shadow,
        specks and ruled lines are removed, ink becomes white, and the digit is scaled and centred; see
        `aecourse.data.photographs`.
    device : torch.device or str, optional
        The CPU by default.

    Returns
    -------
    ImageSet
        x (n, 784) in [0, 1], y (n,), and the classes' names.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    TypeError, ValueError
        If the source is of another kind, holds no readable picture, or its numbers do not tell which value is white.

    Notes
    -----
    The type of the numbers tells which value is white: 255 for bytes, 65,535 for 16 bits, 1 for floats and booleans.
    Whole
    numbers of other types, and those of a CSV, count as bytes if they go beyond 127 and not beyond 255, or are all 0
    or 1. Pictures of another size are turned upright, cropped to the square in their middle and resized; transparent
    parts become white, or black around light ink. Folders named train or test, and a single outer folder around all
    others, are not classes. A file that cannot be read is left out and named. A picture is called blank if its pixels
    differ by less than 0.1; if no pixel of any picture is lighter than 0.3, that is said. The transforms of a data set
    with `.data` are not applied.
    """
    check_flag("as_digits", as_digits)
    device = check_device("cpu" if device is None else device)
    if isinstance(source, ImageSet) and not as_digits and labels is None:
        return source.to(device)
    came = _read(source, as_digits)
    if labels is not None:
        came.names, came.labels = (), labels
        if isinstance(labels, str | Path):
            came.labels = read_arrays(expanded(labels))[0]
    y = np.zeros(len(came.x), np.int64)
    if came.labels is not None:
        y, found = as_labels(came.labels, len(came.x) if came.kept is None else came.total)
        y, came.names = y if came.kept is None else y[came.kept], came.names or found
    pictures = ImageSet(came.x, torch.from_numpy(y), names=came.names)
    print(summary(pictures, came.words))
    return pictures.to(device)


@dataclass
class _Came:
    """What a source holds: pictures (n, 784), raw labels, and words for the summary."""

    x: torch.Tensor
    labels: Any = None
    names: Sequence[str] = ()
    kept: list[int] | None = None  # which of `total` pictures could be read; labels are for all
    total: int = 0
    words: Sequence[str] = ()


def _read(source: Any, as_digits: bool) -> _Came:
    """Return what a source of any kind holds."""
    if isinstance(source, str | Path):
        return _from_path(expanded(source), as_digits)
    if isinstance(source, DataLoader):
        source = source.dataset
    if isinstance(source, ImageSet):
        return _Came(as_x(source.x, as_digits), source.y, source.names)
    listed = [source] if _is_open(source) else source
    if isinstance(listed, list | tuple) and listed and all(isinstance(o, str | Path) or _is_open(o) for o in listed):
        files = [(f"{i}" if _is_open(one) else str(one), one) for i, one in enumerate(listed)]
        return _from_files(files, Counter(), "source", as_digits)
    if isinstance(source, np.ndarray | torch.Tensor):
        return _Came(as_x(source, as_digits))
    if isinstance(source, list | tuple) and source:
        pictures, labels = _apart(source)
        if pictures is not None:
            came = _read(pictures, as_digits)
            came.labels = labels
            return came
        arrays = [as_array("source", one) for one in source]
        alike = len({(one.shape, one.dtype) for one in arrays}) == 1
        return _Came(
            as_x(np.stack(arrays), as_digits) if alike else torch.cat([as_x(a[None], as_digits) for a in arrays])
        )
    if hasattr(source, "columns") and hasattr(source, "to_numpy"):
        names = list(source.columns)
        label, pixels = places(names)
        x = as_x(source[[names[i] for i in pixels]].to_numpy(), as_digits)
        return _Came(x, None if label is None else source[names[label]].to_numpy())
    targets = next((getattr(source, name) for name in LABELS if hasattr(source, name)), None)
    if hasattr(source, "data") and targets is not None:
        return _from_data_set(source, targets, as_digits)
    if isinstance(source, dict):  # of scipy.io.loadmat, Keras or a batch
        try:
            x, labels = pairs({str(name): as_array("source", value) for name, value in source.items()})
        except ValueError as error:
            raise ValueError(f"source must hold pictures; {error}") from error
        return _Came(as_x(x, as_digits), labels)
    items = not isinstance(source, str | bytes) and all(hasattr(type(source), n) for n in ("__len__", "__getitem__"))
    if items and len(source):
        bar = tqdm(range(len(source)), "reading pictures", unit="", leave=False, delay=2)
        came = _read([source[i] for i in bar], as_digits)
        came.names = _names(source)
        return came
    raise TypeError(f"source must be {ACCEPTED}; got {type(source).__name__}")


def _is_open(source: Any) -> bool:
    """Whether a source is one picture that is open: Pillow's, or a file."""
    return isinstance(source, Image.Image) or hasattr(source, "read")


def _apart(source: Sequence) -> tuple[Any, Any]:
    """Return pictures and labels in (pictures, labels), or in a list of (picture, label); (None, None) of others."""
    shapes = [tuple(getattr(one, "shape", ())) for one in source]
    if len(source) == 2 and len(shapes[0]) > 1 and shapes[1] == shapes[0][:1]:
        return source
    if all(isinstance(one, dict) for one in source):
        label = next((name for name in source[0] if name in LABELS), None)
        first = next((name for name in source[0] if name != label), None)
        source = [(one.get(first), one.get(label, 0)) for one in source]
    if all(isinstance(one, tuple) and len(one) == 1 for one in source):
        return [one[0] for one in source], None
    pairs_only = all(isinstance(one, tuple | list) and len(one) == 2 and np.ndim(one[1]) == 0 for one in source)
    if pairs_only and all(_is_open(one[0]) or np.ndim(one[0]) for one in source):
        return [one[0] for one in source], [one[1] for one in source]
    return None, None


def _names(source: Any) -> tuple[str, ...]:
    """Return the names of a data set's classes; () if they are the labels themselves, as "0 - zero" is."""
    names = tuple(str(name) for name in getattr(source, "classes", ()))
    return () if all(re.match(rf"{i} - ", name) for i, name in enumerate(names)) else names


def _from_data_set(source: Any, targets: Any, as_digits: bool) -> _Came:
    """Return what a data set of torchvision (`.data`, `.targets`, `.classes`) or scikit-learn holds."""
    came = _Came(as_x(getattr(source, "images", source.data), as_digits), targets, _names(source))
    if any(getattr(source, name, None) is not None for name in ("transform", "target_transform")):
        came.words = ["its transforms are not applied"]
    return _turned(came) if type(source).__name__ == "EMNIST" else came


def _turned(came: _Came) -> _Came:
    came.x = came.x.view(-1, SIDE, SIDE).mT.reshape(-1, PIXELS)
    came.words = [*came.words, "turned upright: EMNIST stores rows as columns"]
    return came


def _from_path(path: Path, as_digits: bool) -> _Came:
    """Return what a file or folder holds; its content decides the kind, not its name."""
    if not path.exists():
        hint = "download it first and " if re.match(r"\w{2,}:/", str(path)) else ""
        raise FileNotFoundError(f"source {str(path)!r} does not exist; {hint}give {ACCEPTED}")
    packed = path.is_file() and zipfile.is_zipfile(path)
    if path.is_dir() or (packed and not is_npz(path)):
        files, others = find_files(path)
        came = _from_files(files, others, f"source {str(path)!r}", as_digits)
        if any(classes := class_folders([inside for inside, _ in files])):
            came.labels = [name or "no folder" for name in classes]
            came.names = tuple(sorted(set(came.labels), key=natural))
            came.labels = [came.names.index(name) for name in came.labels]
        return came
    if not path.is_file():
        raise ValueError(f"source {str(path)!r} is neither a file nor a folder; give {ACCEPTED}")
    if packed or path.suffix.lower() in ENDINGS or looks_like_idx(head(path)):
        pixels, labels = read_arrays(path)
        came = _Came(as_x(pixels, as_digits), labels)
        return _turned(came) if re.search("(?<!q)emnist", path.name.lower()) and looks_like_idx(head(path)) else came
    return _from_files([(path.name, path)], Counter(), f"source {str(path)!r}", as_digits)


def _from_files(files: list[tuple[Any, Any]], others: Counter[str], what: str, as_digits: bool) -> _Came:
    """Return the pictures in files, or raise an error that says what is there instead."""
    got = read_pictures(files, as_digits=as_digits, bar=True)
    words = got.in_words(others)
    if not got.pictures:
        there = [*words, *(f"{count} {ending or 'without an ending'}" for ending, count in others.most_common(6))]
        raise ValueError(
            f"{what} holds no readable picture; there is: {', '.join(there) or 'nothing'}. Give {ACCEPTED}"
        )
    x = torch.from_numpy(np.stack([picture for _, picture in got.pictures])).view(-1, PIXELS).float().div_(255)
    kept = [i for i, (name, _) in enumerate(files) if name not in got.left_out]
    return _Came(x, kept=kept, total=len(files), words=words)


def summary(pictures: ImageSet, words: Sequence[str] = ()) -> str:
    """Return the summary in one line: "213 pictures: cat 70, dog 143 · 3 are blank"."""
    count, blank = len(pictures), int((pictures.x.amax(1) - pictures.x.amin(1) < BLANK).sum())
    each = pictures.y.bincount(minlength=len(pictures.names)).tolist()
    classes = sum(map(bool, each))
    told = "" if classes < 2 else f" of {classes} classes"
    if pictures.names and classes <= 12:
        told = ": " + ", ".join(f"{name} {many:,}" for name, many in zip(pictures.names, each, strict=False) if many)
    parts = [f"{count:,} picture{'s' if count != 1 else ''}{told}", *words]
    parts += [f"{blank:,} {'are' if blank != 1 else 'is'} blank"] if blank else []
    if 0 < (lightest := pictures.x.max().item()) < DARK:  # 12 bits in 16, or a mask of 0 and 1 in bytes
        parts += [f"the lightest pixel has {lightest:.1%} of white"]
    return " · ".join(parts).encode("utf-8", "backslashreplace").decode()  # a file name may hold what is no letter
