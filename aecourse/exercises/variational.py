"""Answers to the exercises of notebooks/08_variational.ipynb."""

from __future__ import annotations

import math

import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from aecourse.exercises.checking import Verdict, exercise, same_array


@exercise("08.1", "easy")
def kl_of_two_numbers(answer: object) -> Verdict:
    """the KL divergence in nats of mu = (1, 0), logvar = (0, -2) from the standard normal"""
    mu, logvar = torch.tensor([1.0, 0.0]), torch.tensor([0.0, -2.0])
    right = kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(0.0, 1.0)).sum().item()
    if isinstance(answer, bool) or not isinstance(answer, int | float | torch.Tensor):
        return "the answer is a single number of nats"
    if isinstance(answer, torch.Tensor) and answer.numel() != 1:
        return "nearly: sum over the two code numbers"
    got = float(answer)
    if math.isclose(got, right, rel_tol=5e-3):
        return None
    if math.isclose(got, 2 * right, rel_tol=5e-3):
        return "twice too much: every term carries a factor of one half"
    if math.isclose(got, right / 2, rel_tol=5e-3):
        return "that is the mean over the two numbers; the KL of a code is their sum"
    if math.isclose(got, right / math.log(2), rel_tol=5e-3):
        return "that is in bits; nats use the natural logarithm"
    return "add ½ (mu² + exp(logvar) − logvar − 1) over both numbers; the second head is log σ², not σ"


@exercise("08.2", "medium")
def importance_bound(answer) -> Verdict:
    """a function from log weights (K, n) to the importance-weighted bound (n,), safe for tiny weights"""
    log_w = torch.randn(7, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = log_w.exp().mean(0).log()  # safe here: these weights are near 1
    got = answer(log_w.clone())
    if isinstance(got, torch.Tensor) and got.shape == (4,):
        if torch.allclose(got, log_w.mean(0)):
            return "that is the mean of the logarithms, the ELBO; average the weights first, then take the logarithm"
        if torch.allclose(got, expected + math.log(7)):
            return "that is the logarithm of the sum; the mean divides by K, so subtract log K"
        if torch.allclose(got, expected) and not torch.allclose(answer(log_w - 1000), expected - 1000):
            return "right for weights near 1, but exp(-1000) is 0 in the computer: use logsumexp"
    return same_array(got, expected, tolerance=1e-6)


@exercise("08.3", "stretch")
def best_posterior(answer) -> Verdict:
    """a function (w, b, sigma, x) → mu, logvar whose ELBO equals log p(x) for a linear decoder"""
    generator = torch.Generator().manual_seed(0)
    w, b, x = torch.randn(3, 5, generator=generator, dtype=torch.float64)
    sigma = 0.7
    got = answer(w, b, sigma, x)
    if not isinstance(got, tuple | list) or len(got) != 2:
        return "return two numbers, mu and logvar"
    mu, logvar = (torch.as_tensor(part, dtype=torch.float64) for part in got)
    if mu.numel() != 1 or logvar.numel() != 1:
        return "there is a single code number: mu and logvar are one number each"
    mu, variance = mu.reshape(()), logvar.reshape(()).exp()
    squares = (x - w * mu - b).square().sum() + variance * (w @ w)
    reconstruction = -squares / (2 * sigma**2) - len(x) * math.log(sigma * math.sqrt(2 * math.pi))
    elbo = reconstruction - 0.5 * (mu**2 + variance - variance.log() - 1)
    evidence = MultivariateNormal(b, torch.outer(w, w) + sigma**2 * torch.eye(len(x), dtype=torch.float64)).log_prob(x)
    gap = (evidence - elbo).item()
    if abs(gap) < 1e-6:
        return None
    best_mu = (w @ (x - b)) / (sigma**2 + w @ w)
    if torch.allclose(mu, best_mu):
        return f"mu is right; the ELBO still misses log p(x) by {gap:.3f} nats: the log variance is not p(z|x)'s"
    return f"the ELBO misses log p(x) by {gap:.3f} nats: multiply prior and likelihood, and complete the square in z"
