"""ELBO and IWAE against torch.distributions, a case whose evidence is known, and an integral."""

import math

import numpy as np
import pytest
import torch
from helpers.models import p_x_given_z, small_vae
from helpers.strategies import numpy_of
from scipy.integrate import quad
from scipy.special import logsumexp
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from aecourse.models import VariationalAutoencoder

each_likelihood = pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])


@pytest.fixture
def x() -> torch.Tensor:
    """Seven black and white pictures."""
    return (torch.rand(7, 12, generator=torch.Generator().manual_seed(1)) > 0.5).double()


def draws(model: VariationalAutoencoder, x: torch.Tensor, samples: int, seed: int):
    """q(z|x) and the z that a bound draws from it under this seed."""
    mu, logvar = model.posterior(x)
    generator = torch.Generator(x.device).manual_seed(seed)
    eps = [torch.randn(mu.shape, generator=generator, dtype=mu.dtype, device=x.device) for _ in range(samples)]
    q = Independent(Normal(mu, (logvar / 2).exp()), 1)
    return q, [q.mean + q.stddev * e for e in eps]


@each_likelihood
@pytest.mark.parametrize("samples", [1, 20])
def test_bounds_by_torch_distributions(x, likelihood, samples, device):
    """Both bounds from the very same draws, beta and free bits left aside."""
    model, x = small_vae(likelihood=likelihood, beta=7.0, free_bits=3.0).to(device), x.to(device)
    prior = Independent(Normal(torch.zeros(3).double().to(device), 1.0), 1)
    q, zs = draws(model, x, samples, seed=9)
    log_p = torch.stack([p_x_given_z(model, z).log_prob(x) for z in zs])
    elbo = log_p.mean(0) - kl_divergence(q, prior)
    torch.testing.assert_close(model.elbo(x, samples=samples, seed=9), elbo.detach())
    weights = torch.stack([prior.log_prob(z) - q.log_prob(z) for z in zs]) + log_p
    expected = logsumexp(numpy_of(weights), axis=0) - math.log(samples)
    np.testing.assert_allclose(numpy_of(model.iwae_bound(x, samples=samples, seed=9)), expected, rtol=1e-9)
    before = torch.get_rng_state()
    assert torch.equal(model.elbo(x, seed=1), model.elbo(x, seed=1))
    assert not torch.equal(model.iwae_bound(x, seed=1), model.iwae_bound(x, seed=2))
    assert torch.equal(torch.get_rng_state(), before)


def linear_gaussian(spread: float, shift: float) -> tuple[VariationalAutoencoder, MultivariateNormal]:
    """For x = Wz + b + noise with orthogonal columns in W: p(x) and p(z|x) are known; q is that posterior, spoilt."""
    model = VariationalAutoencoder(2, hidden=(), in_features=5, likelihood="gaussian", sigma=0.5).double()
    generator = torch.Generator().manual_seed(2)
    W = torch.linalg.qr(torch.randn(5, 2, generator=generator).double())[0] * torch.tensor([1.0, 0.4])
    b = torch.full((5,), 0.5).double()
    variance = 1 / (1 + W.square().sum(0) / 0.25)  # of p(z|x), a diagonal
    model.decoder = torch.nn.Linear(2, 5).double()
    with torch.no_grad():
        model.decoder.weight.copy_(W)
        model.decoder.bias.copy_(b)
        model.head_mu.weight.copy_(variance[:, None] * W.T / 0.25)
        model.head_mu.bias.copy_(-model.head_mu.weight @ b + shift)
        model.head_logvar.weight.zero_()
        model.head_logvar.bias.copy_((variance * spread).log())
    return model, MultivariateNormal(b, W @ W.T + 0.25 * torch.eye(5).double())


def test_evidence_of_a_linear_gaussian_model():
    """With the true posterior every weight is p(x) itself; with a spoilt one the ELBO lacks exactly its KL."""
    x = torch.rand(6, 5, generator=torch.Generator().manual_seed(3)).double()
    model, evidence = linear_gaussian(1.0, 0.0)
    truth = evidence.log_prob(x)
    for samples in (1, 5):
        torch.testing.assert_close(model.iwae_bound(x, samples=samples), truth)
    torch.testing.assert_close(model.elbo(x, samples=20_000), truth, atol=0.05, rtol=0)
    spoilt, _ = linear_gaussian(2.0, 0.5)
    posterior = Normal(model.encode(x), (model.posterior(x)[1] / 2).exp())
    gap = kl_divergence(Normal(spoilt.encode(x), (spoilt.posterior(x)[1] / 2).exp()), posterior).sum(1)
    assert (gap > 0.5).all()
    elbo = spoilt.elbo(x, samples=20_000)
    torch.testing.assert_close(elbo, (truth - gap).detach(), atol=0.05, rtol=0)
    bounds = [torch.stack([spoilt.iwae_bound(x, samples=k, seed=s) for s in range(400)]).mean(0) for k in (2, 10, 50)]
    for looser, tighter in zip([elbo, *bounds], [*bounds, truth], strict=True):
        assert (looser < tighter + 0.03).all()
        assert looser.mean() < tighter.mean()


@each_likelihood
def test_bounds_stay_below_the_integral(x, likelihood):
    """One latent dimension: log p(x) = log ∫ p(x|z) N(z) dz by SciPy; ELBO ≤ IWAE ≤ log p(x), and K closes the gap."""
    model = small_vae(1, likelihood=likelihood, sigma=0.7)
    image = x[:1]

    def joint(z: float) -> float:
        point = torch.tensor([[z]]).double()
        return (p_x_given_z(model, point).log_prob(image) + Normal(0.0, 1.0).log_prob(point[:, 0])).exp().item()

    with torch.inference_mode():
        truth = math.log(quad(joint, -9, 9, points=[-1, 0, 1], limit=200)[0])
    many = image.repeat(4_000, 1)  # 4,000 draws of each bound at once
    elbo, iwae = model.elbo(many).mean().item(), model.iwae_bound(many, samples=10).mean().item()
    assert elbo < iwae < truth + 0.01
    assert model.iwae_bound(image.repeat(10, 1), samples=5_000).mean().item() == pytest.approx(truth, abs=0.03)
