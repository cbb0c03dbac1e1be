"""Autoencoders of fully connected layers: the plain one, the linear one, and one whose code is ordered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from aecourse.checks import check_choice, check_flag, check_whole
from aecourse.models.base import (
    ACTIVATIONS,
    Autoencoder,
    Config,
    check_alike,
    check_dense,
    check_rows,
    check_sizes,
    cross_entropy,
    stack_layers,
)


@dataclass(frozen=True, kw_only=True)
class DenseConfig(Config):
    """See `DenseAutoencoder`."""

    hidden: tuple[int, ...]
    activation: str
    output: str
    objective: str
    batch_norm: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        self._keep(hidden=check_sizes("hidden", self.hidden))
        check_choice("activation", self.activation, tuple(ACTIVATIONS))
        check_choice("output", self.output, ("sigmoid", "linear"))
        check_choice("objective", self.objective, ("mse", "bce"))
        self._keep(batch_norm=check_flag("batch_norm", self.batch_norm))
        if self.objective == "bce" and self.output != "sigmoid":
            raise ValueError(
                f"objective 'bce' needs output 'sigmoid', a probability per pixel; got output {self.output!r}"
            )


class DenseAutoencoder(Autoencoder):
    """Fully connected autoencoder: 784 → hidden → latent_dim → hidden reversed → 784.

    The code has no activation, which would only restrict it: on MNIST with 64 code numbers, a ReLU there gives about
    1.5 times the error and a sigmoid 4 times. Taught in notebooks/01_compression.ipynb.

    Parameters
    ----------
    latent_dim : int
        Size of the code.
    hidden : sequence of int
        Sizes of the layers between input and code, input side first; the decoder mirrors them.
    activation : {"gelu", "relu", "sigmoid", "tanh", "linear"}
        Follows every hidden layer.
    output : {"sigmoid", "linear"}
        Follows the last layer; "sigmoid" keeps x_hat in [0, 1] and expects x there too.
    objective : {"mse", "bce"}
        Mean squared error, or binary cross-entropy (needs output="sigmoid"), both averaged over pixels.
    batch_norm : bool
        Normalise each hidden layer over the batch (Ioffe & Szegedy 2015).

    References
    ----------
    Rumelhart, Hinton & Williams (1986), Learning internal representations by error propagation; Hinton & Salakhutdinov
    (2006), Reducing the dimensionality of data with neural networks.
    """

    Config = DenseConfig  # a subclass with more settings names its own config

    def __init__(
        self,
        latent_dim: int = 32,
        *,
        hidden: Sequence[int] = (512,),
        in_features: int = 784,
        activation: str = "gelu",
        output: str = "sigmoid",
        objective: str = "mse",
        batch_norm: bool = False,
        **more,
    ) -> None:
        config = self.Config(
            latent_dim=latent_dim, hidden=hidden, in_features=in_features, activation=activation, output=output,
            objective=objective, batch_norm=batch_norm, **more,
        )  # fmt: skip
        super().__init__(config)
        sizes, mirrored = (config.in_features, *config.hidden), (config.latent_dim, *reversed(config.hidden))
        self.encoder = nn.Sequential(
            *stack_layers(sizes, activation, batch_norm=batch_norm), nn.Linear(sizes[-1], config.latent_dim)
        )
        self.decoder = nn.Sequential(
            *stack_layers(mirrored, activation, batch_norm=batch_norm),
            nn.Linear(mirrored[-1], config.in_features),
            ACTIVATIONS[output](),
        )

    @property
    def pixels_in_unit_range(self) -> bool:
        """Whether x_hat, and therefore x, lies in [0, 1]."""
        return self.config.output == "sigmoid"

    def loss(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return {"total": the objective}, averaged over pixels and images."""
        return {"total": self.distance(self(x), x)}

    def distance(self, x_hat: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Return the value of this model's objective for x_hat and x, a scalar."""
        for name, part in (("x_hat", x_hat), ("x", x)):
            check_dense(name, part, "(n, in_features)")
        check_alike(x, x_hat)
        return cross_entropy(x_hat, x) if self.config.objective == "bce" else F.mse_loss(x_hat, x)


class LinearAutoencoder(Autoencoder):
    """Linear autoencoder 784 → latent_dim → 784, without activations: PCA by gradient descent.

    Taught in notebooks/03_undercomplete_vs_pca.ipynb.

    References
    ----------
    Baldi & Hornik (1989), Neural networks and principal component analysis: learning from examples without local
    minima; Bourlard & Kamp (1988), Auto-association by multilayer perceptrons and singular value decomposition.
    """

    pixels_in_unit_range = False

    def __init__(self, latent_dim: int = 32, *, in_features: int = 784) -> None:
        super().__init__(Config(latent_dim=latent_dim, in_features=in_features))
        self.encoder = nn.Linear(self.in_features, self.latent_dim)
        self.decoder = nn.Linear(self.latent_dim, self.in_features)


class NestedAutoencoder(DenseAutoencoder):
    """A dense autoencoder whose code is ordered: its first k numbers alone give a good image, for every k.

    During training, each image keeps a random number k of its leading code numbers; the others are set to 0. A small k
    is drawn more often than a large one (P(k) ∝ 1/k). Taught in notebooks/03_undercomplete_vs_pca.ipynb.

    References
    ----------
    Rippel, Gelbart & Adams (2014), Learning ordered representations with nested dropout.
    """

    ordered = True

    def __init__(self, latent_dim: int = 64, *, in_features: int = 784, **options) -> None:
        in_features = check_whole("in_features", in_features)
        super().__init__(check_whole("latent_dim", latent_dim, maximum=in_features), in_features=in_features, **options)

    def encode(self, x: torch.Tensor, k: int | None = None) -> torch.Tensor:
        """Return the first k numbers of the code (by default all); (n, in_features) → (n, k)."""
        k = self.latent_dim if k is None else check_whole("k", k, maximum=self.latent_dim)
        return super().encode(x)[:, :k]

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """Return the image of each code, or of its leading numbers; (n, k ≤ latent_dim) → (n, in_features)."""
        if isinstance(z, torch.Tensor) and z.ndim == 2 and 0 < z.shape[1] < self.latent_dim:
            check_rows("z", z, model=self)
            z = F.pad(z, (0, self.latent_dim - z.shape[1]))  # the missing codes are zeros, as in training
        return super().decode(z)

    def loss(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return {"total": the objective}, in training mode after nested dropout of the code."""
        z = self.encode(x)
        if self.training:
            order = torch.arange(1, self.latent_dim + 1, device=z.device)
            kept = torch.multinomial(1 / order, len(z), replacement=True) + 1  # (n,)
            z = z * (order <= kept[:, None])
        return {"total": self.distance(self.decode(z), x)}
