"""The rulers of a filter's shape, against known waves, noise, gratings, checks and hills."""

import numpy as np
import pytest
from helpers.strategies import refuses

from aecourse.evaluation.gabor import extent, gabor_fit, orientation

HALF_HEIGHT = 2.3548  # standard deviations


def wave(side, *, across, down, turn, frequency, phase, sigma_u, sigma_v):
    """A Gabor function written out from the formula in the plane's own coordinates."""
    grid = (np.arange(side)[None, :] - across) + 1j * (np.arange(side)[:, None] - down)
    u, v = (grid * np.exp(-1j * turn)).real, (grid * np.exp(-1j * turn)).imag
    hill = 3 * np.exp(-(u**2) / (2 * sigma_u**2) - v**2 / (2 * sigma_v**2))
    return hill * np.cos(2 * np.pi * frequency * u + phase)


@pytest.mark.parametrize("side", [8, 12, 16])
def test_gabor_functions_are_recognised(side):
    """R² 1, the fit is the function, its widths are those it was made with, and an offset is no matter."""
    rng = np.random.default_rng(side)
    for _ in range(8):
        across, down = rng.uniform(0.4 * side, 0.6 * side, 2)
        sigma_u, sigma_v = rng.uniform(0.1 * side, 0.2 * side, 2)
        frequency = rng.uniform(0.15, 0.35)
        known = wave(
            side, across=across, down=down, turn=rng.uniform(0, np.pi), frequency=frequency,
            phase=rng.uniform(0, 2 * np.pi), sigma_u=sigma_u, sigma_v=sigma_v,
        )  # fmt: skip
        for offset in (0.0, 5.0):
            fit = gabor_fit(known + offset)
            assert fit.r2 >= 0.97
            assert np.abs(fit.picture - (known - known.mean())).max() <= 0.2 * np.abs(known).max()
            assert fit.r2 == pytest.approx(gabor_fit(known).r2, abs=0.01)
        assert max(fit.along, fit.across) <= 1.4 * HALF_HEIGHT * max(sigma_u, sigma_v)
        assert min(fit.along, fit.across) >= 0.6 * HALF_HEIGHT * min(sigma_u, sigma_v)


def test_noise_is_no_gabor_function_and_a_wide_wave_only_under_a_wide_hill():
    """Noise never reaches 0.5; a wave through the whole picture fits, and its width says that it fills it."""
    rng = np.random.default_rng(0)
    assert max(gabor_fit(rng.normal(size=(8, 8))).r2 for _ in range(30)) < 0.5
    grating = np.cos(0.25 * 2 * np.pi * (np.arange(16)[None, :] + np.arange(16)[:, None] / 2))
    fit = gabor_fit(grating)
    assert fit.r2 > 0.95
    assert max(fit.along, fit.across) > 16
    assert gabor_fit(grating, widest=0.5).r2 < 0.7


def test_orientation_tells_waves_from_checks_blobs_and_noise():
    """Near 1 for a plane wave wherever it points, near 0 for checks, hills and noise; an offset counts nowhere."""
    down, across = np.mgrid[:16, :16] - 7.5
    for turn in np.linspace(0, np.pi, 7):
        plane = np.cos(2 * np.pi * 0.2 * (across * np.cos(turn) + down * np.sin(turn)))
        assert orientation(plane) > 0.8
        assert orientation(plane + 3) == pytest.approx(orientation(plane))
    check = np.cos(2 * np.pi * 0.2 * across) * np.cos(2 * np.pi * 0.2 * down)
    hill = np.exp(-(across**2 + down**2) / 8)
    assert orientation(check) < 0.05
    assert orientation(hill) < 0.05
    assert orientation(np.random.default_rng(0).normal(size=(16, 16))) < 0.3


def test_extent_is_a_share_of_an_even_pattern():
    """About 1 for gratings and noise, that of the formula for a Gabor function, the smaller the nearer to one pixel."""
    down, across = np.mgrid[:16, :16] - 7.5
    for pattern in (np.cos(0.7 * across + 0.4 * down), np.random.default_rng(0).normal(size=(16, 16))):
        assert extent(pattern) == pytest.approx(1, abs=0.1)
    dot = np.zeros((16, 16))
    dot[5, 9] = 1
    assert extent(dot) < 0.2
    local = np.exp(-(across**2 + down**2) / (2 * 2.0**2)) * np.sin(2 * across)
    assert extent(local) == pytest.approx(np.sqrt(2 * 2.0**2 / 2 / (255 / 6)), rel=0.1)  # energy has half the variance


@pytest.mark.parametrize("image", [np.zeros((8, 7)), np.zeros(64), np.zeros((3, 3)), np.full((8, 8), np.nan)])
@pytest.mark.parametrize("measure", [gabor_fit, orientation, extent])
def test_bad_pictures_are_refused(measure, image):
    """Not square, too small, not finite; and one without any variance has no shape."""
    refuses("image", measure, image)
    refuses("image", measure, np.ones((8, 8)))
    refuses("widest", gabor_fit, np.eye(8), widest=0)
