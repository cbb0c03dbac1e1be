"""Picture files: list those in a folder or ZIP with their classes, and read them."""

from __future__ import annotations

import functools
import importlib.util
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from tqdm.auto import tqdm

from aecourse.data.image_set import SIDE
from aecourse.data.photographs import WORKED_ON, read_digit

NEEDED = dict.fromkeys((".heic", ".heif"), "needs pillow-heif")
NEEDED |= dict.fromkeys((".svg", ".pdf", ".dng", ".cr2", ".cr3", ".nef", ".arw"), "export it as PNG or JPEG")
SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation"}
LARGEST = 2**28  # bytes of a file inside a ZIP: a small ZIP can hold more than any memory
SKIPPED = {"__macosx", "thumbnails", "thumbs", "@eadir"}  # what systems put beside pictures; hidden ones too


@dataclass
class PictureFiles:
    """The result of reading some files.

    Attributes
    ----------
    pictures : list of (name, (28, 28) bytes)
    left_out : {name: why}
    stacks : names of the files that hold several pictures, of which the first was read
    """

    pictures: list[tuple[Any, np.ndarray]] = field(default_factory=list)
    left_out: dict[Any, str] = field(default_factory=dict)
    stacks: list[Any] = field(default_factory=list)

    def in_words(self, others: Mapping[str, int] | None = None) -> list[str]:
        """Return what was left out and why, each reason once, and which files hold more than was read."""
        by_reason: dict[str, list[str]] = {}
        for name, why in self.left_out.items():
            by_reason.setdefault(why, []).append(str(name))
        parts = [f"{_listed(names)} ({why})" for why, names in by_reason.items()]
        parts += [f"{others[kind]} {kind} ({needed})" for kind, needed in NEEDED.items() if others and kind in others]
        parts += [f"{kind} (may not be opened)" for kind in others or () if kind.endswith("/")]
        words = [f"left out {', '.join(parts)}"] if parts else []
        return [*words, f"only the first picture of {_listed(map(str, self.stacks))}"] if self.stacks else words


def _listed(names: Iterable[str], most: int = 5) -> str:
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def read_pictures(files: Iterable[tuple[Any, Any]], *, as_digits: bool = False, bar: bool = False) -> PictureFiles:
    """Read named pictures (paths, open files or Pillow images); a picture that cannot be read is left out."""
    got = PictureFiles()
    _readable_endings()
    for name, file in tqdm(list(files), "reading pictures", unit="", leave=False, delay=2, disable=not bar):
        try:
            with warnings.catch_warnings(action="ignore"):  # Pillow's, which name no file
                picture, several = _read(file() if callable(file) else file, as_digits)
        except Exception as error:  # a damaged file can raise anything
            got.left_out[name] = _why(error, str(name))
        else:
            got.pictures.append((name, picture))
            got.stacks += [name] if several else []
    return got


class _UnclearError(ValueError):
    """The file is not damaged, but its numbers do not tell which value is white."""


def _why(error: Exception, name: str) -> str:
    if isinstance(error, _UnclearError):
        return str(error)
    if isinstance(error, UnidentifiedImageError):
        return NEEDED.get(PurePosixPath(name).suffix.lower(), "not a picture that can be read")
    if isinstance(error, RuntimeError) and "password" in str(error):  # zipfile's
        return "encrypted"
    reasons = {PermissionError: "may not be read", FileNotFoundError: "does not exist"}
    return (reasons | {Image.DecompressionBombError: "too large"}).get(type(error), "damaged")


def _read(file: Any, as_digits: bool) -> tuple[np.ndarray, bool]:
    """Return one picture as (28, 28) bytes, and whether its file holds more."""
    given = isinstance(file, Image.Image)
    with nullcontext(file) if given else Image.open(file) as opened:
        needed = WORKED_ON if as_digits else 4 * SIDE
        if not given:
            opened.draft("L", (needed, needed))  # a JPEG is decoded no larger than that
        image = ImageOps.exif_transpose(opened)  # cameras store how they were held
        image = _gray(_as_bytes(image, *_white(opened)) if image.mode[0] in "IF" else image)
        several = opened.format != "MPO" and getattr(opened, "is_animated", False)  # MPO: a phone's, with its preview
    if as_digits:
        return (read_digit(np.asarray(image)) * 255).round().astype(np.uint8).reshape(SIDE, SIDE), several
    return np.asarray(ImageOps.fit(image, (SIDE, SIDE), Image.Resampling.LANCZOS)), several


def _gray(image: Image.Image) -> Image.Image:
    """Return a picture in 256 grays; transparent parts become white, or black if the ink is light."""
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        image = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    if not image.has_transparency_data:
        return image.convert("L")
    light, opaque = np.moveaxis(np.asarray(image.convert("RGBA").convert("LA"), np.float32), 2, 0) / 255
    return Image.fromarray((on_ground(light, opaque) * 255).round().astype(np.uint8))


def on_ground(light: np.ndarray, opaque: np.ndarray) -> np.ndarray:
    """Put partly transparent grays in [0, 1] on white, or on black if most visible pixels are light."""
    ground = 0 if (light * opaque).sum() > opaque.sum() / 2 else 1
    return light * opaque + ground * (1 - opaque)


