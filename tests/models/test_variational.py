"""The generator: its densities and divergences against torch.distributions, its samples, and what it refuses."""

import math

import numpy as np
import pytest
import torch
from helpers.models import p_x_given_z, small_vae
from helpers.strategies import bad_images, choices_other_than, junk, not_counts, not_seeds, numpy_of, refuses
from hypothesis import example, given, strategies as st
from torch.distributions import Normal, kl_divergence

from aecourse.models import VariationalAutoencoder
from aecourse.training import fit

not_weights = junk.filter(lambda b: not (isinstance(b, float) and 0 <= b < math.inf)) | st.floats(max_value=-1e-9)
not_sigmas = junk.filter(lambda s: not (isinstance(s, float) and 0 < s < math.inf)) | st.floats(max_value=0)
each_likelihood = pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])


@pytest.fixture
def x() -> torch.Tensor:
    """Seven black and white pictures."""
    return (torch.rand(7, 12, generator=torch.Generator().manual_seed(1)) > 0.5).double()


@given(mu=st.lists(st.floats(-5, 5), min_size=1, max_size=4), logvar=st.floats(-8, 3))
def test_kl_of_two_gaussians(mu, logvar):
    """As torch.distributions has it; never negative, 0 for the prior itself."""
    mu = torch.tensor(mu).double()
    logvar = torch.full_like(mu, logvar)
    expected = kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(torch.zeros_like(mu), 1.0))
    torch.testing.assert_close(VariationalAutoencoder.kl_divergence(mu, logvar), expected, atol=1e-10, rtol=1e-8)
    assert VariationalAutoencoder.kl_divergence(torch.zeros(1), torch.zeros(1)).item() == 0


@each_likelihood
def test_log_likelihood(x, likelihood, device):
    """Summed over pixels, with every constant of the density."""
    model = small_vae(likelihood=likelihood, sigma=0.3).to(device)
    z, x = torch.randn(7, 3, dtype=torch.float64).to(device), x.to(device)
    expected = p_x_given_z(model, z).log_prob(x)
    torch.testing.assert_close(model.log_likelihood(x, model.decode(z)), expected)


def test_certain_and_wrong_costs_much_but_not_infinity():
    """A pixel surely black that is white: 100 nats, as torch limits log 0, and a finite gradient."""
    x_hat = torch.tensor([[0.0, 1.0]], requires_grad=True)
    cost = small_vae(features=2).log_likelihood(torch.tensor([[1.0, 0.0]]), x_hat)
    cost.sum().backward()
    assert cost.item() == -200
    assert torch.isfinite(x_hat.grad).all()
    assert small_vae(features=2).log_likelihood(torch.tensor([[0.0, 1.0]]), x_hat).item() == 0


def test_reparameterised_draws():
    """Mean mu, variance exp(logvar), and gradients 1 and ½ · (z − mu)."""
    mu = torch.tensor([-1.0, 2.0]).repeat(40_000, 1).requires_grad_()
    logvar = torch.tensor([0.0, -2.0]).repeat(40_000, 1).requires_grad_()
    torch.manual_seed(0)
    z = VariationalAutoencoder.reparameterise(mu, logvar)
    np.testing.assert_allclose(numpy_of(z).mean(0), [-1, 2], atol=0.03)
    np.testing.assert_allclose(numpy_of(z).var(0), np.exp([0, -2]), rtol=0.05)
    z.sum().backward()
    assert (mu.grad == 1).all()
    torch.testing.assert_close(logvar.grad, (z - mu).detach() / 2)


@each_likelihood
@pytest.mark.parametrize(("beta", "free_bits"), [(1.0, 0.0), (0.0, 0.0), (4.0, 0.0), (1.0, 1.5), (2.0, 100.0)])
def test_loss_by_hand(x, likelihood, beta, free_bits):
    """−log p(x|z) at one draw, and what of the KL is paid, in nats an image."""
    model = small_vae(likelihood=likelihood, beta=beta, free_bits=free_bits)
    torch.manual_seed(4)
    terms = {name: value.item() for name, value in model.loss(x).items()}
    torch.manual_seed(4)
    q = Normal(model.encode(x), (model.posterior(x)[1] / 2).exp())
    reconstruction = -p_x_given_z(model, q.rsample()).log_prob(x).mean().item()
    kl = numpy_of(kl_divergence(q, Normal(0.0, 1.0)).mean(0))
    assert terms["reconstruction"] == pytest.approx(reconstruction)
    assert terms["kl"] == pytest.approx(kl.sum())
    assert terms["total"] == pytest.approx(reconstruction + beta * np.maximum(free_bits, kl).sum())


