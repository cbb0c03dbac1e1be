"""Load a folder of image files as a set of 28×28 gray images."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from PIL import Image, ImageOps

from aecourse.checks import check_flag, check_whole
from aecourse.data.image_set import PIXELS, SIDE, ImageSet
from aecourse.device import check_device


def load_folder(
    path: str | Path, *, invert: bool = False, minimum: int = 100, device: torch.device | str = "cpu"
) -> ImageSet:
    """Load all images in a folder and its subfolders as an ImageSet of 28×28 gray images.

    Each image is turned upright, cropped to the square in its middle, resized to 28×28 and made gray; transparent
    parts become white. Grays of 16 bits are scaled down to 8. Floats must lie in [0, 1] and 32-bit integers in 0 …
    255; otherwise it is unknown which value is white, and the file counts as unreadable. The labels number the
    subfolders in alphabetical order from 0; without subfolders all are 0.

    Parameters
    ----------
    path : str or Path
        Folder of .png, .jpg or other files that Pillow can read.
    invert : bool
        Exchange black and white: True for ink on paper, so that the background becomes 0 as in MNIST.
    minimum : int
        How many images there must be.

    Returns
    -------
    ImageSet
        x (n, 784) in [0, 1] and y (n,), in the order of the file names.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        If there is no such folder, or it is a file.
    ValueError
        If it holds no readable image, or fewer than `minimum`.
    """
    if not isinstance(path, str | Path):
        raise TypeError(f"path must be a folder's path; got {path!r} of type {type(path).__name__}")
    check_flag("invert", invert)
    minimum = check_whole("minimum", minimum)
    device = check_device(device)
    folder = Path(path).expanduser()
    if not folder.exists():
        raise FileNotFoundError(f"path {str(path)!r} does not exist; give the folder that holds your pictures")
    if not folder.is_dir():
        raise NotADirectoryError(f"path {str(path)!r} is a file; give the folder that holds your pictures")

    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in _readable_endings())
    pictures, unread = read_pictures((file.relative_to(folder), file) for file in files)
    if len(pictures) < minimum:
        found = f"{len(pictures)} readable pictures" if pictures else "no readable picture"
        broken = f", and {len(unread)} that cannot be read, such as {unread[0].name}" if unread else ""
        raise ValueError(f"path {str(path)!r} holds {found}{broken}; at least {minimum} are needed")
    if unread:
        warnings.warn(f"left out {len(unread)} files that cannot be read, such as {unread[0].name}", stacklevel=2)

    classes = [inside.parts[0] if len(inside.parts) > 1 else "" for inside, _ in pictures]
    return as_image_set([picture for _, picture in pictures], classes, invert=invert).to(device)


def read_pictures(files: Iterable[tuple[Any, Path | BinaryIO]]) -> tuple[list[tuple[Any, np.ndarray]], list]:
    """Read named files as `load_folder` does; return (name, (28, 28) bytes) of each, and the names of broken ones."""
    pictures, unread = [], []
    for name, file in files:
        try:
            pictures.append((name, _as_square(file)))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # what Pillow raises on broken files
            unread.append(name)
    return pictures, unread


def as_image_set(pictures: Sequence[np.ndarray], classes: Sequence[str], *, invert: bool) -> ImageSet:
    """Return pictures of (28, 28) bytes as an ImageSet; the labels number the classes in alphabetical order."""
    x = torch.from_numpy(np.stack(pictures)).view(-1, PIXELS).float().div_(255)
    names = sorted(set(classes))
    return ImageSet(1 - x if invert else x, torch.tensor([names.index(name) for name in classes]))


def _readable_endings() -> set[str]:
    """Return the file name endings (.png, .jpg, …) for which this Pillow has a reader."""
    return {ending for ending, kind in Image.registered_extensions().items() if kind in Image.OPEN}


def _as_square(file: Path | BinaryIO) -> np.ndarray:
    """Return one image as (28, 28) bytes."""
    with Image.open(file) as opened:
        image = ImageOps.exif_transpose(opened)  # cameras store how they were held
        if image.mode[0] in "IF":
            white = {"F": 1, "I": 65535 if opened.format == "PPM" else 255}.get(image.mode, 65535)  # else "I;16…"
            image = _as_bytes(image, white)
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        return np.asarray(ImageOps.fit(image.convert("L"), (SIDE, SIDE), Image.Resampling.LANCZOS))


def _as_bytes(image: Image.Image, white: int) -> Image.Image:
    """Scale a gray image of more than 8 bits down to 8; Pillow itself would clip all values above 255."""
    values = np.asarray(image)
    if not ((values >= 0) & (values <= white)).all():  # NaN fails too
        raise ValueError(f"the values of a picture of mode {image.mode} must be from 0 to {white}")
    if "transparency" in image.info:
        values = np.where(values == image.info["transparency"], white, values)
    return Image.fromarray((values * (255 / white)).round().astype(np.uint8))
