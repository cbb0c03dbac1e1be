"""Other data for an autoencoder: a calculator's digits, patches of photographs, and a spiral in the plane."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from aecourse.checks import check_number, check_whole
from aecourse.data.image_set import PIXELS, SIDE
from aecourse.device import check_device, check_seed

MOST = 1_000_000  # patches or points at once
PHOTOS = Path(__file__).parents[1] / "assets" / "photos"  # six, beside the two of scikit-learn; see its README.md


def seven_segment_digits(*, device: torch.device | str = "cpu") -> torch.Tensor:
    """Return the ten digits of a pocket calculator; (10, 7) zeros and ones.

    The seven columns are the segments a b c d e f g: top, upper right, lower right, bottom, lower left, upper left,
    middle.
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
    """Cut random 28×28 gray patches out of the two photographs of scikit-learn; (count, 784) in [0, 1].

    The photographs are first halved in size, so that a patch shows a thing (a petal, a roof) and not a flat surface.
    """
    count = check_whole("count", count, maximum=MOST)
    seed = check_seed(seed)
    device = check_device(device)
    patches = _cut_out(count, [np.asarray(photo, np.uint8) for photo in _photographs(shrink=2)], SIDE, seed)
    return torch.from_numpy(patches).reshape(count, PIXELS).to(device).float() / 255


def whitened_patches(
    count: int = 10_000, *, side: int = 8, seed: int = 0, device: torch.device | str = "cpu"
) -> torch.Tensor:
    """Cut random side×side patches out of eight whitened photographs; (count, side²), mean 0 and variance 1.

    Two photographs come from scikit-learn, six from aecourse/assets/photos, which names their authors and licences. In
    a photograph neighbouring pixels are nearly equal, and a network would learn only that. Whitening makes all
    spatial frequencies equally strong, up to a soft limit at 0.8 of the finest, where noise begins.

    References
    ----------
    Olshausen & Field (1996), Emergence of simple-cell receptive field properties by learning a sparse code for natural
    images.
    """
    count = check_whole("count", count, maximum=MOST)
    side = check_whole("side", side, minimum=2, maximum=64)
    seed = check_seed(seed)
    device = check_device(device)
    shipped = [Image.open(path).convert("L") for path in sorted(PHOTOS.glob("*.webp"))]
    photos = [_whiten(np.asarray(photo, np.float64)) for photo in (*_photographs(shrink=1), *shipped)]
    patches = torch.from_numpy(_cut_out(count, photos, side, seed)).reshape(count, side * side)
    return patches.float().to(device)


def _photographs(*, shrink: int) -> list[Image.Image]:
    """Return the two photographs in gray, each side divided by `shrink`."""
    from sklearn.datasets import load_sample_images  # here: scikit-learn takes a second to import

    grays = [Image.fromarray(photo).convert("L") for photo in load_sample_images().images]
    return [
        gray.resize((gray.width // shrink, gray.height // shrink), Image.Resampling.LANCZOS) if shrink > 1 else gray
        for gray in grays
    ]


def _whiten(photo: np.ndarray) -> np.ndarray:
    """Return a gray photograph with a flat spectrum, mean 0 and variance 1."""
    down, across = (np.fft.fftfreq(size) for size in photo.shape)
    frequency = np.hypot(down[:, None], across[None, :])  # cycles per pixel, 0.5 the finest
    flat = np.fft.ifft2(np.fft.fft2(photo) * frequency * np.exp(-((frequency / 0.4) ** 4))).real
    return (flat - flat.mean()) / flat.std()


def _cut_out(count: int, photos: list[np.ndarray], side: int, seed: int) -> np.ndarray:
    """Cut random squares out of the photographs; (count, side, side)."""
    rng = np.random.default_rng(seed)
    patches = np.empty((count, side, side), photos[0].dtype)
    for i in range(count):
        photo = photos[rng.integers(len(photos))]
        top, left = (rng.integers(size - side + 1) for size in photo.shape)
        patches[i] = photo[top : top + side, left : left + side]
    return patches


def spiral(count: int = 1000, *, turns: float = 1.5, device: torch.device | str = "cpu") -> torch.Tensor:
    """Return points evenly spaced along a spiral in the plane, from its centre outward; (count, 2) within radius 1.

    A one-dimensional curve in two dimensions: the simplest example of a manifold.
    """
    count = check_whole("count", count, minimum=2, maximum=MOST)
    turns = check_number("turns", turns, maximum=10, open_ends=True)
    device = check_device(device)
    inner = 0.2  # the radius grows from here to 1, linearly with the angle
    angle = np.linspace(0, 1, 50 * count)
    radius = inner + (1 - inner) * angle
    curve = radius[:, None] * np.stack([np.cos(2 * math.pi * turns * angle), np.sin(2 * math.pi * turns * angle)], 1)
    along = np.concatenate([[0], np.linalg.norm(np.diff(curve, axis=0), axis=1).cumsum()])
    even = np.linspace(0, along[-1], count)
    points = np.stack([np.interp(even, along, curve[:, axis]) for axis in range(2)], 1)
    return torch.from_numpy(points).float().to(device)
