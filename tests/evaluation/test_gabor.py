"""The Gabor ruler against known waves, noise and gratings."""

import numpy as np
import pytest
from helpers.strategies import refuses

from aecourse.evaluation.gabor import gabor_fit, gabor_r2


@pytest.mark.parametrize("side", [8, 12])
def test_gabor_functions_are_recognised(side):
    """Written out from the formula in the plane's own coordinates: R² 1, and the fit is the function."""
    rng = np.random.default_rng(side)
    for _ in range(8):
        across, down = rng.uniform(0.3 * side, 0.6 * side, 2)
        sigma_u, sigma_v = rng.uniform(0.1 * side, 0.2 * side, 2)
        turn, frequency, phase = rng.uniform(0, np.pi), rng.uniform(0.1, 0.35), rng.uniform(0, 2 * np.pi)
        grid = (np.arange(side)[None, :] - across) + 1j * (np.arange(side)[:, None] - down)
        u, v = (grid * np.exp(-1j * turn)).real, (grid * np.exp(-1j * turn)).imag
        wave = 3 * np.exp(-(u**2) / (2 * sigma_u**2) - v**2 / (2 * sigma_v**2))
        wave = wave * np.cos(2 * np.pi * frequency * u + phase)
        assert gabor_r2(wave) >= 0.98
        assert np.abs(gabor_fit(wave) - wave).max() <= 0.2 * np.abs(wave).max()


def test_noise_and_wide_waves_are_not():
    """Noise never reaches 0.5; a wave through the whole picture does only where the hill may be wide."""
    rng = np.random.default_rng(0)
    assert max(gabor_r2(rng.normal(size=(8, 8))) for _ in range(30)) < 0.5
    grating = np.cos(0.25 * 2 * np.pi * (np.arange(16)[None, :] + np.arange(16)[:, None] / 2))
    assert gabor_r2(grating) < 0.7 < 0.95 < gabor_r2(grating, widest=4.0)


@pytest.mark.parametrize("image", [np.zeros((8, 7)), np.zeros(64), np.zeros((3, 3)), np.full((8, 8), np.nan)])
def test_bad_pictures_are_refused(image):
    """Not square, too small, not finite; and one without any variance has no R²."""
    refuses("image", gabor_r2, image)
    refuses("image", gabor_r2, np.ones((8, 8)))
    refuses("widest", gabor_fit, np.eye(8), widest=0)
