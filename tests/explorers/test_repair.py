"""The repair explorer: damage, filter and network against SciPy and scikit-image, the scribble, the slider."""

import numpy as np
import pytest
import torch
import traitlets
from helpers.strategies import numpy_of, refuses
from scipy.ndimage import median_filter
from skimage.metrics import peak_signal_noise_ratio

from aecourse.data import corrupt
from aecourse.explorers import RepairExplorer
from aecourse.explorers.base.network import pack_network
from aecourse.explorers.repair import DAMAGES, SEED
from aecourse.zoo.precision import quantise
from aecourse.zoo.shipped import REPAIRED, repair_errors
from aecourse.zoo.weights import load_weights


@pytest.fixture
def explorer() -> RepairExplorer:
    """A fresh one."""
    return RepairExplorer()


def shown(explorer) -> dict[str, np.ndarray]:
    """The rows that it shows now, {name: (10, 28, 28)}."""
    with torch.inference_mode():
        return {name: numpy_of(row).reshape(-1, 28, 28) for name, row in explorer.rows(**explorer.settings()).items()}


def by_hand(damaged: torch.Tensor) -> list[np.ndarray]:
    """The damaged pictures, each median filtered by itself, and what the shipped network makes of them."""
    square = numpy_of(damaged).reshape(-1, 28, 28)
    with torch.inference_mode():
        repaired = numpy_of(load_weights("denoising-mixed")(damaged)).reshape(-1, 28, 28)
    return [square, np.stack([median_filter(image, 3) for image in square]), repaired]


@pytest.mark.parametrize(("noise", "place"), [(noise, place) for noise in DAMAGES for place in (0, 1, -1)])
def test_rows_and_decibels(explorer, mnist, noise, place):
    """Four rows and three numbers, at the ends of every slider; the damage is `corrupt`'s, with one seed."""
    strengths = DAMAGES[noise].strengths
    explorer.noise, explorer.digits = noise, 5
    explorer.strength = place % len(strengths)
    clean, *rows = shown(explorer).values()
    x = mnist[1].one_of_each(5)
    expected = by_hand(corrupt(x, noise, strengths[place], seed=SEED))
    assert np.array_equal(clean, numpy_of(x).reshape(-1, 28, 28))
    for row, other in zip(rows, expected, strict=True):
        np.testing.assert_allclose(row, other, atol=1e-5)
    with np.errstate(divide="ignore"), torch.inference_mode():
        decibels = [peak_signal_noise_ratio(clean, row, data_range=1) for row in expected]
        assert list(explorer.numbers(**explorer.settings()).values()) == pytest.approx(decibels, abs=1e-3)


@pytest.mark.parametrize("noise", DAMAGES)
def test_curve_is_measured(explorer, mnist, noise):
    """The error at one strength on the sample of test digits, measured anew, is what the page draws."""
    x = mnist[1].x[:REPAIRED]
    rows = by_hand(corrupt(x, noise, DAMAGES[noise].strengths[1], seed=0))
    expected = [((row - numpy_of(x).reshape(-1, 28, 28)) ** 2).mean() for row in rows]
    assert explorer.setup["damages"][noise]["errors"] == repair_errors(noise, DAMAGES[noise].strengths)
    assert [curve[1] for curve in explorer.setup["damages"][noise]["errors"].values()] == pytest.approx(
        expected, rel=1e-3
    )


@pytest.mark.parametrize("pen", ["rubber", "white pen"])
def test_scribble_lies_over_all_ten(explorer, mnist, pen):
    """The ink, three canvas pixels to one, wipes or whitens before the repair, and leaves with a clear."""
    explorer.strength = 0
    before = shown(explorer)
    explorer.pen = pen
    stroke = np.random.default_rng(0).integers(0, 256, (84, 84)).astype(np.uint8)
    stroke[40:] = 0
    explorer.ink = stroke.tobytes()
    drawn = stroke.reshape(28, 3, 28, 3).mean((1, 3)) / 255
    x = numpy_of(mnist[1].one_of_each(1)).reshape(-1, 28, 28)
    expected = x * (1 - drawn) if pen == "rubber" else np.maximum(x, drawn)
    rows = by_hand(torch.from_numpy(expected).float().view(10, 784))
    for row, other in zip(list(shown(explorer).values())[1:], rows, strict=True):
        np.testing.assert_allclose(row, other, atol=1e-5)
    for wiped in (bytes(84**2), b""):
        explorer.ink = wiped
        assert all(np.array_equal(row, before[name]) for name, row in shown(explorer).items())


def test_slider_fits_the_damage(explorer):
    """As many places as strengths; a place too high snaps to the last, and no other is accepted."""
    for noise, damage in DAMAGES.items():
        explorer.noise = "salt and pepper"
        explorer.strength = 10
        explorer.noise = noise
        last = len(damage.strengths) - 1
        assert explorer.strength == last
        for wrong in (-1, last + 1):
            with pytest.raises(traitlets.TraitError, match=f"strength must be from 0 to {last}"):
                explorer.strength = wrong
        assert len(explorer.setup["damages"][noise]["words"]) == last + 1


def test_strengths_in_words(explorer):
    """What the caption calls them."""
    words = {noise: damage["words"] for noise, damage in explorer.setup["damages"].items()}
    assert [words["gaussian"][3], words["mask"][5]] == ["σ = 0.3", "50% of the pixels"]
    assert [words["salt and pepper"][1], words["occlude"][8]] == ["5% of the pixels", "16 × 16 pixels"]
    assert words["downsample"] == ["28 × 28 pixels left", "14 × 14 pixels left", "7 × 7 pixels left"]


def test_accepted_settings(explorer):
    """A damage and a pen of the menus, a set there is."""
    for name, wrong in {"noise": "mixed", "pen": "pencil", "digits": 892, "ink": b"short"}.items():
        with pytest.raises(traitlets.TraitError, match=name):
            setattr(explorer, name, wrong)


def test_training_panel_learns_one_damage(explorer):
    """It trains a denoising autoencoder, on what the menu of its own says."""
    trainer = explorer.open_training()
    assert trainer.model.noise == "gaussian"
    explorer._hear({"choose": {"setting": "occlude"}})
    assert trainer.model.noise == "occlude"
    assert explorer.training["names"] == ["damaged", "restored"]


def test_the_page_gets_the_weights_as_they_are_shipped(explorer):
    """Half the bytes of float16, and no rounding."""
    model = load_weights("denoising-mixed")
    assert (
        len(explorer.assets["network"]) == len(pack_network(model)) < 1.1 * sum(p.numel() for p in model.parameters())
    )
    whole, scale = quantise(model.encoder[0].weight.detach())
    assert torch.equal(whole.float() * scale.float(), model.encoder[0].weight.detach())


@pytest.mark.parametrize("wrong", ["mixed", "Gaussian", None, 3, True])
def test_bad_start(wrong):
    """A damage of the menu, a place of its slider."""
    refuses("noise", RepairExplorer, wrong)
    refuses("place", RepairExplorer, "downsample", 3)
    refuses("place", RepairExplorer, "gaussian", -1)
    refuses("place", RepairExplorer, "gaussian", 0.5)
