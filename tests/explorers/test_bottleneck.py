"""The bottleneck slider: its numbers against scikit-learn, its networks, the drawn digit and the learner's own."""

import functools
import re

import numpy as np
import pytest
import torch
from helpers.strategies import caption_in, not_counts, numpy_of, picture_in, places_of, refuses
from hypothesis import example, given, strategies as st
from sklearn.decomposition import PCA

from aecourse.explorers import BottleneckExplorer
from aecourse.explorers.training import TrainedNetwork
from aecourse.models import DenseAutoencoder
from aecourse.plotting import PURPLE, as_images
from aecourse.zoo import CODE_SIZES, load_split
from aecourse.zoo.shipped import load_bottleneck_models
from aecourse.zoo.weights import load_weights, read_card


@pytest.fixture
def explorer() -> BottleneckExplorer:
    """A fresh one at k = 8."""
    return BottleneckExplorer()


@pytest.fixture(scope="module")
def pca() -> PCA:
    """Eight principal components of the training digits, by the full decomposition."""
    return PCA(8, svd_solver="covariance_eigh").fit(load_split()[0].x.double().numpy())


@functools.cache
def shared() -> BottleneckExplorer:
    """One explorer for all examples of a property."""
    return BottleneckExplorer()


def tile(explorer, row: int, column: int) -> np.ndarray:
    """One 28×28 image of the picture."""
    return picture_in(explorer)[30 * row : 30 * row + 28, 30 * column : 30 * column + 28]


def numbers_in(explorer) -> dict[str, float]:
    """The figures of the caption."""
    pattern = r"k = ([\d.]+):.*, ([\d.]+) : 1 .* PCA ([\d.]+), autoencoder ([\d.]+) \(([\d.]+) ×"
    found = re.search(pattern, caption_in(explorer)[1]).groups()
    return dict(zip(("k", "ratio", "pca", "ours", "times"), map(float, found), strict=True))


def test_three_rows_of_ten(explorer, mnist, pca):
    """The digits, PCA by scikit-learn, and the network, each in its column."""
    explorer.digits.value = 4
    x = mnist[1].one_of_each(4)
    by_pca = pca.inverse_transform(pca.transform(x.double().numpy())).clip(0, 1)
    z = load_weights("nested").encode(x)
    z[:, 8:] = 0
    by_network = numpy_of(load_weights("nested").decode(z)).reshape(-1, 28, 28)
    assert picture_in(explorer).shape == (3 * 30 - 2, 10 * 30 - 2)
    for digit in range(10):
        assert np.array_equal(tile(explorer, 0, digit), as_images(x)[digit])
        np.testing.assert_allclose(tile(explorer, 1, digit), 255 * by_pca[digit].reshape(28, 28), atol=0.6)
        np.testing.assert_allclose(tile(explorer, 2, digit), 255 * by_network[digit], atol=0.6)
    assert list(explorer.row_names) == ["original", "PCA-8", "autoencoder-8"]


def test_caption_against_measurements(explorer, mnist, pca):
    """k, ratio and both test errors, measured anew."""
    x = mnist[1].x
    rebuilt = pca.inverse_transform(pca.transform(x.double().numpy()))
    numbers = numbers_in(explorer)
    assert numbers["k"] == 8
    assert numbers["ratio"] == 98  # 784 / 8
    assert numbers["pca"] == pytest.approx(((rebuilt - numpy_of(x)) ** 2).mean(), abs=6e-5)
    with torch.inference_mode():
        nested = load_weights("nested")
        ours = (nested.decode(nested.encode(x, 8)) - x).square().mean().item()
    assert numbers["ours"] == pytest.approx(ours, abs=6e-5)
    assert numbers["times"] == pytest.approx(ours / numbers["pca"], abs=0.01)


@given(k=st.integers(1, 64))
def test_the_slider_moves_the_words(k):
    """Every k has its own caption and curve mark with the nested network."""
    explorer = shared()
    explorer.network.value = "nested"
    explorer.k.value = k
    assert numbers_in(explorer)["k"] == k
    assert numbers_in(explorer)["ours"] == pytest.approx(read_card("nested").scores["test_mse_by_k"][k - 1], abs=6e-5)
    marks = re.findall(r'<circle cx="([\d.]+)"', explorer.curve.value)
    assert len(marks) == 2
    assert len(set(marks)) == 1


