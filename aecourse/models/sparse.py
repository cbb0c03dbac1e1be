"""Sparse autoencoders: many units, few of them active for any one image, by one of three penalties."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from aecourse.checks import check_choice, check_number, check_whole
from aecourse.models.base import Autoencoder, Config, FromConfig, check_dense, check_rows

PENALTIES = ("l1", "kl", "topk")
DEAD_AFTER = 10  # training steps without activity after which a unit counts as dead and is trained on the residual


@dataclass(frozen=True, kw_only=True)
class SparseConfig(Config):
    """See `SparseAutoencoder`."""

    penalty: str
    strength: float
    rho: float
    k: int

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("penalty", self.penalty, PENALTIES)
        self._keep(
            strength=check_number("strength", self.strength),
            rho=check_number("rho", self.rho, maximum=1, open_ends=True),
            k=check_whole("k", self.k, maximum=self.latent_dim if self.penalty == "topk" else None),
        )


class Dictionary(nn.Module):
    """A linear decoder; its columns are called atoms and, with `unit_length`, all have length 1.

    Without unit length, a decoder that is not tied to its encoder lowers an L1 penalty at no cost: halve every code
    number, double every atom. A tied one cannot, since longer atoms make the code larger as well.
    """

    def __init__(self, latent_dim: int, in_features: int, *, unit_length: bool) -> None:
        super().__init__()
        self.unit_length = unit_length
        self.weight = nn.Parameter(F.normalize(torch.randn(in_features, latent_dim), dim=0))
        self.bias = nn.Parameter(torch.zeros(in_features))

    @property
    def atoms(self) -> torch.Tensor:
        """The atoms, one column for each unit; (in_features, latent_dim)."""
        return F.normalize(self.weight, dim=0) if self.unit_length else self.weight

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Return x_hat = bias + Σ_j z_j · atom_j."""
        return F.linear(z, self.atoms, self.bias)


