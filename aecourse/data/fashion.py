"""Fashion-MNIST: images of clothes in MNIST's format, found on this machine or downloaded."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from aecourse.checks import check_flag
from aecourse.data.idx import IDX_FILES
from aecourse.data.image_set import ImageSet
from aecourse.data.mnist import load_idx_folder
from aecourse.device import check_device
from aecourse.files import expanded

DEBIAN_FASHION = Path("/usr/share/datasets/fashion-mnist")
CURE = "delete this copy to load it again"


def load_fashion_mnist(
    *, device: torch.device | str = "cpu", root: str | Path | None = None, download: bool = True
) -> tuple[ImageSet, ImageSet]:
    """Load the 70,000 images of Fashion-MNIST as (train, test).

    First look for a copy: in torchvision's layout (`root/FashionMNIST/raw/*.gz`), as four IDX files directly in `root`
    and, if no root is given, in the folder of Debian's package `dataset-fashion-mnist`. If there is none, torchvision
    downloads one, with a progress bar.

    Parameters
    ----------
    root : str or Path, optional
        Where the copy is, or where to put it; no other place is searched. Default: the environment variable
        `AECOURSE_DATA`, else `~/.cache/aecourse`.
    download : bool
        False never uses the network.

    Raises
    ------
    FileNotFoundError
        If there is no copy and none can be downloaded; the error says how to get one.

    References
    ----------
    Xiao, Rasul & Vollgraf (2017), Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms.
    """
    check_device(device)
    check_flag("download", download)
    if root is not None and not isinstance(root, str | Path):
        raise TypeError(f"root must be a folder's path; got {root!r} of type {type(root).__name__}")
    elsewhere = [DEBIAN_FASHION] if root is None else []
    root = expanded(root if root is not None else os.environ.get("AECOURSE_DATA") or "~/.cache/aecourse")
    places = [root / "FashionMNIST" / "raw", root, *elsewhere]
    for place in places:
        if all((place / name).exists() for name in IDX_FILES):  # an interrupted download leaves only some
            return load_idx_folder(place, device, CURE)
    reason = "download=False"
    if download:
        from torchvision.datasets import FashionMNIST  # here, because most notebooks never need it

        try:
            FashionMNIST(root, download=True)
            return load_idx_folder(places[0], device, CURE)
        except Exception as error:  # torchvision raises whatever its network layer raised
            reason = f"the download failed: {error}"
    raise FileNotFoundError(
        f"Fashion-MNIST is not in {root} ({reason}). Copy its four .gz files (train-images-idx3-ubyte.gz and "
        f"its three companions) into {places[0]}, or, on Debian and Ubuntu, run "
        "'apt install dataset-fashion-mnist' and give no root; then run this cell again."
    )
