"""The contractive autoencoder: a penalty on the encoder's Jacobian makes the code change little when the image does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.func import jacrev, vmap
from torch.nn import functional as F

from aecourse.checks import check_choice, check_number, check_whole
from aecourse.models.base import MOST, Autoencoder, Config, FromConfig, check_rows, check_sizes, stack_layers

ESTIMATORS = ("closed", "hutchinson")


@dataclass(frozen=True, kw_only=True)
class ContractiveConfig(Config):
    """See `ContractiveAutoencoder`."""

    strength: float
    hidden: tuple[int, ...]
    estimator: str

    def __post_init__(self) -> None:
        super().__post_init__()
        self._keep(strength=check_number("strength", self.strength), hidden=check_sizes("hidden", self.hidden))
        check_choice("estimator", self.estimator, ESTIMATORS)
        if self.estimator == "closed" and self.hidden:
            raise ValueError("estimator 'closed' exists for one layer only; with hidden layers use 'hutchinson'")


class ContractiveAutoencoder(Autoencoder):
    """784 → latent_dim sigmoid units → 784, penalised for how fast the code changes with the input.

    total = ‖x_hat − x‖² / in_features + strength · ‖J‖²_F / in_features, averaged over images, where J = ∂f(x)/∂x is
    (latent_dim, in_features): the derivative with respect to the input, not the weights. All layers have sigmoid
    activations. Taught in notebooks/07_contractive.ipynb.

    Parameters
    ----------
    latent_dim : int
        Number of sigmoid units in the code.
    strength : float
        λ, the weight of the penalty, at least 0.
    hidden : sequence of int
        Layers between input and code, mirrored in the decoder; none in the original network.
    estimator : {"closed", "hutchinson"}, optional
        How the loss computes the penalty. "closed" is exact and nearly free but exists for one layer only (the default
        there); "hutchinson" (the default with hidden layers) is unbiased and costs a second backward pass.

    References
    ----------
    Rifai, Vincent, Muller, Glorot & Bengio (2011), Contractive auto-encoders: explicit invariance during feature
    extraction; Hutchinson (1990), A stochastic estimator of the trace of the influence matrix.
    """

    strength: float = FromConfig(adjustable=True)

    def __init__(
        self,
        latent_dim: int = 256,
        *,
        strength: float = 0.1,
        hidden: Sequence[int] = (),
        in_features: int = 784,
        estimator: str | None = None,
    ) -> None:
        hidden = check_sizes("hidden", hidden)
        estimator = estimator if estimator is not None else ("hutchinson" if hidden else "closed")
        config = ContractiveConfig(
            latent_dim=latent_dim, in_features=in_features, strength=strength, hidden=hidden, estimator=estimator
        )
        super().__init__(config)
        sizes = (config.in_features, *config.hidden, config.latent_dim)
        self.encoder = nn.Sequential(*stack_layers(sizes, "sigmoid"))
        self.decoder = nn.Sequential(*stack_layers(sizes[::-1], "sigmoid"))

    def contraction(self, x: torch.Tensor) -> torch.Tensor:
        """Return ‖J‖²_F of each image by this model's estimator; (n, in_features) → (n,)."""
        if self.config.estimator == "hutchinson":
            return self.hutchinson(x)
        return self.closed_form(x, self.encode(x))

    def closed_form(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """Return ‖J‖²_F = Σ_j (z_j (1 − z_j))² Σ_i W_ji² of one sigmoid layer z = σ(Wx + b); (n, latent_dim) → (n,)."""
        check_rows("x", x, self.in_features, model=self)
        check_rows("z", z, self.latent_dim, model=self)
        if len(self.encoder) != 2:
            raise ValueError("the closed form exists for an encoder of one layer only; use jacobian or hutchinson")
        return (z * (1 - z)).square() @ self.encoder[0].weight.square().sum(1)

    def jacobian(self, x: torch.Tensor) -> torch.Tensor:
        """Return ∂f(x)/∂x of each image, exactly, by `torch.func`; (n, in_features) → (n, latent_dim, in_features)."""
        with torch.no_grad():
            check_rows("x", x, self.in_features, model=self)
        return vmap(jacrev(self.encoder))(x.clone())  # a copy: x may be an inference tensor

    def hutchinson(self, x: torch.Tensor, *, probes: int = 1) -> torch.Tensor:
        """Estimate ‖J‖²_F, unbiased: the mean of ‖vᵀJ‖² over random ±1 vectors v (`probes` of them); (n, …) → (n,)."""
        probes = check_whole("probes", probes, maximum=MOST)
        check_rows("x", x, self.in_features)
        with_grad = torch.is_grad_enabled()
        with torch.inference_mode(False), torch.enable_grad():  # also where gradients are switched off
            x = x.detach().clone().requires_grad_()
            z = self.encode(x)
            total = torch.zeros(len(x), device=x.device, dtype=x.dtype)
            for _ in range(probes):
                v = torch.randint(0, 2, z.shape, device=z.device).to(z.dtype) * 2 - 1
                (vjp,) = torch.autograd.grad(z, x, v, retain_graph=True, create_graph=with_grad)
                total = total + vjp.square().sum(1)
        return total / probes if with_grad else total.detach() / probes

    def loss(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return {"total", "reconstruction": MSE per pixel, "contraction": mean ‖J‖²_F}."""
        z = self.encode(x)
        reconstruction = F.mse_loss(self.decode(z), x)
        closed = self.config.estimator == "closed"
        contraction = (self.closed_form(x, z) if closed else self.hutchinson(x)).mean()
        total = reconstruction + self.strength / self.in_features * contraction
        return {"total": total, "reconstruction": reconstruction, "contraction": contraction}