@given(k=st.integers(1, 64))
def test_one_network_per_k_takes_the_nearest(k):
    """Sizes in between snap, by ratio, to a network there is, and the words say to which."""
    explorer = shared()
    explorer.network.value = "separate"
    explorer.k.value = k
    got = int(numbers_in(explorer)["k"])
    assert got in CODE_SIZES
    assert all(max(got / k, k / got) <= max(size / k, k / size) for size in CODE_SIZES)
    assert explorer.row_names[1:] == [f"PCA-{got}", f"autoencoder-{got}"]
    assert numbers_in(explorer)["ours"] == pytest.approx(read_card(f"dense-k{got}").scores["test_mse"], abs=6e-5)
    assert (f"k = {k} has no network of its own" in caption_in(explorer)[1]) == (got != k)


def test_separate_networks_fill_the_third_row(explorer, mnist):
    """The network trained for this k alone."""
    explorer.network.value = "separate"
    explorer.k.value = 32
    expected = as_images(load_weights("dense-k32")(mnist[1].one_of_each(1)))
    got = np.stack([tile(explorer, 2, digit) for digit in range(10)])
    assert np.abs(got.astype(int) - expected).max() <= 1


def test_a_drawing_is_the_first_column(explorer):
    """Drawn, seen through PCA and the network, and gone when wiped."""
    before = picture_in(explorer)
    explorer.ink.value = places_of(explorer.ink)[2]
    assert picture_in(explorer).shape == (88, 11 * 30 - 2)
    assert np.array_equal(picture_in(explorer)[:, 30:], before)
    drawn = tile(explorer, 0, 0)
    assert (drawn[4:24, 12:16] > 0).any()
    assert np.flatnonzero(drawn.any(1)).size == 20
    assert tile(explorer, 2, 0).any()
    explorer.ink.value = bytes(84**2)
    assert np.array_equal(picture_in(explorer), before)


def test_clear_button_wipes(explorer):
    """The canvas is told, too."""
    explorer.ink.value = places_of(explorer.ink)[2]
    sent = []
    explorer.ink.send = lambda message: sent.append(message)
    explorer.ink.clear()
    assert explorer.ink.value == b""
    assert sent == ["clear"]


def test_the_learners_own_network_joins(explorer):
    """It appears on the menu under its k, is shown at once, and the slider cannot change its size."""
    torch.manual_seed(0)
    for k, error in ((6, 0.05), (3, 0.07), (6, 0.04)):
        model = DenseAutoencoder(k, hidden=(8,)).eval()
        explorer._adopt(TrainedNetwork(model, error))
        assert explorer.network.value.model is model
        assert numbers_in(explorer)["k"] == k
        assert numbers_in(explorer)["ours"] == error
        assert f'fill="{PURPLE}" stroke="#000000"' in explorer.curve.value
    labels = [label for label, _ in explorer.network._options_full]
    assert labels[2:] == ["yours, k = 3", "yours, k = 6"]
    explorer.k.value = 50
    assert numbers_in(explorer)["k"] == 6
    assert caption_in(explorer)[1].startswith("Your network has one size only, k = 6:")
    assert ">yours</text>" in explorer.curve.value
    assert np.array_equal(tile(explorer, 2, 3), as_images(model(explorer.images.ten(1)))[3])


def test_workshop_opens_once(explorer):
    """The training part is built when it is first asked for, at the slider's k, and folds away."""
    explorer.k.value = 5
    assert explorer.training_panel.layout.display == "none"
    explorer.training_panel.button.value = True
    assert explorer.training_panel.trainer.setting.value == 5
    assert explorer.training_panel.layout.display == "flex"
    trainer = explorer.training_panel.trainer
    explorer.training_panel.button.value = False
    assert explorer.training_panel.layout.display == "none"
    explorer.training_panel.button.value = True
    assert explorer.training_panel.trainer is trainer


@given(k=not_counts | st.integers(min_value=65))
@example(k=0)
@example(k=65)
@example(k=True)
def test_bad_start(k):
    """The slider starts from 1 to 64."""
    refuses("k", BottleneckExplorer, k)


def test_shipped_models_are_loaded_once():
    """A second explorer opens at once."""
    assert load_bottleneck_models() is load_bottleneck_models()


def test_errors_fall_with_k():
    """PCA's curve never rises, and the networks beat it where the code is small."""
    errors = load_bottleneck_models().errors
    assert list(errors["PCA"].values()) == sorted(errors["PCA"].values(), reverse=True)
    assert all(errors["separate"][k] < errors["PCA"][k] for k in (1, 2, 4, 8, 16, 32))
    assert list(errors["separate"]) == list(CODE_SIZES)
