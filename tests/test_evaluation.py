"""Every score against somebody else's implementation of it."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio
from sklearn.decomposition import PCA
from strategies import bad_images, junk, not_counts, numpy_of, refuses

from aecourse.evaluation import linear_probe_accuracy, mse, pca_mse, principal_angles, psnr, reconstruct
from aecourse.models import DenseAutoencoder, LinearAutoencoder


@pytest.fixture
def x() -> torch.Tensor:
    """23 images of noise: no multiple of the batch sizes below"""
    return torch.rand(23, 784, generator=torch.Generator().manual_seed(0))


def test_mse_as_scikit_image_has_it(tiny, x, device):
    """mean over pixels and images"""
    got = mse(tiny.to(device), x.to(device))
    assert isinstance(got, float)
    assert got == pytest.approx(mean_squared_error(numpy_of(x), numpy_of(tiny(x.to(device)))), rel=1e-5)


@pytest.mark.parametrize("peak", [1.0, 255])
def test_psnr_as_scikit_image_has_it(peak):
    """for images in [0, 1] and in bytes"""
    rng = np.random.default_rng(0)
    true, noisy = rng.uniform(0, peak, (2, 28, 28))
    expected = peak_signal_noise_ratio(true, noisy, data_range=peak)
    assert psnr(mean_squared_error(true, noisy), peak=peak) == pytest.approx(expected)
    assert psnr(torch.tensor(0.01)) == pytest.approx(20)
    assert psnr(0) == math.inf
    assert psnr(1.0, peak=1e200) == pytest.approx(4_000)  # whose square is no float


@given(value=junk.filter(lambda v: not (isinstance(v, float) and 0 <= v < math.inf)) | st.floats(max_value=-1e-9))
def test_bad_psnr(value):
    """no error is negative, no peak 0"""
    refuses("error", psnr, value)
    refuses("peak", psnr, 0.1, peak=value)
    refuses("peak", psnr, 0.1, peak=0)


@pytest.mark.parametrize("training", [True, False])
def test_reconstruct_leaves_the_mode(x, training):
    """judged in evaluation mode, handed back as it came, running statistics untouched"""
    model = DenseAutoencoder(4, hidden=(16,), batch_norm=True).train(training)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x_hat = reconstruct(model, x)
    assert model.training == training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not x_hat.requires_grad
    assert torch.equal(x_hat, model.eval()(x))


def test_reconstruct_leaves_the_mode_after_an_error(tiny, x, monkeypatch):
    """Ctrl-C in a long evaluation must not leave a model that no longer trains"""

    def interrupted(z):
        raise KeyboardInterrupt

    monkeypatch.setattr(tiny, "decode", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reconstruct(tiny.train(), x)
    assert tiny.training


@pytest.mark.parametrize("batch_size", [1, 7, 23, 1000])
def test_batches_do_not_matter(tiny, x, batch_size):
    """whole or in parts, in the same order"""
    torch.testing.assert_close(reconstruct(tiny, x, batch_size=batch_size), tiny(x))


@given(x=bad_images(784), batch_size=not_counts, model=junk)
def test_bad_evaluation(x, batch_size, model):
    """model, images and batch size are checked"""
    good = DenseAutoencoder(2, hidden=())
    refuses("x", mse, good, x)
    refuses("batch_size", reconstruct, good, torch.zeros(2, 784), batch_size=batch_size)
    refuses("model", mse, model, torch.zeros(2, 784))
    refuses("model", reconstruct, model, torch.zeros(2, 784))
    if not isinstance(x, torch.Tensor):
        refuses("x", reconstruct, good, x)


def test_pca_mse_as_scikit_learn_has_it(mnist):
    """each k on its own, rebuilt by `inverse_transform`, on images PCA never saw"""
    fitted, x = mnist[0].x[:2_000].numpy(), mnist[1].x[:700]
    full = PCA(20, svd_solver="full").fit(fitted)
    got = pca_mse(torch.from_numpy(full.components_), torch.from_numpy(full.mean_), x)
    assert got.shape == (20,)
    for k in (1, 2, 7, 20):
        pca = PCA(k, svd_solver="full").fit(fitted)
        expected = mean_squared_error(numpy_of(x), pca.inverse_transform(pca.transform(x.numpy())).astype(float))
        assert got[k - 1] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("offset", [0, 300])
@pytest.mark.parametrize("shown", ["fitted", "new"])
def test_pca_mse_with_all_components(mnist, offset, shown):
    """never below 0; down to where single precision ends it is the error in float64, wherever the pictures lie"""
    fitted = mnist[0].x[:5_000] + offset
    x = fitted[:1_500] if shown == "fitted" else mnist[1].x[:1_500] + offset
    full = PCA(svd_solver="covariance_eigh").fit(numpy_of(fitted))
    components, mean = (torch.from_numpy(part).float() for part in (full.components_, full.mean_))
    got = pca_mse(components, mean, x)
    assert got.shape == (784,)
    assert (got >= 0).all()
    assert (np.diff(got) <= 0).all()
    components, centred = numpy_of(components), numpy_of(x) - numpy_of(mean)
    for k in (1, 100, 400, 600, 640, 648, 700, 784):
        expected = np.square(centred - centred @ components[:k].T @ components[:k]).mean()
        assert got[k - 1] == pytest.approx(expected, rel=1e-4, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("x", (torch.zeros(2, 5), torch.zeros(5), torch.zeros(3, 4))),
        ("x", (torch.zeros(2, 5), torch.zeros(5), np.zeros((3, 5)))),
        ("components", (torch.zeros(5, 2), torch.zeros(5), torch.zeros(3, 5))),
        ("components", (None, torch.zeros(5), torch.zeros(3, 5))),
    ],
)
def test_bad_pca(name, arguments):
    """shapes that do not fit"""
    refuses(name, pca_mse, *arguments)


@given(degrees=st.floats(0.01, 89.99), turn=st.integers(0, 2**32 - 1))
def test_a_known_rotation_is_found(degrees, turn):
    """two planes that share one axis and are turned about it, seen in any basis of 6-D space"""
    t = math.radians(degrees)
    a = np.zeros((6, 2))
    b = np.zeros((6, 2))
    a[0, 0] = a[1, 1] = b[0, 0] = 1
    b[1, 1], b[2, 1] = math.cos(t), math.sin(t)
    rng = np.random.default_rng(turn)
    world = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    mix_a, mix_b = (rng.normal(size=(2, 2)) + 3 * np.eye(2) for _ in range(2))
    angles = principal_angles(world @ a @ mix_a, torch.from_numpy(world @ b @ mix_b))
    np.testing.assert_allclose(angles, [0, degrees], atol=1e-4)


@pytest.mark.parametrize(("k_a", "k_b"), [(3, 3), (2, 5), (1, 4)])
def test_angles_by_singular_values(k_a, k_b):
    """the cosines are the singular values of QₐᵀQ_b (Björck & Golub)"""
    rng = np.random.default_rng(k_a)
    a, b = rng.normal(size=(12, k_a)), rng.normal(size=(12, k_b))
    cosines = np.linalg.svd(np.linalg.qr(a)[0].T @ np.linalg.qr(b)[0], compute_uv=False)
    np.testing.assert_allclose(principal_angles(a, b), np.degrees(np.arccos(cosines)), atol=1e-6)


@pytest.mark.parametrize("wrong", [np.zeros(3), np.zeros((3, 0)), [[1.0], [np.nan], [0.0]], np.zeros((1, 3, 2))])
def test_bad_spaces(wrong):
    """vectors, nothing, NaN"""
    good = np.eye(3)[:, :2]
    refuses("a", principal_angles, wrong, good)
    refuses("b", principal_angles, good, wrong)
    refuses("a", principal_angles, np.eye(4), good)


@pytest.fixture
def clouds() -> tuple[np.ndarray, np.ndarray]:
    """four well-separated clouds in 5-D, one axis a million times larger than the rest"""
    rng = np.random.default_rng(0)
    labels = np.arange(400) % 4
    features = rng.normal(0, 0.3, (400, 5)) + 4 * np.eye(5)[labels]
    return features * [1, 1e6, 1, 1, 1], labels


def test_probe_on_separable_features(clouds):
    """a line can tell them apart, whatever the units, arrays or tensors"""
    features, labels = clouds
    assert linear_probe_accuracy(features[:300], labels[:300], features[300:], labels[300:]) == 1
    tensors = (torch.from_numpy(part) for part in (features[:300], labels[:300], features[300:], labels[300:]))
    assert linear_probe_accuracy(*tensors) == 1


def test_probe_does_not_see_units(clouds):
    """millimetres or miles, from any zero: the same accuracy on clouds that overlap"""
    features, labels = clouds
    features = features / [1, 1e6, 1, 1, 1] + np.random.default_rng(1).normal(0, 2, features.shape)
    expected = linear_probe_accuracy(features[:300], labels[:300], features[300:], labels[300:])
    assert 0.5 < expected < 0.95
    other = features * [1e-3, 1, 10, 1e3, 1e-2] + [0, 50, -3, 1, 7]
    assert linear_probe_accuracy(other[:300], labels[:300], other[300:], labels[300:]) == expected


def test_probe_on_shuffled_labels(clouds):
    """labels that have nothing to do with the features are guessed at chance"""
    features, labels = clouds
    shuffled = np.random.default_rng(1).permutation(labels)
    accuracy = linear_probe_accuracy(features[:300], shuffled[:300], features[300:], shuffled[300:])
    assert 0.1 < accuracy < 0.4


def test_probe_counts_the_test_part_only(clouds):
    """three in four test labels right is 0.75"""
    features, labels = clouds
    wrong = labels[300:].copy()
    wrong[::4] = (wrong[::4] + 1) % 4
    assert linear_probe_accuracy(features[:300], labels[:300], features[300:], wrong) == 0.75


@pytest.mark.parametrize(
    ("name", "place", "wrong"),
    [
        ("features", 0, np.zeros((3, 2))),
        ("features", 0, np.full((4, 2), np.nan)),
        ("features", 0, np.array([["a", "b"]] * 4)),
        ("test_features", 2, np.zeros(4)),
        ("test_features", 2, np.zeros((4, 3))),
        ("test_features", 3, np.zeros(3)),
        ("labels", 1, np.zeros(4)),
    ],
)
def test_bad_probe(name, place, wrong):
    """shapes, NaN, and a single class"""
    arguments = [np.ones((4, 2)), np.arange(4) % 2, np.ones((4, 2)), np.arange(4) % 2]
    arguments[place] = wrong
    refuses(name, linear_probe_accuracy, *arguments)


def test_linear_models_may_leave_the_unit_range():
    """mse judges centred data for a model without a sigmoid"""
    model, x = LinearAutoencoder(2), torch.randn(5, 784)
    assert mse(model, x) == pytest.approx(mean_squared_error(numpy_of(x), numpy_of(model(x))), rel=1e-5)
