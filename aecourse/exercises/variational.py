"""Checks of the answers to the exercises of notebooks/08_variational.ipynb."""

from __future__ import annotations

import math

import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence
from torch.nn import functional as F

from aecourse.exercises.checking import Hint, agree, compare, exercise
from aecourse.exercises.conversion import as_array, as_number, as_parts, call


@exercise("08.1", "easy")
def kl_of_two_numbers(answer: object) -> Hint:
    """Expect the KL divergence in nats of mu = (1, 0), logvar = (0, -2) from the standard normal."""
    mu, logvar = torch.tensor([1.0, 0.0]), torch.tensor([0.0, -2.0])
    prior = Normal(0.0, 1.0)

    def kl(sigma: torch.Tensor) -> torch.Tensor:
        return kl_divergence(Normal(mu, sigma), prior)

    each = kl((logvar / 2).exp())
    right = each.sum()
    mistakes = {
        "nearly: sum over the two code numbers": each,
        "twice too much: every term carries a factor of one half": 2 * right,
        "twice too much, for each number: every term carries a factor of one half; then sum": 2 * each,
        "that is the mean over the two numbers; the KL of a code is their sum": right / 2,
        "that is in bits; nats use the natural logarithm": right / math.log(2),
        "the second head is log σ², not log σ: what is σ² when log σ² = −2?": kl(logvar.exp()).sum(),
        "that is the first number alone; add the second": each[0],
        "that is the second number alone; add the first": each[1],
        "the sign: a KL divergence is never negative": -right,
        "that is the KL from the prior to q; the question is asked the other way round": (
            kl_divergence(prior, Normal(mu, (logvar / 2).exp())).sum()
        ),
    }
    otherwise = "add ½ (mu² + exp(logvar) − logvar − 1) over both numbers; the second head is log σ², not σ"
    got = as_array(answer)
    got = as_number(answer) if got.shape != each.shape else got
    return compare(got, right, mistakes, tolerance=5e-3, otherwise=otherwise)


@exercise("08.2", "medium")
def two_terms(answer) -> Hint:
    """Expect a function (x, decode, mu, logvar, eps) → reconstruction cost and KL, in nats, means over images."""
    generator = torch.Generator().manual_seed(0)
    x, weight = torch.rand(4, 6, generator=generator).double(), torch.randn(3, 6, generator=generator).double()
    mu, logvar, eps = torch.randn(3, 4, 3, generator=generator).double()

    def decode(z):
        return (torch.as_tensor(z) @ weight).sigmoid()

    def cost(z: torch.Tensor) -> torch.Tensor:
        return F.binary_cross_entropy(decode(z), x, reduction="none")  # (4, 6)

    got = [as_array(part) for part in as_parts(call(answer, x, decode, mu, logvar, eps), "reconstruction", "kl")]
    if any(part.numel() != 1 for part in got):
        return "two numbers are asked for: sum over pixels or code numbers, then take the mean over the images"
    got = [part.reshape(()) for part in got]
    std = (logvar / 2).exp()
    reconstruction = cost(mu + std * eps).sum(1).mean()
    kl = (0.5 * (mu**2 + logvar.exp() - logvar - 1)).sum(1).mean()
    if agree(got[0], kl, 1e-5) and agree(got[1], reconstruction, 1e-5):
        return "the order: the reconstruction cost first, then the KL"
    mistakes = {
        "that is the mean over the pixels, too; −log p(x|z) of a picture is the sum over its pixels": reconstruction
        / 6,
        "that is the sum over the images; take their mean": reconstruction * 4,
        "the sign: the cost is minus the log-likelihood": -reconstruction,
        "that decodes the mean code; where does eps enter?": cost(mu).sum(1).mean(),
        "eps is multiplied by the variance; the spread is its root: (logvar / 2).exp()": (
            cost(mu + logvar.exp() * eps).sum(1).mean()
        ),
        "eps is multiplied by the log variance itself; the spread is (logvar / 2).exp()": (
            cost(mu + logvar * eps).sum(1).mean()
        ),
        "eps is multiplied by half the log variance; one exp is missing": cost(mu + logvar / 2 * eps).sum(1).mean(),
        "eps is added with a spread of 1; σ is missing": cost(mu + eps).sum(1).mean(),
        "that is the squared error; for probabilities of ink take the cross-entropy": (
            (decode(mu + std * eps) - x).square().sum(1).mean()
        ),
    }
    otherwise = "z = mu + σ · eps, decode it, and sum the cross-entropy over the pixels"
    if hint := compare(got[0], reconstruction, mistakes, otherwise=otherwise):
        return f"the reconstruction: {hint}"
    mistakes = {
        "that is the mean over the code numbers, too; the KL of a code is their sum": kl / 3,
        "that is the sum over the images; take their mean": kl * 4,
        "twice too much: every term carries a factor of one half": 2 * kl,
        "the sign: a KL divergence is never negative": -kl,
        "the second head is log σ², not σ²: what is its exponential?": (
            (0.5 * (mu**2 + logvar - logvar.exp() - 1)).sum(1).mean()
        ),
    }
    hint = compare(got[1], kl, mistakes, otherwise="½ (mu² + exp(logvar) − logvar − 1), summed over the code numbers")
    return f"the reconstruction is right; the KL: {hint}" if hint else None


