"""How much a learnt filter looks like an edge: the least-squares fit of a Gabor function."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence

import numpy as np
import torch

from aecourse.checks import check_number
from aecourse.device import to_numpy


def gabor_fit(image: np.ndarray | torch.Tensor, *, widest: float = 0.5) -> np.ndarray:
    """Return the Gabor function nearest to a small image in squared error; (side, side) → (side, side).

    A Gabor function is a wave under a Gaussian envelope: A · exp(−(u²/σ_u² + v²/σ_v²)/2) · cos(2π f u + φ), where u
    runs along the wave and v along its crests, both from the envelope's centre. The envelope must be local: its width
    at half its height is at most `widest`. Without that limit a wave across the whole image would count too. SciPy's
    Levenberg–Marquardt method starts twice, from the best of 2,560 waves on a grid and from the best of another
    frequency; about 10 ms for side 8. Taught in notebooks/05_sparse.ipynb.

    Parameters
    ----------
    image : array or tensor (side, side)
    widest : float
        The largest width of the envelope at half its height, above 0, as a share of the image's side.

    Raises
    ------
    ValueError
        If the image is not square, at least 4×4, of finite numbers.

    References
    ----------
    Gabor (1946), Theory of communication; Jones & Palmer (1987), An evaluation of the two-dimensional Gabor filter
    model of simple receptive fields in cat striate cortex.
    """
    from scipy.optimize import least_squares  # here: only notebook 05 needs it

    image = to_numpy(image, np.float64)
    if image.ndim != 2 or image.shape[0] != image.shape[1] or len(image) < 4 or not np.isfinite(image).all():
        raise ValueError(f"image must be a square of finite numbers, at least 4×4; got shape {image.shape}")
    widest = check_number("widest", widest, open_ends=True)
    side, y = len(image), image.ravel()
    shapes, even, odd = _gabor_grid(side, widest)
    explained = _explained(y, even, odd)
    best = shapes[explained.argmax()]
    second = shapes[np.where(shapes[:, 3] == best[3], 0, explained).argmax()]  # the best of another frequency
    low, high = _gabor_range(side, widest)

    def bounded(free: np.ndarray) -> np.ndarray:  # any number → one in the range
        return low + (high - low) / (1 + np.exp(-free))

    def residual(free: np.ndarray) -> np.ndarray:
        return y - _project(y, *_wave_pair(bounded(free), side))

    runs = []
    for start in (best, second):
        share = np.clip((start - low) / (high - low), 0.02, 0.98)
        runs.append(least_squares(residual, np.log(share / (1 - share)), method="lm", ftol=1e-4, xtol=1e-4))
    return (y - min(runs, key=lambda run: run.cost).fun).reshape(side, side)


def gabor_r2(image: np.ndarray | torch.Tensor, *, widest: float = 0.5) -> float:
    """Return R² of the nearest Gabor function: the share of the image's variance that it explains, 1 for a perfect fit.

    Noise of 8×8 pixels reaches about 0.2, never 0.5.

    Parameters
    ----------
    image : array or tensor (side, side)
        Not all of one value.
    widest : float
        As in `gabor_fit`.
    """
    image = to_numpy(image, np.float64)
    fitted = gabor_fit(image, widest=widest)
    variance = np.square(image - image.mean()).sum()
    if variance == 0:
        raise ValueError("image must have some variance; all its values are equal")
    return float(1 - np.square(image - fitted).sum() / variance)


def _gabor_range(side: int, widest: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and highest centre (across, down), angle, frequency in cycles per pixel, σ_u and σ_v."""
    sigma = max(0.5, widest * side / (2 * math.sqrt(2 * math.log(2))))  # width at half height is 2.35 σ
    return np.array([0, 0, -4, 0.02, 0.4, 0.4]), np.array([side - 1, side - 1, 7, 0.5, sigma, sigma])


def _wave_pair(shape: Sequence[float], side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the cosine and the sine wave under one envelope; sums of the two are all Gabor functions of this shape."""
    across, down, angle, frequency, sigma_u, sigma_v = shape
    y, x = (axis.ravel() for axis in np.mgrid[:side, :side])
    u = (x - across) * math.cos(angle) + (y - down) * math.sin(angle)
    v = (y - down) * math.cos(angle) - (x - across) * math.sin(angle)
    envelope = np.exp(-0.5 * ((u / sigma_u) ** 2 + (v / sigma_v) ** 2))
    return envelope * np.cos(2 * math.pi * frequency * u), envelope * np.sin(2 * math.pi * frequency * u)


def _project(y: np.ndarray, even: np.ndarray, odd: np.ndarray) -> np.ndarray:
    """Return the projection of y onto two waves: amplitude and phase follow from two linear equations."""
    ee, eo, oo, ye, yo = even @ even, even @ odd, odd @ odd, y @ even, y @ odd
    determinant = ee * oo - eo * eo + 1e-12
    return (oo * ye - eo * yo) / determinant * even + (ee * yo - eo * ye) / determinant * odd


def _explained(y: np.ndarray, even: np.ndarray, odd: np.ndarray) -> np.ndarray:
    """Return the squared length of y's projection onto each pair of rows; (d,), (m, d), (m, d) → (m,)."""
    ee, eo, oo = (even**2).sum(1), (even * odd).sum(1), (odd**2).sum(1)
    ye, yo = even @ y, odd @ y
    return (oo * ye**2 - 2 * eo * ye * yo + ee * yo**2) / (ee * oo - eo**2 + 1e-9)


@functools.cache
def _gabor_grid(side: int, widest: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return shapes to start from, (m, 6), and their cosine and sine waves, (m, side²) each."""
    high = _gabor_range(side, widest)[1]
    places, widths = np.linspace(0.5, side - 1.5, 4), np.linspace(0.5, 0.95, 2) * high[4]
    angles, frequencies = np.arange(8) * math.pi / 8, (0.06, 0.12, 0.2, 0.3, 0.42)
    shapes = np.array(list(itertools.product(places, places, angles, frequencies, widths, widths)))
    even, odd = zip(*(_wave_pair(shape, side) for shape in shapes), strict=True)
    return shapes, np.array(even), np.array(odd)
