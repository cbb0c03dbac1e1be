"""Every score against somebody else's implementation of it."""

import math

import numpy as np
import pytest
import torch
from helpers.strategies import bad_images, junk, not_counts, numpy_of, refuses
from hypothesis import example, given, strategies as st
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity
from sklearn.decomposition import PCA

from aecourse.evaluation import mse, pca_mse, psnr, reconstruct, reconstruction_mse, ssim
from aecourse.models import DenseAutoencoder, LinearAutoencoder, VariationalAutoencoder


@pytest.fixture
def x() -> torch.Tensor:
    """23 images of noise: no multiple of the batch sizes below."""
    return torch.rand(23, 784, generator=torch.Generator().manual_seed(0))


def test_reconstruction_mse_as_scikit_image_has_it(tiny, x, device):
    """Mean over pixels and images."""
    got = reconstruction_mse(tiny.to(device), x.to(device))
    assert isinstance(got, float)
    assert got == pytest.approx(mean_squared_error(numpy_of(x), numpy_of(tiny(x.to(device)))), rel=1e-5)


def test_mse_as_scikit_image_has_it(x, device):
    """Of two batches of images; equal ones have no error."""
    y = (x + 0.1).clamp(0, 1)
    got = mse(x.to(device), y.to(device))
    assert isinstance(got, float)
    assert got == pytest.approx(mean_squared_error(numpy_of(x), numpy_of(y)), rel=1e-5)
    assert mse(x.to(device), x.to(device)) == 0


@pytest.mark.parametrize("peak", [1.0, 255])
def test_psnr_as_scikit_image_has_it(peak, device):
    """For images in [0, 1] and in bytes."""
    x, y = peak * torch.rand(2, 5, 784, generator=torch.Generator().manual_seed(0))
    got = psnr(x.to(device), y.to(device), peak=peak)
    assert isinstance(got, float)
    assert got == pytest.approx(peak_signal_noise_ratio(numpy_of(x), numpy_of(y), data_range=peak), rel=1e-5)


def test_psnr_of_known_errors():
    """An error of 0.01 is 20 dB, none is infinity, and a peak may be so large that its square is no float."""
    black = torch.zeros(2, 4, dtype=torch.float64)
    assert psnr(black, black + 0.1) == pytest.approx(20)
    assert psnr(black, black) == math.inf
    assert psnr(black, black + 1, peak=1e200) == pytest.approx(4_000)


@given(peak=junk.filter(lambda v: not (isinstance(v, float) and 0 < v < math.inf)) | st.floats(max_value=-1e-9))
@example(peak=0)
def test_bad_peak(peak):
    """No pixel reaches at most 0."""
    refuses("peak", psnr, torch.zeros(2, 4), torch.zeros(2, 4), peak=peak)


@pytest.mark.parametrize("metric", [mse, psnr])
def test_bad_pairs(metric, x):
    """Two batches alike, of at least one image."""
    for wrong in (x[:0], x[0], x.long(), x.numpy(), None):
        refuses("x", metric, wrong, x)
    for wrong in (x[:5], x[:, :729], x.double(), x[0], x.numpy(), None):
        refuses("x_hat", metric, x, wrong)


@pytest.mark.parametrize("training", [True, False])
def test_reconstruct_leaves_the_mode(x, training):
    """Judged in evaluation mode, handed back as it came, running statistics untouched."""
    model = DenseAutoencoder(4, hidden=(16,), batch_norm=True).train(training)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x_hat = reconstruct(model, x)
    assert model.training == training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not x_hat.requires_grad
    assert torch.equal(x_hat, model.eval()(x))


def test_reconstruct_leaves_the_mode_after_an_error(tiny, x, monkeypatch):
    """Ctrl-C in a long evaluation must not leave a model that no longer trains."""

    def interrupted(z):
        raise KeyboardInterrupt

    monkeypatch.setattr(tiny, "decode", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reconstruct(tiny.train(), x)
    assert tiny.training


@pytest.mark.parametrize("batch_size", [1, 7, 23, 1000])
def test_batches_do_not_matter(tiny, x, batch_size):
    """Whole or in parts, in the same order."""
    torch.testing.assert_close(reconstruct(tiny, x, batch_size=batch_size), tiny(x))


@given(x=bad_images(784), batch_size=not_counts, model=junk)
def test_bad_evaluation(x, batch_size, model):
    """Model, images and batch size are checked."""
    good = DenseAutoencoder(2, hidden=())
    refuses("x", reconstruction_mse, good, x)
    refuses("batch_size", reconstruct, good, torch.zeros(2, 784), batch_size=batch_size)
    refuses("model", reconstruction_mse, model, torch.zeros(2, 784))
    refuses("model", reconstruct, model, torch.zeros(2, 784))
    if not isinstance(x, torch.Tensor):
        refuses("x", reconstruct, good, x)


def test_pca_mse_as_scikit_learn_has_it(mnist):
    """Each k on its own, rebuilt by `inverse_transform`, on images PCA never saw."""
    fitted, x = mnist[0].x[:2_000].numpy(), mnist[1].x[:700]
    full = PCA(20, svd_solver="full").fit(fitted)
    got = pca_mse(torch.from_numpy(full.components_), torch.from_numpy(full.mean_), x)
    assert got.shape == (20,)
    for k in (1, 2, 7, 20):
        pca = PCA(k, svd_solver="full").fit(fitted)
        expected = mean_squared_error(numpy_of(x), pca.inverse_transform(pca.transform(x.numpy())).astype(float))
        assert got[k - 1] == pytest.approx(expected, rel=1e-4)


def test_pixels_in_another_range_need_their_peak(mnist):
    """In [-1, 1] decibels and SSIM are those of scikit-image for a data range of 2; 1 is refused."""
    x = mnist[1].x[:20]
    x_hat = (0.9 * x + 0.02).clamp(0, 1)
    assert psnr(2 * x - 1, 2 * x_hat - 1, peak=2) == pytest.approx(psnr(x, x_hat), abs=1e-4)
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 2}
    pairs = [[numpy_of(2 * part - 1).reshape(28, 28) for part in pair] for pair in zip(x, x_hat, strict=True)]
    expected = np.mean([structural_similarity(*pair, full=True, **settings)[1][5:-5, 5:-5].mean() for pair in pairs])
    assert ssim(2 * x - 1, 2 * x_hat - 1, peak=2) == pytest.approx(expected, abs=1e-5)
    for measure in (psnr, ssim):
        assert measure(255 * x, 255 * x_hat, peak=255) == pytest.approx(measure(x, x_hat), abs=1e-4)
        refuses("peak", measure, 2 * x - 1, 2 * x_hat - 1)
        refuses("peak", measure, x, x_hat, peak=0)


