"""How much a learnt filter looks like an edge: its orientation, its extent, and the fit of a Gabor function."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from aecourse.checks import check_number
from aecourse.evaluation.arrays import check_array

HALF_HEIGHT = 2 * math.sqrt(2 * math.log(2))  # full width of a Gaussian at half its height, in standard deviations


@dataclass(frozen=True, eq=False)
class Gabor:
    """The Gabor function nearest to an image.

    Attributes
    ----------
    picture : array (side, side)
    r2 : share of the image's variance that it explains, 1 for a perfect fit
    along, across : width of the envelope at half its height, along the wave and along its crests, in pixels
    frequency : cycles per pixel
    """

    picture: np.ndarray
    r2: float
    along: float
    across: float
    frequency: float


def orientation(image: np.ndarray | torch.Tensor) -> float:
    """Return how much of an image's energy lies in one orientation: 1 for a plane wave, 0 for a blob or a chequerboard.

    It is the length of the mean of exp(2iθ) over all spatial frequencies, weighted by their power, where θ is the
    direction of the wave. Taught in notebooks/05_sparse.ipynb.

    Parameters
    ----------
    image : array or tensor (side, side)
        Not all of one value.
    """
    image, side = _square(image)
    power = np.abs(np.fft.fft2(image - image.mean(), (4 * side, 4 * side))) ** 2
    down, across = np.meshgrid(*2 * [np.fft.fftfreq(4 * side)], indexing="ij")
    return float(np.abs((power * np.exp(2j * np.arctan2(down, across))).sum()) / power.sum())


def extent(image: np.ndarray | torch.Tensor) -> float:
    """Return how far an image's energy is spread: 0 for a single pixel, 1 for a pattern that fills the square evenly.

    It is the root mean square distance of the squared pixels from their centre, as a share of that of an even square.

    Parameters
    ----------
    image : array or tensor (side, side)
        Not all of one value.
    """
    image, side = _square(image)
    weight = np.square(image - image.mean())
    places = np.mgrid[:side, :side]
    centre = (places * weight).sum((1, 2), keepdims=True) / weight.sum()
    distance = (np.square(places - centre).sum(0) * weight).sum() / weight.sum()
    return float(np.sqrt(distance / ((side**2 - 1) / 6)))


def gabor_fit(image: np.ndarray | torch.Tensor, *, widest: float = 4.0) -> Gabor:
    """Return the Gabor function nearest to a small image in squared error, after subtracting both means.

    A Gabor function is a wave under a Gaussian envelope: A · exp(−(u²/σ_u² + v²/σ_v²)/2) · cos(2π f u + φ), where u
    runs along the wave and v along its crests, both from the envelope's centre. With a wide envelope it is a wave
    through the whole image: R² alone does not say that a filter is local, the widths do. SciPy's Levenberg–Marquardt
    method starts twice, from the best of some thousand waves on a grid and from the best of another frequency; this
    takes about 15 ms for side 12. Taught in notebooks/05_sparse.ipynb.

    Parameters
    ----------
    image : array or tensor (side, side)
        Not all of one value.
    widest : float
        The largest width of the envelope at half its height, above 0 and below 1,000, as a share of the image's side.

    Raises
    ------
    ValueError
        If the image is not square, at least 4×4, of finite numbers that differ.

    References
    ----------
    Gabor (1946), Theory of communication; Jones & Palmer (1987), An evaluation of the two-dimensional Gabor filter
    model of simple receptive fields in cat striate cortex.
    """
    from scipy.optimize import least_squares  # here: only notebook 05 needs them
    from scipy.special import expit

    image, side = _square(image)
    widest = check_number("widest", widest, maximum=1_000, open_ends=True)
    y = (image - image.mean()).ravel()
    shapes, even, odd = _gabor_grid(side, widest)
    explained = _explained(y, even, odd)
    best = shapes[explained.argmax()]
    second = shapes[np.where(shapes[:, 3] == best[3], 0, explained).argmax()]  # the best of another frequency
    low, high = _gabor_range(side, widest)

    def bounded(free: np.ndarray) -> np.ndarray:  # any number → one in the range
        return low + (high - low) * expit(free)

    def residual(free: np.ndarray) -> np.ndarray:
        return y - _project(y, *_wave_pair(bounded(free), side))

    runs = []
    for start in (best, second):
        share = np.clip((start - low) / (high - low), 0.02, 0.98)
        runs.append(least_squares(residual, np.log(share / (1 - share)), method="lm", ftol=1e-3, xtol=1e-3))
    run = min(runs, key=lambda run: run.cost)
    *_, frequency, sigma_u, sigma_v = bounded(run.x)
    return Gabor(
        picture=(y - run.fun).reshape(side, side),
        r2=float(1 - 2 * run.cost / (y @ y)),
        along=float(HALF_HEIGHT * sigma_u),
        across=float(HALF_HEIGHT * sigma_v),
        frequency=float(frequency),
    )


def _square(image: np.ndarray | torch.Tensor) -> tuple[np.ndarray, int]:
    """Return the image in double precision and its side; raise an error if it cannot be measured."""
    image = check_array("image", image, "(side, side)").astype(np.float64)
    if image.shape[0] != image.shape[1] or len(image) < 4:
        raise ValueError(f"image must be a square of finite numbers, at least 4×4; got shape {image.shape}")
    if np.var(image) == 0:
        raise ValueError("image must have some variance; all its values are equal")
    return image, len(image)


def _gabor_range(side: int, widest: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and highest centre (across, down), angle, frequency in cycles per pixel, σ_u and σ_v."""
    sigma = max(0.5, widest * side / HALF_HEIGHT)
    return np.array([0, 0, -4, 0.02, 0.4, 0.4]), np.array([side - 1, side - 1, 7, 0.5, sigma, sigma])


def _wave_pair(shape: Sequence[float], side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return cosine and sine under one envelope, each of mean 0; their sums are all Gabor functions of this shape."""
    across, down, angle, frequency, sigma_u, sigma_v = shape
    y, x = (axis.ravel() for axis in np.mgrid[:side, :side])
    u = (x - across) * math.cos(angle) + (y - down) * math.sin(angle)
    v = (y - down) * math.cos(angle) - (x - across) * math.sin(angle)
    envelope = np.exp(-0.5 * ((u / sigma_u) ** 2 + (v / sigma_v) ** 2))
    even, odd = envelope * np.cos(2 * math.pi * frequency * u), envelope * np.sin(2 * math.pi * frequency * u)
    return even - even.mean(), odd - odd.mean()


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
    places = np.linspace(0.5, side - 1.5, 4)
    widths = [sigma for share in (0.3, 0.7, 2.0) if (sigma := share * side / HALF_HEIGHT) < high[4]]
    widths = widths or [0.7 * high[4]]
    angles, frequencies = np.arange(8) * math.pi / 8, (0.05, 0.1, 0.17, 0.26, 0.4)
    shapes = np.array(list(itertools.product(places, places, angles, frequencies, widths, widths)))
    even, odd = zip(*(_wave_pair(shape, side) for shape in shapes), strict=True)
    return shapes, np.array(even), np.array(odd)
