"""MNIST, which ships with the course."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import torch

from aecourse.data.idx import IDX_FILES, read_idx
from aecourse.data.image_set import PIXELS, SIDE, ImageSet
from aecourse.device import check_device


def load_mnist(*, device: torch.device | str = "cpu") -> tuple[ImageSet, ImageSet]:
    """Load the 70,000 handwritten digits that ship with the course as (train, test).

    They are read once and shared by all callers: change only a copy of their tensors (`x.clone()`). If somebody does
    change the tensors, the next call reads them again.

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
    with torch.inference_mode(False):  # even if an explorer calls this: a learner may train on them
        folder = Path(str(resources.files("aecourse") / "assets" / "mnist"))
        names = [Path(name).with_suffix(".xz").name for name in IDX_FILES]  # a fifth smaller than the published .gz
        return load_idx_folder(folder, device, "reinstall the course to restore its own files", names)


def load_idx_folder(
    folder: Path, device: torch.device | str, cure: str, names: Sequence[str] = IDX_FILES
) -> tuple[ImageSet, ImageSet]:
    """Load the four IDX files of one data set as (train, test); `cure` says what to do if one is damaged."""
    device = check_device(device)

    def part(images_name: str, labels_name: str) -> ImageSet:
        images, labels = (torch.from_numpy(read_idx(folder / name)) for name in (images_name, labels_name))
        if images.shape[1:] != (SIDE, SIDE) or images.dtype != torch.uint8:
            told = f"{tuple(images.shape)}, {images.dtype}"
            raise ValueError(f"{images_name} must hold bytes of shape (n, {SIDE}, {SIDE}); it holds {told}")
        x = images.view(-1, PIXELS).to(device).float().div_(255)  # moved as bytes: a quarter of the traffic
        try:
            return ImageSet(x, labels.to(device).long())
        except (TypeError, ValueError) as error:
            raise ValueError(f"{images_name} and {labels_name} do not belong together: {error}") from error

    try:
        return part(*names[:2]), part(*names[2:])
    except ValueError as error:
        raise ValueError(f"{error}; {cure}") from error