def test_what_comes_back_can_be_learnt_from(mnist):
    """Reconstructions and samples are plain tensors, not of inference mode."""
    torch.manual_seed(0)
    model = VariationalAutoencoder(2, hidden=(8,))
    for x in (reconstruct(model, mnist[1].x[:4]), model.sample(4), model.interpolate(*mnist[1].x[:2])):
        model.loss(x)["total"].backward()
    assert not x.requires_grad


@pytest.mark.parametrize("offset", [0, 300])
@pytest.mark.parametrize("shown", ["fitted", "new"])
def test_pca_mse_with_all_components(mnist, offset, shown):
    """Never below 0; down to where single precision ends it is the error in float64, wherever the pictures lie."""
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
    """Shapes that do not fit."""
    refuses(name, pca_mse, *arguments)


def test_linear_models_may_leave_the_unit_range():
    """Centred data are judged, too, for a model without a sigmoid."""
    model, x = LinearAutoencoder(2), torch.randn(5, 784)
    assert reconstruction_mse(model, x) == pytest.approx(mean_squared_error(numpy_of(x), numpy_of(model(x))), rel=1e-5)


@pytest.mark.parametrize("side", [11, 12, 28])
@pytest.mark.parametrize("kind", ["noise", "noisy copy", "flat"])
def test_ssim_as_scikit_image_has_it(side, kind):
    """Wang's window, whole windows only, the mean over images."""
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(5, side**2, generator=generator, dtype=torch.float64)
    other = torch.rand(5, side**2, generator=generator, dtype=torch.float64)
    y = {"noise": other, "noisy copy": (x + 0.2 * other).clamp(0, 1), "flat": torch.full_like(x, 0.5)}[kind]
    oracle = sum(
        structural_similarity(
            *(numpy_of(image).reshape(side, side) for image in pair),
            gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1,
        )
        for pair in zip(x, y, strict=True)
    ) / 5  # fmt: skip
    assert ssim(x, y) == pytest.approx(oracle, abs=1e-9)


def test_ssim_in_single_precision(mnist, device):
    """On digits, where most windows are black, float32 is enough; alike is 1, order does not matter."""
    x = mnist[1].x[:50].to(device)
    y = (x + 0.3 * torch.rand(50, 784, generator=torch.Generator().manual_seed(0)).to(device)).clamp(0, 1)
    assert ssim(x, y) == pytest.approx(ssim(x.double(), y.double()), abs=1e-4)
    assert ssim(x, y) == pytest.approx(ssim(y, x), abs=1e-6)
    assert ssim(x, x) == pytest.approx(1, abs=1e-6)
    assert isinstance(ssim(x, y), float)


@pytest.mark.parametrize("level", [0, 1, 100])
def test_ssim_of_bright_pictures(mnist, level, device):
    """Lit from a level far above 0, single precision agrees with scikit-image in double."""
    x = mnist[1].x[:20] + level
    y = x + 0.3 * torch.rand(20, 784, generator=torch.Generator().manual_seed(0))
    oracle = sum(
        structural_similarity(
            *(numpy_of(image).reshape(28, 28) for image in pair),
            gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1,
        )
        for pair in zip(x, y, strict=True)
    ) / 20  # fmt: skip
    assert ssim(x.to(device), y.to(device)) == pytest.approx(oracle, abs=1e-4)


def test_bad_ssim(x):
    """Two batches alike, square, at least a window wide."""
    for wrong in (x[:0], x[:, :-1], x[:, :100], x[0], x.long(), x.numpy(), None):
        refuses("x", ssim, wrong, x)
    for wrong in (x[:5], x[:, :729], x.double(), x[0], x.numpy(), None):
        refuses("x_hat", ssim, x, wrong)