@exercise("08.3", "medium")
def mended_loss(answer) -> Hint:
    """Expect a function (x, x_hat, kl, sigma) → −ELBO for Gaussian pixels, with or without its constant."""
    generator = torch.Generator().manual_seed(0)
    x, x_hat = torch.rand(2, 4, 6, generator=generator).double()
    kl, sigma = torch.rand(4, generator=generator).double(), 0.7
    squares = (x - x_hat) ** 2
    cost = squares.sum(1).mean() / (2 * sigma**2)
    right = cost + kl.mean()
    got = as_array(call(answer, x, x_hat, kl, sigma))
    if got.shape == kl.shape:
        return "that is one number for each image; a loss is their mean"
    got = got.reshape(()) if got.numel() == 1 else got
    constant = 6 * math.log(sigma * math.sqrt(2 * math.pi))
    if agree(got, right + constant, 1e-5):
        return None
    mistakes = {
        "that is the forum's loss: the mean still runs over the pixels, too": squares.mean() + kl.mean(),
        "sigma is there, but the mean still runs over the pixels, too": squares.mean() / (2 * sigma**2) + kl.mean(),
        "the sum over pixels is right; sigma is missing: −log of a normal density divides by 2 σ²": (
            squares.sum(1).mean() + kl.mean()
        ),
        "the 2 is missing: −log of a normal density divides by 2 σ²": squares.sum(1).mean() / sigma**2 + kl.mean(),
        "sigma enters squared": squares.sum(1).mean() / (2 * sigma) + kl.mean(),
        "the squares are summed over the images as well; both terms are means over images": (
            squares.sum() / (2 * sigma**2) + kl.mean()
        ),
        "both terms are summed over the images; take the mean": 4 * right,
        "the KL is summed over the images and the squares are averaged; take the mean of both": cost + kl.sum(),
        "the KL is missing": cost,
        "the sign of the KL: it is a cost": cost - kl.mean(),
        "the KL is divided by 2 σ², too; only the squares are": right - kl.mean() + kl.mean() / (2 * sigma**2),
        "that adds the constant of one pixel; there is one for each pixel": right + constant / 6,
    }
    otherwise = "sum the squares over the pixels, divide by 2 σ², take the mean over images, and add the mean KL"
    return compare(got, right, mistakes, tolerance=1e-5, otherwise=otherwise)


