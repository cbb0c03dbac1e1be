"""Many units, few awake: three ways to ask for a sparse code."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from aecourse.checks import check_choice, check_number, check_whole
from aecourse.models.base import Autoencoder, Config, FromConfig, check_rows

PENALTIES = ("l1", "kl", "topk")
PATIENCE = 10  # batches without a single use after which a unit counts as dead and is offered what the others missed


@dataclass(frozen=True, kw_only=True)
class SparseConfig(Config):
    """see `SparseAutoencoder`"""

    penalty: str
    strength: float
    rho: float
    k: int

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("penalty", self.penalty, PENALTIES)
        self._keep(
            strength=check_number("strength", self.strength),
            rho=check_number("rho", self.rho, most=1, open_ends=True),
            k=check_whole("k", self.k, most=self.latent_dim if self.penalty == "topk" else None),
        )


class Dictionary(nn.Module):
    """a linear decoder; its columns, the atoms, all have length 1 where `unit_length` asks for it

    Without that, an L1 penalty is cheated for free: halve every code, double every atom.
    """

    def __init__(self, latent_dim: int, in_features: int, *, unit_length: bool) -> None:
        super().__init__()
        self.unit_length = unit_length
        self.weight = nn.Parameter(F.normalize(torch.randn(in_features, latent_dim), dim=0))
        self.bias = nn.Parameter(torch.zeros(in_features))

    @property
    def atoms(self) -> torch.Tensor:
        """what each unit draws, a column each; (in_features, latent_dim)"""
        return F.normalize(self.weight, dim=0) if self.unit_length else self.weight

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """x_hat = bias + Σ_j z_j · atom_j"""
        return F.linear(z, self.atoms, self.bias)


class SparseAutoencoder(Autoencoder):
    """more units than pixels, but few of them awake for any one image; the code is a sum of a few atoms

    Same net for all three penalties: 784 → latent_dim → 784 with tied weights, so that each unit looks for what it
    draws: its atom, a column of the linear decoder. What differs is the encoder's activation and what the loss adds
    to the mean squared error per pixel:

    - "l1": ReLU units; strength · Σ_j z_j / in_features, averaged over images. Strength is the price of a unit of
      code against a unit of summed squared error.
    - "kl": sigmoid units; strength · Σ_j KL(rho ‖ rho_hat_j) / in_features, where
      rho_hat_j is unit j's mean activity over the batch.
    - "topk": ReLU units of which the k largest stay; nothing to pay, but units that slept through 10 batches are
      trained on what the others left over (strength · their squared error), or they would stay dead for ever.

    Taught in notebooks/05_sparse.ipynb.

    Parameters
    ----------
    latent_dim : int
        Number of units; more than in_features makes the code overcomplete.
    penalty : "l1", "kl" or "topk"
    strength : float, at least 0
        Default 0.1 for "l1", 1 for "kl", 1/32 for "topk".
    rho : float strictly between 0 and 1
        The mean activity "kl" asks of each unit.
    k : int from 1 to latent_dim
        How many units "topk" leaves awake.

    References
    ----------
    Olshausen & Field (1996); Ng (2011), CS294A lecture notes: sparse autoencoder; Makhzani & Frey (2014), k-sparse
    autoencoders; Gao et al. (2024), Scaling and evaluating sparse autoencoders (the cure for dead units).
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
        self.register_buffer("asleep", torch.zeros(latent_dim), persistent=False)  # batches since last awake

    def preactivation(self, x: torch.Tensor) -> torch.Tensor:
        """what each unit sees before its activation; (n, in_features) → (n, latent_dim)"""
        return F.linear(x - self.decoder.bias, self.decoder.atoms.T, self.encoder_bias)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """how strongly each unit is awake, mostly 0 (near 0 for "kl"); (n, in_features) → (n, latent_dim)"""
        check_rows("x", x, self.in_features)
        if self.penalty == "kl":
            return self.preactivation(x).sigmoid()
        z = self.preactivation(x).relu()
        return keep_largest(z, self.k) if self.penalty == "topk" else z

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """the sum of the atoms, each as strong as its unit; (n, latent_dim) → (n, in_features)"""
        check_rows("z", z, self.latent_dim)
        return self.decoder(z)

    def awake(self, z: torch.Tensor) -> torch.Tensor:
        """which units count as awake, True or False; above 0, for the sigmoids of "kl" above 0.1; (n, latent_dim)"""
        return z > (0.1 if self.penalty == "kl" else 0.0)

    def loss(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """{"total", "reconstruction": MSE per pixel, "penalty": what it adds}"""
        z = self.encode(x)
        x_hat = self.decode(z)
        reconstruction = F.mse_loss(x_hat, x)
        if self.penalty == "l1":
            penalty = self.strength / self.in_features * z.sum(1).mean()
        elif self.penalty == "kl":
            penalty = self.strength / self.in_features * bernoulli_kl(self.rho, z.mean(0)).sum()
        else:
            penalty = self.strength * self._wake_up(x, z, (x - x_hat).detach())
        return {"total": reconstruction + penalty, "reconstruction": reconstruction, "penalty": penalty}

    def _wake_up(self, x: torch.Tensor, z: torch.Tensor, missed: torch.Tensor) -> torch.Tensor:
        """the squared error with which units that have long been asleep draw what the others missed"""
        if not self.training:
            return torch.zeros((), device=x.device)
        self.asleep = torch.where((z > 0).any(0), 0.0, self.asleep + 1)
        dead = self.asleep > PATIENCE
        if not dead.any():
            return torch.zeros((), device=x.device)
        spare = keep_largest(self.preactivation(x)[:, dead], self.k)  # no ReLU: below 0 it would pass on no gradient
        return F.mse_loss(F.linear(spare, self.decoder.atoms[:, dead]), missed)


def keep_largest(z: torch.Tensor, k: int) -> torch.Tensor:
    """each row's k largest numbers, all others 0; (n, d) → (n, d)"""
    values, places = z.topk(min(k, z.shape[1]), dim=1, sorted=False)
    return torch.zeros_like(z).scatter(1, places, values)


def bernoulli_kl(rho: float, rho_hat: torch.Tensor) -> torch.Tensor:
    """KL(ρ‖ρ̂) = ρ log(ρ/ρ̂) + (1 − ρ) log((1 − ρ)/(1 − ρ̂)) in nats, between the chances of two coins"""
    rho_hat = rho_hat.clamp(1e-6, 1 - 1e-6)
    return rho * (rho / rho_hat).log() + (1 - rho) * ((1 - rho) / (1 - rho_hat)).log()
