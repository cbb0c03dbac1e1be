"""Pictures and labels from arrays of any type and layout, and from `.npz`, `.npy`, `.csv` and IDX files."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from tqdm.auto import tqdm

from aecourse.checks import scaling_hint
from aecourse.data.idx import DAMAGED, OPENERS, looks_like_idx, read_idx, unpacked
from aecourse.data.image_set import MOST, PIXELS, SIDE
from aecourse.data.photographs import read_digit
from aecourse.data.picture_files import natural, on_ground, open_zip
from aecourse.device import as_array

ENDINGS = (".npz", ".npy", ".csv", ".tsv", ".txt", ".gz")
LABELS = ("label", "labels", "target", "targets", "class")  # a column, an attribute
NO_PIXELS = ("", "id", "index", "unnamed: 0")  # columns that number the rows, as pandas writes and reads them


def as_x(values: Any, as_digits: bool = False) -> torch.Tensor:
    """Return pictures of any layout and type as float32 (n, 784) in [0, 1].

    Raises
    ------
    TypeError, ValueError
        If the shape is not that of pictures, or type and range of the numbers do not tell which value is white.
    """
    values = as_array("source", values)
    if values.dtype == object:  # pandas' own types of numbers, or pictures in a column
        values = as_array("source", values.tolist())
    if values.dtype.kind not in "buif":
        got = type(values.flat[0]).__name__ if values.dtype == object and values.size else f"the type {values.dtype}"
        raise TypeError(f"source must hold numbers; got {got}")
    stack = _as_stack(values)
    white = _white(stack)
    if stack.shape[1:] == (SIDE, SIDE) and not as_digits:
        return torch.from_numpy(np.divide(stack, white, dtype=np.float32).reshape(-1, PIXELS))
    pictures = np.empty((len(stack), SIDE, SIDE), np.float32)
    for i, picture in enumerate(tqdm(stack, "reading pictures", unit="", leave=False, delay=2)):
        light = _light(np.divide(picture, white, dtype=np.float32))
        if as_digits:
            pictures[i] = read_digit((light * 255).round().astype(np.uint8)).reshape(SIDE, SIDE)
        else:
            pictures[i] = ImageOps.fit(Image.fromarray(light), (SIDE, SIDE), Image.Resampling.LANCZOS)
    return torch.from_numpy(pictures.clip(0, 1).reshape(-1, PIXELS))


def _as_stack(values: np.ndarray) -> np.ndarray:
    """Return pictures as (n, h, w) or (n, h, w, channels)."""
    shape = values.shape
    if values.ndim == 2 and shape[1] == PIXELS:
        values = values.reshape(-1, SIDE, SIDE)
    elif values.ndim == 4 and shape[3] not in (1, 3, 4) and shape[1] in (1, 3, 4):
        values = np.moveaxis(values, 1, 3)
    elif not (values.ndim == 3 and shape[2] > 4) and not (values.ndim == 4 and shape[3] in (1, 3, 4)):
        accepted = "(n, 784), (n, h, w), (n, h, w, 3), (n, 1, h, w) or (n, 3, h, w)"
        side = math.isqrt(shape[-1]) if shape else 0
        hint = "; one picture is x[None]" if values.ndim in (1, 2, 3) else ""
        if values.ndim == 2 and shape[1] == side**2 > 0:
            hint += f"; if a row is a picture, give x.reshape(-1, {side}, {side})"
        if values.ndim == 2 and shape[1] == PIXELS + 1:
            hint = "; if the first column is the label, give load_pictures(x[:, 1:], x[:, 0])"
        if values.ndim == 4 or (values.ndim == 2 and shape[0] == PIXELS):
            hint = "; if the last axis counts the pictures, give np.moveaxis(x, -1, 0)"
        raise ValueError(f"source must have the shape {accepted}; got {shape}{hint}")
    if values.ndim == 3 and shape[0] == shape[1] != shape[2]:  # as .mat files hold them
        raise ValueError(
            f"source of shape {shape} may hold {shape[2]} pictures of {shape[0]} × {shape[0]}, or {shape[0]} of "
            f"{shape[1]} × {shape[2]}; give np.moveaxis(x, -1, 0) for the first, x[..., None] for the second"
        )
    if 0 in values.shape:
        raise ValueError(f"source must hold at least one picture; got shape {shape}")
    return values[..., 0] if values.ndim == 4 and values.shape[3] == 1 else values


def _white(values: np.ndarray) -> int:
    """Return the value of white in an array of this type; raise an error if a number lies beyond it."""
    kind = values.dtype.kind
    if kind == "u" and values.dtype.itemsize < 3:
        return np.iinfo(values.dtype).max
    low, high = values.min(), values.max()
    if low >= 0 and high <= 1:
        return 1
    if kind in "iu" and low >= 0 and 127 < high <= 255:
        return 255
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"source must hold finite numbers; got {low} to {high}")
    told = f"source holds numbers from {low:.4g} to {high:.4g} of type {values.dtype}, which does not say what is white"
    raise ValueError(f"{told}: {scaling_hint(float(low), float(high))}, to have them in [0, 1]")


def _light(picture: np.ndarray) -> np.ndarray:
    """Return a gray or colour picture, with or without transparency, as grays (h, w) in [0, 1]."""
    if picture.ndim == 2:
        return picture
    light = picture[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32)
    return on_ground(light, picture[..., 3]) if picture.shape[2] == 4 else light


def as_labels(labels: Any, count: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return labels as int64 (n,) from 0, and the classes' names if they are words."""
    values = as_array("labels", labels)
    accepted = f"labels must be {count:,} whole numbers from 0, or words, one for each picture"
    if values.ndim == 2:
        values = _one_column(values)
    if values.ndim != 1:
        raise ValueError(f"{accepted}; got shape {values.shape}")
    if len(values) != count:
        raise ValueError(f"{accepted}; got {len(values):,}")
    words = [one.decode() if isinstance(one, bytes) else one for one in values.tolist()]
    if words and all(isinstance(one, str) for one in words):
        if not all(one.isdecimal() for one in words):
            names = tuple(sorted(set(words), key=natural))
            places = {name: i for i, name in enumerate(names)}
            return np.array([places[one] for one in words]), names
        words = list(map(int, words))
    wrong = [one for one in words if not isinstance(one, int | float) or not 0 <= one < MOST or one != one // 1]
    if wrong:  # NaN too
        raise ValueError(f"{accepted}, below {MOST:,}; got {wrong[0]!r} among them")
    return np.array(words, np.int64), ()


def _one_column(values: np.ndarray) -> np.ndarray:
    """Return labels of shape (n, 1), of one-hot rows or of QMNIST (n, 8) as (n,); others as they are."""
    if values.shape[1] == 1:
        return values[:, 0]
    if values.dtype.kind in "buif" and np.isin(values, (0, 1)).all() and (values.sum(1) == 1).all():
        return values.argmax(1)
    return values[:, 0] if values.shape[1] == 8 and values.dtype.kind in "iu" else values


def head(path: Path) -> bytes:
    """Return the first bytes of a file, decompressed."""
    with path.open("rb") as file:
        start = file.read(4)
    try:
        with OPENERS.get(start[:2], open)(path, "rb") as file:
            return file.read(4)
    except DAMAGED:
        return b""


def is_npz(path: Path) -> bool:
    """Whether a ZIP file holds arrays, as `np.savez` writes them."""
    with open_zip(path) as archive:
        return all(name.endswith(".npy") for name in archive.namelist())


def read_arrays(path: Path) -> tuple[np.ndarray, Any]:
    """Return the pictures and labels (or None) in an `.npz`, `.npy`, `.csv` or IDX file.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, or it is damaged.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{str(path)!r} is not a file")
    start = head(path)
    if looks_like_idx(start):
        return read_idx(path), None
    try:
        if zipfile.is_zipfile(path):
            with np.load(path) as arrays:
                return pairs({name: arrays[name] for name in arrays.files})
        raw = unpacked(path)
        return (np.load(io.BytesIO(raw)), None) if start == b"\x93NUM" else _from_table(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} holds neither arrays nor a table of numbers; unpack it first") from error
    except Exception as error:  # what NumPy raises on damaged files
        raise ValueError(f"{path.name} cannot be read, or is damaged: {error}") from error


def pairs(arrays: dict[str, np.ndarray]) -> tuple[np.ndarray, Any]:
    """Return the pictures in an `.npz` and their labels; x_train, x_test, … are joined in this order."""
    arrays = {k: a for k, a in arrays.items() if a.ndim}
    labels = {k: a for k, a in arrays.items() if a.ndim == 1 or re.search(r"(^|_)(y|labels?|targets?)(_|$)", k.lower())}
    pictures = [a for k, a in arrays.items() if k not in labels]
    if not pictures or len({a.shape[1:] for a in pictures}) > 1:
        raise ValueError(
            f"it holds {', '.join(f'{k} {a.shape}' for k, a in arrays.items())}; give load_pictures one array"
        )
    found = []
    for each in pictures:
        fitting = [k for k, a in labels.items() if a.shape[:1] == each.shape[:1]]
        found += [labels.pop(fitting[0])] if fitting else []
    return np.concatenate(pictures), np.concatenate(found) if len(found) == len(pictures) else None


def places(names: Sequence[Any]) -> tuple[int | None, list[int]]:
    """Return the places of the label, or None, and of the pixels among columns: `label`, or else the first of 785."""
    names = [str(name).lower() for name in names]
    pixels = [i for i, name in enumerate(names) if name not in NO_PIXELS]
    label = next((names.index(name) for name in LABELS if name in names), None)
    label = pixels[0] if label is None and len(pixels) == PIXELS + 1 else label
    return label, [i for i in pixels if i != label]


def _from_table(text: str) -> tuple[np.ndarray, Any]:
    """Return the rows of numbers in a text and their labels: the column `label`, or else the first of 785."""
    first = text.strip().partition("\n")[0]
    mark = next((mark for mark in ",;\t" if mark in first), None)
    cells = [cell.strip().strip('"').lower() for cell in first.split(mark)]
    numbered = cells == [str(i) for i in range(len(cells))]
    headed = numbered or not all(re.fullmatch(r"[-+.\de]+", cell) for cell in cells)
    label, pixels = places(cells)
    if len(pixels) != PIXELS:
        raise ValueError(f"a line must hold {PIXELS} numbers, and may have a column label; got {len(pixels)}")
    read = {"delimiter": mark, "skiprows": int(headed), "ndmin": 2}
    numbers = np.loadtxt(io.StringIO(text), np.float64, usecols=pixels, **read)
    whole = (numbers == numbers.round()).all()  # text has no type: whole numbers become integers
    labels = None if label is None else np.loadtxt(io.StringIO(text), str, usecols=[label], **read)[:, 0]
    return numbers.astype(np.int64) if whole else numbers, labels
