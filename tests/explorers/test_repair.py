"""The repair explorer: damage, filter and network against SciPy and scikit-image, the scribble, the slider."""

import math
import re

import numpy as np
import pytest
import torch
from helpers.strategies import caption_in, numpy_of, picture_in, places_of, refuses
from scipy.ndimage import median_filter
from skimage.metrics import peak_signal_noise_ratio

from aecourse.data import corrupt
from aecourse.explorers import RepairExplorer
from aecourse.explorers.repair import DAMAGES
from aecourse.plotting import as_images
from aecourse.zoo.shipped import REPAIRED, repair_errors
from aecourse.zoo.weights import load_weights


@pytest.fixture
def explorer() -> RepairExplorer:
    """A fresh one."""
    return RepairExplorer()


def tiles(explorer, row: int) -> np.ndarray:
    """The ten images of one row, (10, 28, 28)."""
    return np.stack([picture_in(explorer)[30 * row : 30 * row + 28, 30 * i : 30 * i + 28] for i in range(10)])


def by_hand(damaged: torch.Tensor) -> list[np.ndarray]:
    """The damaged pictures, each median filtered by itself, and what the shipped network makes of them."""
    square = numpy_of(damaged).reshape(-1, 28, 28)
    with torch.inference_mode():
        repaired = numpy_of(load_weights("denoising-mixed")(damaged)).reshape(-1, 28, 28)
    return [square, np.stack([median_filter(image, 3) for image in square]), repaired]


def decibels_in(explorer) -> list[float]:
    """The three figures of the caption."""
    before, *after = re.search(
        r": (\S+)(?: dB)? → median filter (\S+) dB, network (\S+) dB", caption_in(explorer)[1]
    ).groups()
    return [math.inf if before == "undamaged" else float(before), *map(float, after)]


@pytest.mark.parametrize(("noise", "place"), [(noise, place) for noise in DAMAGES for place in (0, 1, -1)])
def test_rows_and_decibels(explorer, mnist, noise, place):
    """Four rows and three figures, at the ends of every slider."""
    strengths = DAMAGES[noise].strengths
    explorer.noise.value, explorer.digits.value = noise, 5
    explorer.strength.value = place % len(strengths)
    x = mnist[1].one_of_each(5)
    rows = by_hand(corrupt(x, noise, strengths[place], seed=5))
    assert np.array_equal(tiles(explorer, 0), as_images(x))
    for i, row in enumerate(rows, start=1):
        assert np.abs(tiles(explorer, i) - 255 * row).max() <= 0.6
    clean = numpy_of(x).reshape(-1, 28, 28)
    with np.errstate(divide="ignore"):
        expected = [peak_signal_noise_ratio(clean, row, data_range=1) for row in rows]
    assert decibels_in(explorer) == pytest.approx(expected, abs=0.06)
    words = caption_in(explorer)[1]
    gained = expected[2] - expected[0]
    assert ("more harm than good" in words) == (gained <= 0)
    assert gained <= 0 or f"gains {gained:.1f} dB" in words


@pytest.mark.parametrize("noise", DAMAGES)
def test_curve_is_measured(mnist, noise):
    """The error at one strength on the sample of test digits, measured anew."""
    x = mnist[1].x[:REPAIRED]
    rows = by_hand(corrupt(x, noise, DAMAGES[noise].strengths[1], seed=0))
    expected = [((row - numpy_of(x).reshape(-1, 28, 28)) ** 2).mean() for row in rows]
    curves = repair_errors(noise, DAMAGES[noise].strengths)
    assert [curve[1] for curve in curves.values()] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("pen", ["rubber", "white pen"])
def test_scribble_lies_over_all_ten(explorer, mnist, pen):
    """The ink, three canvas pixels to one, wipes or whitens before the repair, and leaves with a clear."""
    explorer.strength.value = 0
    before = picture_in(explorer)
    explorer.pen.value = pen
    assert np.array_equal(picture_in(explorer), before)
    explorer.ink.value = ink = places_of(explorer.ink)[2]
    drawn = np.frombuffer(ink, np.uint8).reshape(28, 3, 28, 3).mean((1, 3)) / 255
    x = numpy_of(mnist[1].one_of_each(1)).reshape(-1, 28, 28)
    expected = x * (1 - drawn) if pen == "rubber" else np.maximum(x, drawn)
    assert np.abs(tiles(explorer, 1) - 255 * expected).max() <= 0.6
    rows = by_hand(torch.from_numpy(expected).float().view(10, 784))
    assert np.abs(tiles(explorer, 3) - 255 * rows[2]).max() <= 0.6
    assert f"scribble with the {pen}" in caption_in(explorer)[1]
    explorer.ink.clear()
    assert np.array_equal(picture_in(explorer), before)


def test_slider_fits_the_damage(explorer):
    """As many places as strengths, slider and number box alike; a place too high snaps to the last."""
    box, slider = explorer.slider.children
    for noise, damage in DAMAGES.items():
        slider.value = slider.max
        explorer.noise.value = noise
        assert slider.max == box.max == len(damage.strengths) - 1
        assert slider.value == box.value <= slider.max
        slider.value = slider.max
        assert damage.words(damage.strengths[-1]) in caption_in(explorer)[1]


def test_backdrop_follows_the_digits(explorer):
    """What lies under the pen is one of the ten shown."""
    before = explorer.ink.backdrop
    explorer.digits.value = 9
    assert explorer.ink.backdrop != before
    assert explorer.ink.backdrop.startswith("data:image/png;base64,")


@pytest.mark.parametrize("wrong", ["mixed", "Gaussian", None, 3, True])
def test_bad_start(wrong):
    """A damage of the menu, a place of its slider."""
    refuses("noise", RepairExplorer, wrong)
    refuses("place", RepairExplorer, "downsample", 3)
    refuses("place", RepairExplorer, "gaussian", -1)
    refuses("place", RepairExplorer, "gaussian", 0.5)