@exercise("08.4", "medium")
def importance_bound(answer) -> Hint:
    """Expect a function from log weights (K, n) to the importance-weighted bound (n,), safe for tiny weights."""
    log_w = torch.randn(7, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    log_k = math.log(7)
    # images of very unequal likelihood, for which one common maximum is not enough
    level = torch.tensor([800.0, 0.0, -30.0, -1000.0])
    expected = log_w.exp().mean(0).log() + level  # safe for the weights without their levels
    log_w = (log_w + level).float()
    got = as_array(call(answer, log_w))
    if got.shape == expected.shape and got.isinf().any():
        if agree(got[:1], expected[:1], 1e-4):
            return "one image is so likely that the weights of the others vanish beside it: each needs its own maximum"
        return "right at most for weights near 1: exp(-1000) is 0 and exp(800) infinite in the computer; use logsumexp"
    summed = log_w.logsumexp(0)
    mistakes = {
        "that is the mean of the logarithms, the ELBO; average the weights first, then take the logarithm": log_w.mean(
            0
        ),
        "that is the logarithm of the sum; the mean divides by K, so subtract log K": expected + log_k,
        "log K is added; a mean divides by K": expected + 2 * log_k,
        "the logarithm of the sum is divided by K; the sum itself should be: what does that do to a logarithm?": summed
        / 7,
        "that subtracts K; dividing by K subtracts its logarithm": summed - 7,
        "that subtracts log n; the mean is over the K weights of an image": summed - math.log(4),
        "that is the largest weight alone; take the mean of all K": log_w.amax(0),
        "that sums over the images; each image has K weights, down a column": log_w.logsumexp(1),
        "that averages over the images; each image has K weights, down a column": log_w.logsumexp(1) - math.log(4),
        "that is one number for all; return one for each image": expected.mean(),
    }
    return compare(got, expected, mistakes, tolerance=1e-5)


@exercise("08.5", "stretch")
def best_posterior(answer) -> Hint:
    """Expect a function (w, b, sigma, x) → mu, logvar whose ELBO equals log p(x) for a linear decoder."""
    w, b, x = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    sigma = 0.7
    mu, logvar = (as_array(part) for part in as_parts(call(answer, w, b, sigma, x), "mu", "logvar"))
    if mu.numel() != 1 or logvar.numel() != 1:
        return "there is a single code number: mu and logvar are one number each"
    mu, logvar = mu.reshape(()), logvar.reshape(())
    w, b, x = w.double(), b.double(), x.double()
    squares = (x - w * mu - b).square().sum() + logvar.exp() * (w @ w)
    reconstruction = -squares / (2 * sigma**2) - len(x) * math.log(sigma * math.sqrt(2 * math.pi))
    elbo = reconstruction - 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    evidence = MultivariateNormal(b, torch.outer(w, w) + sigma**2 * torch.eye(len(x), dtype=torch.float64)).log_prob(x)
    gap = (evidence - elbo).item()
    if abs(gap) < 1e-6:
        return None
    missing = f"the ELBO misses log p(x) by {gap:.3f} nats"
    precision = 1 + w @ w / sigma**2
    best_mu, best_logvar = w @ (x - b) / sigma**2 / precision, -precision.log()
    if agree(mu, best_logvar, 1e-4) and agree(logvar, best_mu, 1e-4):
        return "the order: mu first, then the log variance"
    mistakes = {
        "it knows nothing of the prior, which pulls it towards 0": w @ (x - b) / (w @ w),
        "b is missing: what is left of x when z = 0?": w @ x / sigma**2 / precision,
        "sigma enters squared": w @ (x - b) / sigma / (1 + w @ w / sigma),
        "the pixels' sum is not divided by the precision": w @ (x - b) / sigma**2,
        "sigma is missing: the noisier the pixels, the less they say": w @ (x - b) / (1 + w @ w),
    }
    if hint := compare(mu, best_mu, mistakes, otherwise="multiply prior and likelihood, and complete the square in z"):
        return f"{missing}; mu: {hint}"
    mistakes = {
        "that is the variance of the prior; x makes z more certain": 0.0,
        "that is the variance itself; return its logarithm": 1 / precision,
        "that is the log of the standard deviation; the variance is its square": best_logvar / 2,
        "that is the log of the precision; the variance is its inverse": -best_logvar,
        "that is the precision; return the logarithm of its inverse": precision,
        "the prior is missing: it makes z more certain, too": -(w @ w / sigma**2).log(),
        "that is the variance of the pixels' noise; which one is z's?": 2 * math.log(sigma),
    }
    hint = compare(logvar, best_logvar, mistakes, otherwise="it is not the log variance of p(z|x)")
    return f"{missing}; mu is right; the log variance: {hint}"
