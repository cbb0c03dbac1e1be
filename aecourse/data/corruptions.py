"""Ways to change images: small shifts, and the corruptions that a denoising autoencoder learns to undo."""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

from aecourse.checks import check_choice, check_flag, check_number, check_whole
from aecourse.data.image_set import PIXELS, SIDE, check_range
from aecourse.device import check_seed, not_dense


def gaussian_noise(x: torch.Tensor, sigma: float = 0.5, *, clip: bool = True, seed: int | None = None) -> torch.Tensor:
    """Add independent normal noise of standard deviation `sigma` to every pixel; (n, d) → (n, d).

    Parameters
    ----------
    x : float tensor (n, d)
        Pixels in [0, 1]; with clip=False any finite numbers.
    sigma : float
        From 0 to 5, in units of the pixel range.
    clip : bool
        Clip pixels to [0, 1], as a camera does; False keeps the noise truly Gaussian.
    seed : int, optional
        A number gives the same noise each time; None draws from torch's own generator.
    """
    check_flag("clip", clip)
    if clip:
        _check_pixels(x, "; clip=False adds noise to any numbers")
    else:
        _check(x)
        if x.isnan().any():
            raise ValueError("x must hold numbers; got NaN among them")
    return _noise(x, sigma, seed, clip=clip)


def salt_and_pepper(x: torch.Tensor, share: float = 0.3, *, seed: int | None = None) -> torch.Tensor:
    """Turn a random `share` (0 to 1) of the pixels, in [0, 1], black or white, half and half; (n, d) → (n, d)."""
    _check_pixels(x)
    return _salt(x, share, seed)


def mask_pixels(x: torch.Tensor, share: float = 0.5, *, seed: int | None = None) -> torch.Tensor:
    """Turn a random `share` (0 to 1) of the pixels, in [0, 1], black; (n, d) → (n, d)."""
    _check_pixels(x)
    return _mask(x, share, seed)


def occlude(x: torch.Tensor, size: int = 12, *, seed: int | None = None) -> torch.Tensor:
    """Cover each image, pixels in [0, 1], with a black size×size square at a random place; (n, side²) → (n, side²)."""
    _check_pixels(x)
    return _cover(x, size, seed)


def downsample(x: torch.Tensor, factor: int = 2, *, seed: int | None = None) -> torch.Tensor:
    """Replace each factor×factor block of pixels by its mean, as if seen by a coarser camera; (n, side²) → (n, side²).

    `factor` must divide the side; `seed` changes nothing.
    """
    side = _side(x, "factor")
    factor = check_whole("factor", factor, maximum=side)
    if seed is not None:
        seed = check_seed(seed)
    if side % factor:
        raise ValueError(f"factor must divide the picture's side of {side} pixels; got {factor}")
    coarse = F.avg_pool2d(x.view(-1, 1, side, side), factor)
    return F.interpolate(coarse, scale_factor=factor, mode="nearest").flatten(1)


CORRUPTIONS = {
    "gaussian": gaussian_noise,
    "salt and pepper": salt_and_pepper,
    "mask": mask_pixels,
    "occlude": occlude,
    "downsample": downsample,
}


def corrupt(x: torch.Tensor, noise: str, strength: float, *, seed: int | None = None) -> torch.Tensor:
    """Damage images, pixels in [0, 1], by the corruption named `noise`, one of `CORRUPTIONS`; (n, d) → (n, d).

    Parameters
    ----------
    strength : float
        Sigma, share, size or factor, whichever that corruption takes.
    """
    check_choice("noise", noise, tuple(CORRUPTIONS))
    return CORRUPTIONS[noise](x, strength, seed=seed)


def corrupt_in_training(x: torch.Tensor, noise: str, strength: float) -> torch.Tensor:
    """Return the same as `corrupt` without a check of the pixels, which would make each step wait for a GPU."""
    _check(x)
    return _UNCHECKED[noise](x, strength, seed=None)