def test_free_bits_take_the_pull_away(x):
    """No gradient of the KL where a dimension stays below its allowance; dimensions above it are pulled."""
    model = small_vae(free_bits=1e6)
    free = model.loss(x)
    (pull,) = torch.autograd.grad(free["total"] + free["reconstruction"] * -1, model.head_mu.weight)
    assert pull.abs().max() < 1e-9


def test_samples_and_paths(x, device):
    """Decoded draws of the prior; a straight line between two codes, both ends included."""
    model, x = small_vae().to(device), x.to(device)
    images = model.sample(2_000, seed=3)
    assert (images.shape, images.device) == ((2_000, 12), x.device)
    z = torch.randn(200_000, 3, generator=torch.Generator().manual_seed(0)).double().to(device)
    torch.testing.assert_close(images.mean(0), model.decode(z).mean(0), atol=0.06, rtol=0)
    before = torch.get_rng_state()
    assert torch.equal(model.sample(4, seed=3), model.sample(4, seed=3))
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(model.sample(4), model.sample(4))
    start, end = model.encode(x[:2])
    path = model.interpolate(x[0], x[1], steps=5)
    for share, image in zip((0, 0.25, 0.5, 0.75, 1), path, strict=True):
        torch.testing.assert_close(image[None], model.decode((start + share * (end - start))[None]))


def test_training_is_reproducible_and_beta_pays(blobs):
    """To the last bit under one seed; a larger beta leaves a smaller KL."""

    def train(beta: float) -> list:
        torch.manual_seed(0)
        model = VariationalAutoencoder(2, hidden=(16,), beta=beta)
        return fit(model, blobs, epochs=20, batch_size=8, validation=blobs, progress=False).train

    small, again, large = train(0.1), train(0.1), train(20.0)
    assert small == again
    assert large[-1]["kl"] < 0.5 * small[-1]["kl"]


@given(
    weight=not_weights,
    sigma=not_sigmas,
    word=choices_other_than("bernoulli", "gaussian", "gelu", "relu", "sigmoid", "tanh"),
    hidden=st.lists(not_counts, min_size=1, max_size=2),
    count=not_counts,
    seed=not_seeds.filter(lambda s: s is not None),
)
@example(weight=-0.1, sigma=0.0, word="linear", hidden=[0], count=0, seed=-1)
@example(weight=math.inf, sigma=math.nan, word=None, hidden=[True], count=True, seed=2**32)
def test_bad_settings(weight, sigma, word, hidden, count, seed):
    """Each is named before any layer is drawn."""
    before, images = torch.get_rng_state(), torch.zeros(1, 784)
    model = VariationalAutoencoder(2, hidden=())
    torch.set_rng_state(before)
    for name, value in (("beta", weight), ("free_bits", weight), ("sigma", sigma), ("likelihood", word)):
        refuses(name, VariationalAutoencoder, **{name: value})
    for name, value in (("activation", word), ("hidden", hidden), ("in_features", count)):
        refuses(name, VariationalAutoencoder, **{name: value})
    for bound in (model.elbo, model.iwae_bound):
        refuses("samples", bound, images, samples=count)
        refuses("seed", bound, images, seed=seed)
    refuses("count", model.sample, count)
    refuses("seed", model.sample, 2, seed=seed)
    refuses("steps", model.interpolate, images[0], images[0], steps=count)
    refuses("steps", model.interpolate, images[0], images[0], steps=1)
    assert torch.equal(torch.get_rng_state(), before)


@given(images=bad_images(784))
def test_bad_images(images):
    """Bounds and paths take what training takes: no NaN, nothing outside [0, 1], no ends of another shape."""
    model, good = VariationalAutoencoder(2, hidden=()), torch.full((784,), 0.5)
    refuses("x", model.elbo, images)
    refuses("x", model.iwae_bound, images)
    one = images[1] if isinstance(images, torch.Tensor) and images.ndim > 1 and len(images) > 1 else images
    if not isinstance(one, torch.Tensor) or one.shape != (784,) or not torch.equal(one.float(), good):
        refuses("start", model.interpolate, one, good)
        refuses("end", model.interpolate, good, one)