def _white(opened: Image.Image) -> tuple[int, bool]:
    """Return the largest value in a picture of more than 8 bits, and whether it stands for black."""
    if opened.mode == "F":
        return 1, False
    if opened.mode == "I" and opened.format != "PPM":  # whole numbers of 32 bits
        return 255, False
    tags = opened.tag_v2 if opened.format == "TIFF" else {}
    bits, largest = tags.get(258, (16,))[0], tags.get(281)  # BitsPerSample, MaxSampleValue
    white = 2**bits - 1 if bits < 16 else int(np.max(largest or 65_535))
    return white, tags.get(262) == 0  # WhiteIsZero, which Pillow heeds in 8 bits only


def _as_bytes(image: Image.Image, white: int, inverted: bool) -> Image.Image:
    """Scale a gray picture of more than 8 bits down to 8; Pillow itself would clip all values above 255."""
    values = np.asarray(image)
    if not ((values >= 0) & (values <= white)).all():  # NaN fails too
        raise _UnclearError(f"numbers from {values.min():.4g} to {values.max():.4g} where {white} is white")
    scaled = Image.fromarray((values * (255 / white)).round().astype(np.uint8))
    scaled = ImageOps.invert(scaled) if inverted else scaled
    if "transparency" in image.info:
        scaled.putalpha(Image.fromarray(np.where(values == image.info["transparency"], 0, 255).astype(np.uint8)))
    return scaled


def find_files(source: Path) -> tuple[list[tuple[PurePosixPath, Any]], Counter[str]]:
    """Return the picture files in a folder or ZIP in natural order, as (path inside, file), and other endings."""
    if source.is_dir():
        found = _walk(source, PurePosixPath(), {source.resolve()}, source.resolve())
    else:
        archive = open_zip(source)
        inside = (info for info in archive.infolist() if not info.is_dir())
        found = [(PurePosixPath(info.filename), functools.partial(_unpacked, archive, info)) for info in inside]
    found = [(inside, file) for inside, file in found if not any(map(_is_skipped, inside.parts))]
    endings = _readable_endings()
    closed = [f"{inside}/" for inside, file in found if file is None]
    found = [(inside, file) for inside, file in found if file is not None]
    pictures = [(inside, file) for inside, file in found if inside.suffix.lower() in endings]
    others = Counter(inside.suffix.lower() for inside, _ in found if inside.suffix.lower() not in endings)
    others.update(closed)
    return sorted(pictures, key=lambda pair: [natural(part) for part in pair[0].parts]), others


def open_zip(path: Path) -> ZipFile:
    """Open a ZIP; raise a ValueError that names it if it is damaged."""
    try:
        return ZipFile(path)
    except Exception as error:  # zipfile raises many kinds
        raise ValueError(f"{path.name} is damaged ({error})") from error


def _unpacked(archive: ZipFile, info: ZipInfo) -> BytesIO:
    if info.file_size > LARGEST:
        raise Image.DecompressionBombError
    return BytesIO(archive.read(info))


def _walk(folder: Path, inside: PurePosixPath, seen: set[Path], root: Path) -> list[tuple[PurePosixPath, Any]]:
    """Return the regular files under a folder; a link to a folder elsewhere is followed once, pipes are not opened."""
    found = []
    for entry in sorted(folder.iterdir()):
        if _is_skipped(entry.name):
            continue
        if entry.is_dir():
            target = entry.resolve()
            elsewhere = not target.is_relative_to(root) and not root.is_relative_to(target)
            if target not in seen and (elsewhere or not entry.is_symlink()):
                seen.add(target)
                try:
                    found += _walk(entry, inside / entry.name, seen, root)
                except OSError:  # closed to this user; the others are read
                    found.append((inside / entry.name, None))
        elif entry.is_file():
            found.append((inside / entry.name, entry))
    return found


def _is_skipped(name: str) -> bool:
    return name.startswith(".") or name.lower() in SKIPPED


def natural(text: str) -> tuple:
    """Return a key that sorts 9 before 10."""
    parts = re.split(r"(\d+)", text.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts], text


def _readable_endings() -> set[str]:
    """Return the file name endings (.png, .jpg, …) for which this Pillow has a reader."""
    if importlib.util.find_spec("pillow_heif"):
        importlib.import_module("pillow_heif").register_heif_opener()
    return {ending for ending, kind in Image.registered_extensions().items() if kind in Image.OPEN}


def class_folders(paths: Sequence[PurePosixPath]) -> list[str]:
    """Return each file's class: its folder, but not a single outer folder around all files, nor train or test."""
    folders = [path.parts[:-1] for path in paths]
    while True:
        first = {parts[0] if parts else "" for parts in folders}
        lone = len(first) == 1 and "" not in first and any(len(parts) > 1 for parts in folders)
        if not first or not (lone or {name.lower() for name in first} <= SPLITS):
            return [parts[0] if parts else "" for parts in folders]
        folders = [parts[1:] for parts in folders]
