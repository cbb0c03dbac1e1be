"""The bottleneck slider: its numbers against scikit-learn, its networks, the drawn digit and the learner's own."""

import functools

import numpy as np
import pytest
import torch
import traitlets
from helpers.strategies import not_counts, numpy_of, refuses
from hypothesis import example, given, strategies as st
from sklearn.decomposition import PCA
from torch import nn

from aecourse.explorers import BottleneckExplorer
from aecourse.explorers.base.trainer import TrainedNetwork
from aecourse.models import DenseAutoencoder
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


def stroke() -> bytes:
    """An upright bar, as it comes from the canvas."""
    canvas = np.zeros((84, 84), np.uint8)
    canvas[20:70, 40:48] = 255
    return canvas.tobytes()


@torch.inference_mode()
def shown(explorer: BottleneckExplorer) -> dict[str, np.ndarray]:
    """The rows for the present settings."""
    return {name: numpy_of(row) for name, row in explorer.rows(**explorer.settings()).items()}


def test_three_rows_of_ten(explorer, mnist, pca):
    """The digits, PCA by scikit-learn, and the network, each in its column."""
    explorer.digits = 4
    x = mnist[1].one_of_each(4)
    z = load_weights("nested").encode(x)
    z[:, 8:] = 0
    original, by_pca, by_network = shown(explorer).values()
    assert np.array_equal(original, numpy_of(x))
    np.testing.assert_allclose(by_pca, pca.inverse_transform(pca.transform(x.double().numpy())), atol=1e-3)
    np.testing.assert_allclose(by_network, numpy_of(load_weights("nested").decode(z)), atol=1e-5)
    assert list(shown(explorer)) == ["original", "PCA-8", "autoencoder-8"]


def test_numbers_against_measurements(explorer, mnist, pca):
    """Both test errors, measured anew."""
    x = mnist[1].x
    rebuilt = pca.inverse_transform(pca.transform(x.double().numpy()))
    numbers = explorer.numbers(**explorer.settings())
    assert numbers["PCA"] == pytest.approx(((rebuilt - numpy_of(x)) ** 2).mean(), abs=1e-5)
    with torch.inference_mode():
        nested = load_weights("nested")
        ours = (nested.decode(nested.encode(x, 8)) - x).square().mean().item()
    assert numbers["autoencoder"] == pytest.approx(ours, abs=1e-5)


@given(k=st.integers(1, 64))
def test_one_network_per_k_takes_the_nearest(k):
    """Sizes in between snap, by ratio, to a network there is."""
    settings = shared().settings() | {"k": k, "network": "separate"}
    with torch.inference_mode():
        _, by_pca, by_network = shared().rows(**settings)
    got = int(by_network.removeprefix("autoencoder-"))
    assert got in CODE_SIZES and by_pca == f"PCA-{got}"
    assert all(max(got / k, k / got) <= max(size / k, k / size) for size in CODE_SIZES)
    expected = read_card(f"dense-k{got}").scores["test_mse"]
    assert shared().numbers(**settings)["autoencoder"] == pytest.approx(expected, abs=6e-5)


def test_separate_networks_fill_the_third_row(explorer, mnist):
    """The network trained for this k alone."""
    explorer.network, explorer.k = "separate", 32
    expected = numpy_of(load_weights("dense-k32")(mnist[1].one_of_each(1)))
    np.testing.assert_allclose(shown(explorer)["autoencoder-32"], expected, atol=1e-5)


def test_a_drawing_is_the_first_column(explorer):
    """Drawn, seen through PCA and the network, and gone when wiped."""
    before = shown(explorer)
    explorer.ink = stroke()
    after = shown(explorer)
    for name, row in after.items():
        assert row.shape == (11, 784)
        np.testing.assert_allclose(row[1:], before[name], atol=1e-5)  # eleven rows are summed in another order
    drawn = after["original"][0].reshape(28, 28)
    assert (drawn[4:24, 12:16] > 0).any() and np.flatnonzero(drawn.any(1)).size == 20
    explorer.ink = bytes(84**2)
    assert all(np.array_equal(row, before[name]) for name, row in shown(explorer).items())


