"""Small models, the same each time, and some of them written out in NumPy or torch.distributions."""

from __future__ import annotations

import numpy as np
import torch
from helpers.strategies import numpy_of
from scipy.special import expit
from torch.distributions import Bernoulli, Independent, Normal

from aecourse.models import SparseAutoencoder, StackedAutoencoder, VariationalAutoencoder


def small_stack(depth: int = 3, *, activation: str = "gelu") -> StackedAutoencoder:
    """12 → 8 → 6 → 3, the same each time."""
    torch.manual_seed(0)
    return StackedAutoencoder(3, hidden=(8, 6), in_features=12, activation=activation, depth=depth)


def small_sparse(penalty: str, **options) -> SparseAutoencoder:
    """12 pixels, 20 units, the same each time, with biases that no constructor gives."""
    torch.manual_seed(0)
    model = SparseAutoencoder(20, penalty=penalty, in_features=12, **{"k": 3, **options})
    with torch.no_grad():
        model.decoder.bias.normal_(0, 0.1)
        model.decoder.weight.mul_(1 + torch.rand(20))
        model.encoder_bias.normal_(0, 0.1)
    return model


def sparse_by_hand(model: SparseAutoencoder, x: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Code and reconstruction in NumPy."""
    atoms, bias, rows = numpy_of(model.decoder.weight), numpy_of(model.decoder.bias), numpy_of(x)
    if model.penalty != "kl":
        atoms = atoms / np.linalg.norm(atoms, axis=0)
    z = (rows - bias) @ atoms + numpy_of(model.encoder_bias)
    z = expit(z) if model.penalty == "kl" else np.maximum(z, 0)
    if model.penalty == "topk":
        z[z < np.sort(z, axis=1)[:, [-model.k]]] = 0
    return z, z @ atoms.T + bias


def small_vae(latent_dim: int = 3, features: int = 12, **options) -> VariationalAutoencoder:
    """A small one in float64, far enough from zero for its bounds to matter."""
    torch.manual_seed(0)
    model = VariationalAutoencoder(latent_dim, hidden=(8,), in_features=features, **options).double()
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(3)
    return model


def p_x_given_z(model: VariationalAutoencoder, z: torch.Tensor) -> Independent:
    """The decoder's answer as torch knows it."""
    x_hat = model.decode(z)
    return Independent(Bernoulli(x_hat) if model.likelihood == "bernoulli" else Normal(x_hat, model.sigma), 1)