def shift_images(x: torch.Tensor, *, max_shift: int = 1) -> torch.Tensor:
    """Shift each image by up to `max_shift` pixels in a random direction, filled with black; (n, 784) → (n, 784)."""
    max_shift = check_whole("max_shift", max_shift, minimum=0, maximum=SIDE - 1)
    _check(x)
    if x.shape[1] != PIXELS:
        raise ValueError(f"x must have shape (n, {PIXELS}); got {tuple(x.shape)}")
    down, right = torch.randint(0, 2 * max_shift + 1, (2, len(x), 1), device=x.device)
    padded = torch.nn.functional.pad(x.view(-1, SIDE, SIDE), (max_shift,) * 4)
    along = torch.arange(SIDE, device=x.device)
    rows, columns = along + down, along + right  # (n, 28) each
    each = torch.arange(len(x), device=x.device)[:, None, None]
    return padded[each, rows[:, :, None], columns[:, None, :]].reshape(-1, PIXELS)


def _noise(x: torch.Tensor, sigma: float, seed: int | None, *, clip: bool = True) -> torch.Tensor:
    sigma = check_number("sigma", sigma, maximum=5)
    noisy = x + sigma * torch.randn(x.shape, generator=_generator(x, seed), device=x.device, dtype=x.dtype)
    return noisy.clamp(0, 1) if clip else noisy


def _salt(x: torch.Tensor, share: float, seed: int | None) -> torch.Tensor:
    share = check_number("share", share, maximum=1)
    draw = torch.rand(x.shape, generator=_generator(x, seed), device=x.device, dtype=x.dtype)
    return torch.where(draw < share, (draw < share / 2).to(x.dtype), x)


def _mask(x: torch.Tensor, share: float, seed: int | None) -> torch.Tensor:
    share = check_number("share", share, maximum=1)
    return x * (torch.rand(x.shape, generator=_generator(x, seed), device=x.device, dtype=x.dtype) >= share)


def _cover(x: torch.Tensor, size: int, seed: int | None) -> torch.Tensor:
    side = _side(x, "size")
    size = check_whole("size", size, minimum=0, maximum=side)
    top, left = torch.randint(0, side - size + 1, (2, len(x), 1), generator=_generator(x, seed), device=x.device)
    along = torch.arange(side, device=x.device)
    rows, columns = ((first <= along) & (along < first + size) for first in (top, left))  # (n, side) each
    return x * ~(rows[:, :, None] & columns[:, None, :]).flatten(1)


_UNCHECKED = {"gaussian": _noise, "salt and pepper": _salt, "mask": _mask, "occlude": _cover, "downsample": downsample}


def _generator(x: torch.Tensor, seed: int | None) -> torch.Generator | None:
    return None if seed is None else torch.Generator(x.device).manual_seed(check_seed(seed))


def _check(x: torch.Tensor) -> None:
    """Raise an error unless x is a batch of images."""
    accepted = "x must be a dense floating-point tensor of shape (n, pixels)"
    if not isinstance(x, torch.Tensor):
        raise TypeError(f"{accepted}; got {type(x).__name__}")
    if got := not_dense(x):
        raise TypeError(f"{accepted}; got {got}")
    if not x.is_floating_point() or x.itemsize < 2 or x.ndim != 2 or x.shape[1] == 0:
        raise TypeError(f"{accepted}; got shape {tuple(x.shape)}, {x.dtype}")


def _check_pixels(x: torch.Tensor, otherwise: str = "") -> None:
    """Raise an error unless x is a batch of images with pixels in [0, 1], where 0 is black and 1 is white."""
    _check(x)
    if x.numel():
        check_range(f"x must hold pixels in [0, 1]{otherwise}", x.detach())


def _side(x: torch.Tensor, name: str) -> int:
    """Return the side of the images, which must be square for a corruption measured by `name`."""
    _check(x)
    side = math.isqrt(x.shape[1])
    if side * side != x.shape[1]:
        raise ValueError(f"x must hold square pictures, (n, side²), to apply a {name}; got {tuple(x.shape)}")
    return side