class SparseAutoencoder(Autoencoder):
    """More units than pixels, of which only a few are active for any one image.

    All three penalties use the same network: 784 → latent_dim → 784 with tied weights, so that each unit responds to
    its own atom, a column of the linear decoder. They differ in the encoder's activation and in what the loss adds to
    the mean squared error per pixel:

    - "l1": ReLU units; strength · Σ_j z_j / in_features, averaged over images. The strength is the cost of one unit of
      code, in units of summed squared error.
    - "kl": sigmoid units; strength · Σ_j KL(rho ‖ rho_hat_j) / in_features, where rho_hat_j is the mean activity of
      unit j over the batch.
    - "topk": ReLU units, of which the k largest are kept. The code has no penalty, but units that were inactive for 10
      batches are trained on the residual of the others (strength · their squared error); otherwise they would stay
      dead.

    Taught in notebooks/05_sparse.ipynb.

    Parameters
    ----------
    latent_dim : int
        Number of units; more than in_features makes the code overcomplete.
    penalty : {"l1", "kl", "topk"}
    strength : float, optional
        At least 0; by default 0.1 for "l1", 1 for "kl", 1/32 for "topk".
    rho : float
        The mean activity, strictly between 0 and 1, that "kl" asks of each unit.
    k : int
        How many units "topk" keeps active, from 1 to latent_dim.

    References
    ----------
    Olshausen & Field (1996); Ng (2011), CS294A lecture notes: sparse autoencoder; Makhzani & Frey (2014), k-sparse
    autoencoders; Gao et al. (2024), Scaling and evaluating sparse autoencoders (the training of dead units).
    """

    penalty: str = FromConfig()
    strength: float = FromConfig(adjustable=True)
    rho: float = FromConfig(adjustable=True)
    k: int = FromConfig(adjustable=True)
    pixels_in_unit_range = False

    def __init__(
        self,
        latent_dim: int = 1024,
        *,
        penalty: str = "l1",
        strength: float | None = None,
        rho: float = 0.05,
        k: int = 50,
        in_features: int = 784,
    ) -> None:
        check_choice("penalty", penalty, PENALTIES)
        strength = {"l1": 0.1, "kl": 1.0, "topk": 1 / 32}[penalty] if strength is None else strength
        config = SparseConfig(
            latent_dim=latent_dim, in_features=in_features, penalty=penalty, strength=strength, rho=rho, k=k
        )
        super().__init__(config)
        latent_dim, in_features = config.latent_dim, config.in_features
        self.decoder = Dictionary(latent_dim, in_features, unit_length=penalty != "kl")
        self.encoder_bias = nn.Parameter(torch.full((latent_dim,), -3.0 if penalty == "kl" else 0.0))
        self.register_buffer("steps_since_active", torch.zeros(latent_dim), persistent=False)

    def preactivation(self, x: torch.Tensor) -> torch.Tensor:
        """Return the input of each unit's activation function; (n, in_features) → (n, latent_dim)."""
        check_rows("x", x, self.in_features, model=self)
        return F.linear(x - self.decoder.bias, self.decoder.atoms.T, self.encoder_bias)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Return the activity of each unit, mostly 0 (near 0 for "kl"); (n, in_features) → (n, latent_dim)."""
        if self.penalty == "kl":
            return self.preactivation(x).sigmoid()
        z = self.preactivation(x).relu()
        return keep_largest(z, self.k) if self.penalty == "topk" else z

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """Return the bias plus the atoms, each weighted by its unit; (n, latent_dim) → (n, in_features)."""
        check_rows("z", z, self.latent_dim, model=self)
        return self.decoder(z)

    def active(self, z: torch.Tensor) -> torch.Tensor:
        """Whether each unit is active: above 0, or above 0.1 for the sigmoids of "kl"; same shape as z."""
        check_dense("z", z, "(n, latent_dim)")
        return z > (0.1 if self.penalty == "kl" else 0.0)

    def loss(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return {"total", "reconstruction": MSE per pixel, "penalty": what is added to it}."""
        z = self.encode(x)
        x_hat = self.decode(z)
        reconstruction = F.mse_loss(x_hat, x)
        if self.penalty == "l1":
            penalty = self.strength / self.in_features * z.sum(1).mean()
        elif self.penalty == "kl":
            penalty = self.strength / self.in_features * bernoulli_kl(self.rho, z.mean(0)).sum()
        else:
            penalty = self.strength * self._auxiliary_loss(x, z, (x - x_hat).detach())
        return {"total": reconstruction + penalty, "reconstruction": reconstruction, "penalty": penalty}

    def _auxiliary_loss(self, x: torch.Tensor, z: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
        """Return the squared error of the dead units' reconstruction of what the other units left over."""
        if not self.training:
            return torch.zeros((), device=x.device)
        self.steps_since_active = torch.where((z > 0).any(0), 0.0, self.steps_since_active + 1)
        dead = self.steps_since_active > DEAD_AFTER
        if not dead.any():
            return torch.zeros((), device=x.device)
        z_dead = keep_largest(self.preactivation(x)[:, dead], self.k)  # no ReLU: its gradient is 0 below 0
        return F.mse_loss(F.linear(z_dead, self.decoder.atoms[:, dead]), residual)


def keep_largest(z: torch.Tensor, k: int) -> torch.Tensor:
    """Keep the k largest numbers of each row and set the others to 0; (n, d) → (n, d)."""
    values, places = z.topk(min(k, z.shape[1]), dim=1, sorted=False)
    return torch.zeros_like(z).scatter(1, places, values)


def bernoulli_kl(rho: float, rho_hat: torch.Tensor) -> torch.Tensor:
    """Return KL(ρ‖ρ̂) = ρ log(ρ/ρ̂) + (1 − ρ) log((1 − ρ)/(1 − ρ̂)) of two Bernoulli distributions, in nats."""
    rho_hat = rho_hat.clamp(1e-6, 1 - 1e-6)
    return rho * (rho / rho_hat).log() + (1 - rho) * ((1 - rho) / (1 - rho_hat)).log()
