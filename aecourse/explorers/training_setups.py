"""What a TrainingExplorer trains, for each family: one control, and a network for every value of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ipywidgets as widgets
import torch

from aecourse.data import CORRUPTIONS, corrupt
from aecourse.explorers.base.controls import with_number_box
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

WIDE = {"style": {"description_width": "initial"}, "layout": {"flex": "1 1 300px"}}


@dataclass(frozen=True)
class TrainingSetup:
    """What a TrainingExplorer trains: a network for every value of one control.

    Attributes
    ----------
    setting : the control, a widget with a `value`
    build : the untrained network for a value of the setting
    name : what to call a network, by its settings
    control : the box around the setting, if it stands in one
    loss : what its loss measures, with the unit
    seen : what the network is shown of the ten digits, and what its row is called
    """

    setting: widgets.Widget
    build: Callable[..., Autoencoder]
    name: Callable[[Autoencoder], str]
    control: widgets.Widget | None = None
    loss: str = "MSE per pixel"
    seen: tuple[str, Callable[[torch.Tensor], torch.Tensor]] = ("original", lambda x: x)


def dense_setup(latent_dim: int) -> TrainingSetup:
    """Dense autoencoders with a slider for the size of the code."""
    slider = widgets.IntSlider(latent_dim, 1, 64)
    return TrainingSetup(
        setting=slider,
        control=with_number_box(slider, "numbers in the code, k"),
        build=lambda k: DenseAutoencoder(k, hidden=(256,)),
        name=lambda model: f"784 → 256 → {model.latent_dim} → 256 → 784",
    )


def stack_setup() -> TrainingSetup:
    """A stack of one to three layers, trained all at once from its random start."""
    depth = widgets.SelectionSlider(options=[1, 2, 3], value=3, description="layers, trained together", **WIDE)
    sizes = (784, 256, 128, 32)
    return TrainingSetup(
        setting=depth,
        build=lambda depth: StackedAutoencoder(32, depth=depth),
        name=lambda model: " → ".join(str(size) for size in (*sizes[: model.depth + 1], *sizes[: model.depth][::-1])),
    )


def sparse_setup(penalty: str) -> TrainingSetup:
    """A sparse autoencoder with the price, the target or the number of awake units to choose."""
    options, word, argument = {
        "l1": ([0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0], "price of activity, λ", "strength"),
        "kl": ([0.01, 0.02, 0.05, 0.1, 0.2], "asked mean activity, ρ", "rho"),
        "topk": ([5, 10, 25, 50, 100, 200], "units that stay awake, k", "k"),
    }[penalty]
    setting = widgets.SelectionSlider(options=options, value=options[3], description=word, **WIDE)
    return TrainingSetup(
        setting=setting,
        build=lambda value: SparseAutoencoder(512, penalty=penalty, **{argument: value}),
        name=lambda model: f"784 → 512 → 784, {penalty} {getattr(model, argument):g}",
        loss="MSE per pixel + penalty",
    )


def repair_setup() -> TrainingSetup:
    """A denoising autoencoder for one kind of damage."""
    noise = widgets.Dropdown(options=list(CORRUPTIONS), description="damage to learn from", **WIDE)

    def damaged(x: torch.Tensor) -> torch.Tensor:
        return corrupt(x, noise.value, DEFAULT_STRENGTHS[noise.value], seed=0)

    return TrainingSetup(
        setting=noise,
        build=lambda noise: DenoisingAutoencoder(128, hidden=(256,), noise=noise),
        name=lambda model: f"784 → 256 → 128 → 256 → 784, {model.noise} {model.strength:g}",
        loss="MSE per pixel after damage",
        seen=("damaged", damaged),
    )


def contraction_setup() -> TrainingSetup:
    """A contractive autoencoder for one price of its Jacobian."""
    strength = widgets.SelectionSlider(
        options=[0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0], value=0.1, description="price of the Jacobian, λ", **WIDE
    )
    return TrainingSetup(
        setting=strength,
        build=lambda strength: ContractiveAutoencoder(256, strength=strength),
        name=lambda model: f"784 → 256 → 784, λ = {model.strength:g}",
        loss="MSE per pixel + penalty",
    )


def generator_setup() -> TrainingSetup:
    """A variational autoencoder with two code numbers, for one weight of the KL divergence."""
    beta = widgets.SelectionSlider(
        options=[0.0, 0.1, 0.3, 1.0, 3.0, 10.0], value=1.0, description="weight of the KL divergence, β", **WIDE
    )
    return TrainingSetup(
        setting=beta,
        build=lambda beta: VariationalAutoencoder(2, hidden=(256,), beta=beta),
        name=lambda model: f"784 → 256 → 2 → 256 → 784, β = {model.beta:g}",
        loss="nats per image",
    )