def test_the_learners_own_networks_join(explorer):
    """They are shown at once, kept by size, and the slider finds the nearest."""
    torch.manual_seed(0)
    models = [DenseAutoencoder(k, hidden=(8,)).eval() for k in (6, 3, 6)]
    for model, error in zip(models, (0.05, 0.07, 0.04), strict=True):
        explorer.adopt(TrainedNetwork(model, error))
        assert (explorer.network, explorer.k) == ("yours", model.latent_dim)
        assert explorer.numbers(**explorer.settings())["autoencoder"] == error
    assert explorer.setup["errors"]["yours"] == {3: 0.07, 6: 0.04}
    assert {"yours-3", "yours-6"} <= explorer.assets.keys()
    explorer.k = 50
    with torch.inference_mode():
        expected = numpy_of(models[2](explorer.images.ten(1)))
    np.testing.assert_allclose(shown(explorer)["autoencoder-6"], expected, atol=1e-6)


def test_a_network_of_ones_own_from_the_start(mnist):
    """`model=` is on the menu with its test error."""
    model = DenseAutoencoder(5, hidden=(8,)).eval()
    explorer = BottleneckExplorer(model=model)
    assert (explorer.network, explorer.k) == ("yours", 5)
    with torch.inference_mode():
        measured = (model(mnist[1].x) - mnist[1].x).square().mean().item()
    assert explorer.numbers(**explorer.settings())["autoencoder"] == pytest.approx(measured, rel=1e-4)
    plain = nn.Sequential(*model.encoder, *model.decoder)
    other = BottleneckExplorer(model=plain)
    assert other.k == 5
    for name in explorer.settings():
        assert getattr(other, name) == getattr(explorer, name)
    for ours, theirs in zip(shown(explorer).values(), shown(other).values(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    refuses("model", BottleneckExplorer, model=nn.Sequential(nn.Linear(784, 10)))
    refuses("model", BottleneckExplorer, model="nested")


def test_a_code_longer_than_the_slider():
    """It stands beside PCA with 64 numbers, and the caption's numbers are theirs."""
    model = DenseAutoencoder(100, hidden=()).eval()
    explorer = BottleneckExplorer(model=model)
    assert list(shown(explorer)) == ["original", "PCA-64", "autoencoder-100"] and explorer.k == 64
    assert explorer.numbers(**explorer.settings())["PCA"] == explorer.models.errors["PCA"][64]


def test_what_the_page_cannot_compute_the_kernel_does():
    """The page sends rows, and the answer is the network's."""
    model = DenseAutoencoder(5, hidden=(8,))
    model.encoder = nn.Sequential(*model.encoder, nn.LayerNorm(5))
    explorer, sent = BottleneckExplorer(model=model.eval()), []
    explorer.send = lambda message, buffers: sent.append((message, buffers))
    x = explorer.images.ten(1)
    explorer._run({"run": "yours-5", "part": "encoder", "n": 10, "key": "a"}, [x.numpy().tobytes()])
    (message, (raw,)) = sent.pop()
    assert message == {"ran": "a"}
    with torch.inference_mode():
        np.testing.assert_allclose(np.frombuffer(raw, np.float32).reshape(10, 5), model.encode(x), atol=1e-6)


def test_the_panel_opens_at_the_sliders_k(explorer):
    """Built when it is first asked for; it folds away and keeps what is in it."""
    explorer.k = 5
    assert explorer.trainer is None and not explorer.training
    explorer._hear({"open": True})
    trainer = explorer.trainer
    assert trainer.setting == 5 and explorer.training["setting"] == 5
    explorer._hear({"fold": True})
    assert not explorer.training
    explorer._hear({"open": True})
    assert explorer.trainer is trainer and explorer.training


@given(k=not_counts | st.integers(min_value=65))
@example(k=0)
@example(k=65)
@example(k=True)
def test_bad_start(k):
    """The slider starts from 1 to 64."""
    refuses("k", BottleneckExplorer, k)


def test_bad_settings_are_refused(explorer):
    """Each trait names itself and what it accepts, and keeps its value."""
    for name, wrong in (("k", 65), ("k", 3.7), ("network", "yours"), ("digits", -1), ("digits", 10_000)):
        with pytest.raises(traitlets.TraitError, match=name):
            setattr(explorer, name, wrong)
    assert explorer.settings() == {"k": 8, "network": "nested", "digits": 1, "ink": b""}


def test_shipped_models_are_loaded_once():
    """A second explorer opens at once."""
    assert load_bottleneck_models() is load_bottleneck_models()


def test_errors_fall_with_k():
    """PCA's curve never rises, and the networks beat it where the code is small."""
    errors = load_bottleneck_models().errors
    assert list(errors["PCA"].values()) == sorted(errors["PCA"].values(), reverse=True)
    assert all(errors["separate"][k] < errors["PCA"][k] for k in (1, 2, 4, 8, 16, 32))
    assert list(errors["separate"]) == list(CODE_SIZES)
