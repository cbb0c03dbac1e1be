"""The variational autoencoder: the encoder gives a distribution, and new codes are drawn from a prior."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from aecourse.checks import check_choice, check_number, check_whole
from aecourse.device import check_seed
from aecourse.models.base import (
    MOST,
    Autoencoder,
    Config,
    FromConfig,
    check_alike,
    check_dense,
    check_rows,
    check_sizes,
    cross_entropy,
    stack_layers,
)


@dataclass(frozen=True, kw_only=True)
class VariationalConfig(Config):
    """See `VariationalAutoencoder`."""

    hidden: tuple[int, ...]
    beta: float
    free_bits: float
    likelihood: str
    sigma: float
    activation: str

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("likelihood", self.likelihood, ("bernoulli", "gaussian"))
        check_choice("activation", self.activation, ("gelu", "relu", "sigmoid", "tanh"))
        self._keep(
            hidden=check_sizes("hidden", self.hidden),
            beta=check_number("beta", self.beta, maximum=1e9),
            free_bits=check_number("free_bits", self.free_bits, maximum=1e9),
            sigma=check_number("sigma", self.sigma, minimum=1e-6, maximum=1e6),  # can be squared, and divided by
        )


class VariationalAutoencoder(Autoencoder):
    """q(z|x) = N(mu, exp(logvar)) from the encoder's two heads, prior p(z) = N(0, 1), and p(x|z) from the decoder.

    All losses are in nats per image: summed over the 784 pixels and the latent dimensions, then averaged over images.
    `encode` gives the mean mu. Taught in notebooks/08_variational.ipynb.

    Parameters
    ----------
    latent_dim : int
        Dimensions of z.
    hidden : sequence of int
        Layers between input and code, mirrored in the decoder.
    beta : float
        Weight of the KL divergence in the loss, at least 0 (Higgins et al. 2017); 1 gives the evidence lower bound.
    free_bits : float
        Nats of KL divergence that each latent dimension may use without penalty, at least 0 (Kingma et al. 2016); 0
        gives the evidence lower bound.
    likelihood : {"bernoulli", "gaussian"}
        p(x|z): one probability for each pixel, or a normal distribution around each pixel.
    sigma : float
        Standard deviation of the Gaussian likelihood, above 0, in units of the pixel range.

    References
    ----------
    Kingma & Welling (2014), Auto-encoding variational Bayes; Rezende, Mohamed & Wierstra (2014), Stochastic
    backpropagation and approximate inference in deep generative models.
    """

    beta: float = FromConfig(adjustable=True)
    free_bits: float = FromConfig(adjustable=True)
    likelihood: str = FromConfig()
    sigma: float = FromConfig(adjustable=True)

    def __init__(
        self,
        latent_dim: int = 20,
        *,
        hidden: Sequence[int] = (400, 200),
        in_features: int = 784,
        beta: float = 1.0,
        free_bits: float = 0.0,
        likelihood: str = "bernoulli",
        sigma: float = 0.2,
        activation: str = "gelu",
    ) -> None:
        config = VariationalConfig(
            latent_dim=latent_dim, hidden=hidden, in_features=in_features, beta=beta, free_bits=free_bits,
            likelihood=likelihood, sigma=sigma, activation=activation,
        )  # fmt: skip
        super().__init__(config)
        latent_dim, in_features = config.latent_dim, config.in_features
        sizes, mirrored = (in_features, *config.hidden), (latent_dim, *reversed(config.hidden))
        self.trunk = nn.Sequential(*stack_layers(sizes, activation))
        self.head_mu = nn.Linear(sizes[-1], latent_dim)
        self.head_logvar = nn.Linear(sizes[-1], latent_dim)
        self.decoder = nn.Sequential(
            *stack_layers(mirrored, activation), nn.Linear(mirrored[-1], in_features), nn.Sigmoid()
        )

    def posterior(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the mean and log variance of q(z|x); (n, in_features) → (n, latent_dim) each."""
        check_rows("x", x, self.in_features, model=self)
        features = self.trunk(x)
        return self.head_mu(features), self.head_logvar(features)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean of q(z|x); (n, in_features) → (n, latent_dim)."""
        return self.posterior(x)[0]

    @staticmethod
    def reparameterise(mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
        """Draw z = mu + exp(logvar / 2) · eps with eps ~ N(0, 1), so that gradients reach mu and logvar."""
        _check_gaussians(mu, logvar)
        return mu + (logvar / 2).exp() * torch.randn_like(mu)

    @staticmethod
    def kl_divergence(mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
        """Return KL(N(mu, exp(logvar)) ‖ N(0, 1)) = ½ (mu² + exp(logvar) − logvar − 1) of each dimension, in nats."""
        _check_gaussians(mu, logvar)
        return 0.5 * (mu.square() + logvar.exp() - logvar - 1)

    def log_likelihood(self, x: torch.Tensor, x_hat: torch.Tensor) -> torch.Tensor:
        """Return log p(x|z) of each image, summed over its pixels, in nats; (…, in_features) → (…).

        For gray pixels the Bernoulli value is the negative cross-entropy, not a normalised log-likelihood.
        """
        for name, part in (("x", x), ("x_hat", x_hat)):
            check_dense(name, part, "(…, in_features)")
            check_rows(name, part.flatten(0, -2) if part.ndim > 2 else part, self.in_features)
        check_alike(x, x_hat)
        if self.likelihood == "bernoulli":
            return -cross_entropy(x_hat, x, reduction="none").sum(-1)
        squares = (x_hat - x).square().sum(-1)
        return -squares / (2 * self.sigma**2) - self.in_features * math.log(self.sigma * math.sqrt(2 * math.pi))

    def loss(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return {"total": reconstruction + beta · kl, "reconstruction": −E log p(x|z), "kl"}, in nats per image.

        With free bits, the total counts max(free_bits, KL_j) for each dimension j, with KL_j averaged over the batch.
        """
        mu, logvar = self.posterior(x)
        reconstruction = -self.log_likelihood(x, self.decode(self.reparameterise(mu, logvar))).mean()
        kl_by_dimension = self.kl_divergence(mu, logvar).mean(0)  # (latent_dim,)
        penalty = kl_by_dimension.clamp(min=self.free_bits).sum() if self.free_bits else kl_by_dimension.sum()
        total = reconstruction + self.beta * penalty
        return {"total": total, "reconstruction": reconstruction, "kl": kl_by_dimension.sum()}

    @torch.no_grad()
    def elbo(self, x: torch.Tensor, *, samples: int = 1, seed: int = 0) -> torch.Tensor:
        """Return the evidence lower bound of each image (beta 1, no free bits), in nats; (n, in_features) → (n,).

        Parameters
        ----------
        samples : int
            Draws of z for each image, averaged.
        """
        samples = check_whole("samples", samples, maximum=MOST)
        self.check_images("x", x)
        mu, logvar = self.posterior(x)
        noise = self._noise(mu, check_seed(seed))
        total = torch.zeros(len(x), device=x.device, dtype=x.dtype)
        for _ in range(samples):
            total += self.log_likelihood(x, self.decode(mu + (logvar / 2).exp() * noise()))
        return total / samples - self.kl_divergence(mu, logvar).sum(1)

    @torch.no_grad()
    def iwae_bound(self, x: torch.Tensor, *, samples: int = 50, seed: int = 0) -> torch.Tensor:
        """Return the importance-weighted bound log (1/K) Σ_k p(x, z_k) / q(z_k|x), in nats; (n, in_features) → (n,).

        In expectation it is never below the ELBO, and it becomes tighter with the number of samples K.

        References
        ----------
        Burda, Grosse & Salakhutdinov (2016), Importance weighted autoencoders.
        """
        samples = check_whole("samples", samples, maximum=MOST)
        self.check_images("x", x)
        mu, logvar = self.posterior(x)
        noise = self._noise(mu, check_seed(seed))
        log_weights = []
        for _ in range(samples):
            eps = noise()
            z = mu + (logvar / 2).exp() * eps
            log_ratio = 0.5 * (eps.square() + logvar - z.square()).sum(1)  # log p(z) − log q(z|x), constants cancel
            log_weights.append(self.log_likelihood(x, self.decode(z)) + log_ratio)
        return torch.stack(log_weights).logsumexp(0) - math.log(samples)

    @torch.no_grad()
    def sample(self, count: int = 10, *, seed: int | None = None) -> torch.Tensor:
        """Decode `count` random codes from the prior, as the decoder's means; (count, in_features)."""
        count = check_whole("count", count, maximum=MOST)
        weight = next(self.parameters())
        generator = None if seed is None else torch.Generator(weight.device).manual_seed(check_seed(seed))
        z = torch.randn(count, self.latent_dim, generator=generator, device=weight.device, dtype=weight.dtype)
        return self.decode(z)

    @torch.no_grad()
    def interpolate(self, start: torch.Tensor, end: torch.Tensor, *, steps: int = 10) -> torch.Tensor:
        """Decode `steps` points of the straight line between the codes of two images; (784,) twice → (steps, 784)."""
        steps = check_whole("steps", steps, minimum=2, maximum=MOST)
        for name, image in (("start", start), ("end", end)):
            check_dense(name, image, f"({self.in_features},)")
            if image.shape != (self.in_features,):
                raise ValueError(f"{name} must be one image of shape ({self.in_features},); got {tuple(image.shape)}")
            self.check_images(name, image[None])
        z_start, z_end = self.encode(torch.stack([start, end]))
        share = torch.linspace(0, 1, steps, device=z_start.device, dtype=z_start.dtype)[:, None]
        return self.decode(torch.lerp(z_start, z_end, share))

    @staticmethod
    def _noise(like: torch.Tensor, seed: int):
        generator = torch.Generator(like.device).manual_seed(seed)
        return lambda: torch.randn(like.shape, generator=generator, device=like.device, dtype=like.dtype)


def _check_gaussians(mu: torch.Tensor, logvar: torch.Tensor) -> None:
    """Raise an error unless mu and logvar are dense float tensors of one shape, on one device."""
    for name, part in (("mu", mu), ("logvar", logvar)):
        check_dense(name, part, "(n, latent_dim)")
    if logvar.shape != mu.shape or logvar.device != mu.device or logvar.dtype != mu.dtype:
        same, came = (f"{tuple(part.shape)}, {part.dtype} on {part.device}" for part in (mu, logvar))
        raise ValueError(f"logvar must be like mu, {same}; got {came}")
