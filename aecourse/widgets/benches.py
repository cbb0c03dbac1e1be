"""What `train it yourself` trains in each family's explorer: one control, and a network for every value of it."""

from __future__ import annotations

import ipywidgets as widgets
import torch

from aecourse.data import CORRUPTIONS, corrupt
from aecourse.models import (
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
    VariationalAutoencoder,
)
from aecourse.models.denoising import EVERYDAY
from aecourse.widgets.trainer import Bench

WIDE = {"style": {"description_width": "initial"}, "layout": {"flex": "1 1 300px"}}


def stack_bench() -> Bench:
    """a stack of one to three layers, trained all at once from its random start"""
    depth = widgets.SelectionSlider(options=[1, 2, 3], value=3, description="layers, trained together", **WIDE)
    sizes = (784, 256, 128, 32)
    return Bench(
        setting=depth,
        control=depth,
        build=lambda depth: StackedAutoencoder(32, depth=depth),
        name=lambda model: " → ".join(str(size) for size in (*sizes[: model.depth + 1], *sizes[: model.depth][::-1])),
    )


def sparse_bench(penalty: str) -> Bench:
    """a sparse autoencoder with the price, the target or the number of awake units to choose"""
    options, word, argument = {
        "l1": ([0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0], "price of activity, λ", "strength"),
        "kl": ([0.01, 0.02, 0.05, 0.1, 0.2], "asked mean activity, ρ", "rho"),
        "topk": ([5, 10, 25, 50, 100, 200], "units that stay awake, k", "k"),
    }[penalty]
    setting = widgets.SelectionSlider(options=options, value=options[3], description=word, **WIDE)
    return Bench(
        setting=setting,
        control=setting,
        build=lambda value: SparseAutoencoder(512, penalty=penalty, **{argument: value}),
        name=lambda model: f"784 → 512 → 784, {penalty} {getattr(model, argument):g}",
        loss="MSE per pixel + penalty",
    )


def repair_bench() -> Bench:
    """a denoising autoencoder for one kind of damage"""
    noise = widgets.Dropdown(options=list(CORRUPTIONS), description="damage to learn from", **WIDE)

    def damaged(x: torch.Tensor) -> torch.Tensor:
        return corrupt(x, noise.value, EVERYDAY[noise.value], seed=0)

    return Bench(
        setting=noise,
        control=noise,
        build=lambda noise: DenoisingAutoencoder(128, hidden=(256,), noise=noise),
        name=lambda model: f"784 → 256 → 128 → 256 → 784, {model.noise} {model.strength:g}",
        loss="MSE per pixel after damage",
        seen=("damaged", damaged),
    )


def contraction_bench() -> Bench:
    """a contractive autoencoder for one price of its Jacobian"""
    strength = widgets.SelectionSlider(
        options=[0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0], value=0.1, description="price of the Jacobian, λ", **WIDE
    )
    return Bench(
        setting=strength,
        control=strength,
        build=lambda strength: ContractiveAutoencoder(256, strength=strength),
        name=lambda model: f"784 → 256 → 784, λ = {model.strength:g}",
        loss="MSE per pixel + penalty",
    )


def generator_bench() -> Bench:
    """a variational autoencoder with two code numbers, for one weight of the KL divergence"""
    beta = widgets.SelectionSlider(
        options=[0.0, 0.1, 0.3, 1.0, 3.0, 10.0], value=1.0, description="weight of the KL divergence, β", **WIDE
    )
    return Bench(
        setting=beta,
        control=beta,
        build=lambda beta: VariationalAutoencoder(2, hidden=(256,), beta=beta),
        name=lambda model: f"784 → 256 → 2 → 256 → 784, β = {model.beta:g}",
        loss="nats per image",
    )
