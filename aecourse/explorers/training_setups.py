"""What a training panel trains, for each family: one setting, and a network for every value of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from aecourse.data import CORRUPTIONS, PIXELS, SIDE, corrupt, seven_segment_digits
from aecourse.models import (
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    DenseAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
    VariationalAutoencoder,
)
from aecourse.models.denoising import DEFAULT_STRENGTHS

STICKS = (  # top, bottom, left, right of each
    (2, 4, 8, 20), (4, 13, 20, 22), (15, 24, 20, 22), (24, 26, 8, 20), (15, 24, 6, 8), (4, 13, 6, 8), (13, 15, 8, 20),
)  # fmt: skip


@dataclass(frozen=True)
class TrainingSetup:
    """What is trained: a network for every value of one setting.

    Attributes
    ----------
    label : what the setting is called
    value : where it starts
    options : its values in order
    build : the untrained network for a value of the setting
    name : what to call a network, by its settings
    loss : what its loss measures, with the unit
    damaged : what the network is shown of images, for a value of the setting; None means the images themselves
    epochs, lr : where their controls start
    things : what is learnt instead of the digits, few rows again and again; (n, d)
    paint : draws such rows; (n, d) → (n, 784)
    verdict : what to say of a network instead of its error on the test digits
    """

    label: str
    value: object
    options: Sequence[object]
    build: Callable[..., Autoencoder]
    name: Callable[[Autoencoder], str]
    loss: str = "MSE per pixel"
    damaged: Callable[[torch.Tensor, object], torch.Tensor] | None = None
    epochs: int = 5
    lr: float = 0.003
    things: torch.Tensor | None = None
    paint: Callable[[torch.Tensor], torch.Tensor] | None = None
    verdict: Callable[[Autoencoder], str] | None = None


def dense_setup(latent_dim: int) -> TrainingSetup:
    """Dense autoencoders with a slider for the size of the code."""
    return TrainingSetup(
        label="numbers in the code, k",
        value=latent_dim,
        options=range(1, 65),
        build=lambda k: DenseAutoencoder(k, hidden=(256,)),
        name=lambda model: f"784 → 256 → {model.latent_dim} → 256 → 784",
    )


def matchstick_setup(latent_dim: int) -> TrainingSetup:
    """The smallest autoencoder, 7 → k → 7, for ten digits that are laid from seven matchsticks."""
    x = seven_segment_digits()  # (10, 7)

    def verdict(model: Autoencoder) -> str:
        whole = ((model(x) > 0.5) == (x > 0.5)).all(1).sum()
        return f"{whole} of the 10 digits come back whole"

    return TrainingSetup(
        label="numbers in the code, k",
        value=latent_dim,
        options=range(1, 8),
        build=_matchstick_network,
        name=lambda model: f"7 → {model.latent_dim} → 7",
        loss="MSE per matchstick",
        epochs=20,
        lr=0.03,
        things=x,
        paint=lambda rows: rows @ matchsticks(),
        verdict=verdict,
    )


def _matchstick_network(latent_dim: int) -> Autoencoder:
    model = Autoencoder(latent_dim=latent_dim, in_features=7)
    model.encoder = nn.Sequential(nn.Linear(7, latent_dim), nn.Tanh())
    model.decoder = nn.Sequential(nn.Linear(latent_dim, 7), nn.Sigmoid())
    return model


def matchsticks() -> torch.Tensor:
    """Return a picture of each of a calculator's seven matchsticks, as in notebooks/01_compression.ipynb; (7, 784)."""
    sticks = torch.zeros(7, SIDE, SIDE)
    for stick, (top, bottom, left, right) in zip(sticks, STICKS, strict=True):
        stick[top:bottom, left:right] = 1
    return sticks.view(7, PIXELS)


def stack_setup() -> TrainingSetup:
    """A stack of one to three layers, trained all at once from random initial weights."""
    sizes = (784, 256, 128, 32)
    return TrainingSetup(
        label="layers, trained together",
        value=3,
        options=(1, 2, 3),
        build=lambda depth: StackedAutoencoder(32, depth=depth),
        name=lambda model: " → ".join(str(size) for size in (*sizes[: model.depth + 1], *sizes[: model.depth][::-1])),
    )


def sparse_setup(penalty: str) -> TrainingSetup:
    """A sparse autoencoder whose penalty weight, target activity or number of active units can be chosen."""
    options, word, argument = {
        "l1": ((0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0), "L1 penalty, λ", "strength"),
        "kl": ((0.01, 0.02, 0.05, 0.1, 0.2), "asked mean activity, ρ", "rho"),
        "topk": ((5, 10, 25, 50, 100, 200), "units that stay active, k", "k"),
    }[penalty]
    return TrainingSetup(
        label=word,
        value=options[3],
        options=options,
        build=lambda value: SparseAutoencoder(512, penalty=penalty, **{argument: value}),
        name=lambda model: f"784 → 512 → 784, {penalty} {getattr(model, argument):g}",
        loss="MSE per pixel + penalty",
    )


def repair_setup() -> TrainingSetup:
    """A denoising autoencoder for one kind of damage."""
    return TrainingSetup(
        label="damage to learn from",
        value="gaussian",
        options=tuple(CORRUPTIONS),
        build=lambda noise: DenoisingAutoencoder(128, hidden=(256,), noise=noise),
        name=lambda model: f"784 → 256 → 128 → 256 → 784, {model.noise} {model.strength:g}",
        loss="MSE per pixel after damage",
        damaged=lambda x, noise: corrupt(x, noise, DEFAULT_STRENGTHS[noise], seed=0),
    )


def contraction_setup() -> TrainingSetup:
    """A contractive autoencoder for one weight of the penalty on its Jacobian."""
    return TrainingSetup(
        label="penalty on the Jacobian, λ",
        value=0.1,
        options=(0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
        build=lambda strength: ContractiveAutoencoder(256, strength=strength),
        name=lambda model: f"784 → 256 → 784, λ = {model.strength:g}",
        loss="MSE per pixel + penalty",
    )


def generator_setup() -> TrainingSetup:
    """A variational autoencoder with two code numbers, for one weight of the KL divergence."""
    return TrainingSetup(
        label="weight of the KL divergence, β",
        value=1.0,
        options=(0.0, 0.1, 0.3, 1.0, 3.0, 10.0),
        build=lambda beta: VariationalAutoencoder(2, hidden=(256,), beta=beta),
        name=lambda model: f"784 → 256 → 2 → 256 → 784, β = {model.beta:g}",
        loss="nats per image",
    )
