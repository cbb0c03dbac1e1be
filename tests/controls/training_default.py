"""Compare the default settings of `fit` with other common training loops: every family at five budgets.

Every family and budget is trained on 11,000 digits, as many as a lesson uses, and some of them on all 55,000. Judged on
validation digits. The loops of others train with a constant learning rate: pytorch/examples' VAE (Adam, 1e-3, batches
of 128), Chollet's autoencoders in Keras (2016; 1e-3, 256) and scikit-learn's MLPRegressor (1e-3, 200). `make bench
ONLY=default` shows the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from bench import Control, Numbers

from aecourse.models import (
    Autoencoder,
    ContractiveAutoencoder,
    ConvAutoencoder,
    DenoisingAutoencoder,
    DenseAutoencoder,
    NestedAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
    VariationalAutoencoder,
)
from aecourse.training import mean_loss
from aecourse.training.loop import BETAS
from aecourse.training.settings import trapezoid
from aecourse.zoo import load_split

BUDGETS = (1, 3, 5, 10, 20)  # epochs
FEW, ALL = 11_000, 55_000  # digits to fit: a lesson's, and a shipped network's
AT_FULL_SIZE = {  # five hours for every family; these families cover every kind of layer and of objective
    1: ("dense", "batch norm", "variational", "denoising", "contractive", "nested"),
    3: ("dense", "variational", "denoising", "sparse, L1", "convolutional"),
    20: ("dense", "batch norm", "contractive"),
}


@dataclass(frozen=True)
class Loop:
    """One way to train with Adam; without a schedule the learning rate stays as it is."""

    batch_size: int
    lr: float
    betas: tuple[float, float] = (0.9, 0.999)
    schedule: str = "constant"


OURS = Loop(64, 3e-3, BETAS, "trapezoid")
LOOPS = {
    "ours": OURS,
    "pytorch/examples": Loop(128, 1e-3),
    "Keras": Loop(256, 1e-3),
    "scikit-learn": Loop(200, 1e-3),
    "ours, rate × 3": replace(OURS, lr=3 * OURS.lr),
}
FAMILIES: dict[str, Callable[[], Autoencoder]] = {
    "dense": lambda: DenseAutoencoder(32, hidden=(256,)),
    "batch norm": lambda: DenseAutoencoder(32, hidden=(256,), batch_norm=True),
    "variational": lambda: VariationalAutoencoder(20, hidden=(400,)),
    "denoising": lambda: DenoisingAutoencoder(128, hidden=(256,)),
    "contractive": lambda: ContractiveAutoencoder(128),
    "stacked": lambda: StackedAutoencoder(32, depth=3),
    "nested": lambda: NestedAutoencoder(32),
    "sparse, L1": lambda: SparseAutoencoder(512),
    "sparse, KL": lambda: SparseAutoencoder(512, penalty="kl"),
    "sparse, top-k": lambda: SparseAutoencoder(512, penalty="topk", k=25),
    "convolutional": lambda: ConvAutoencoder(32),
}


def train(model: Autoencoder, x: torch.Tensor, loop: Loop, *, epochs: int, seed: int) -> None:
    """Train a model in place by one of the loops."""
    shuffler = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=loop.lr, betas=loop.betas, fused=True)
    steps = epochs * -(-len(x) // loop.batch_size)
    share = trapezoid(steps) if loop.schedule == "trapezoid" else lambda step: 1.0
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, share)
    for _ in range(epochs):
        for index in torch.randperm(len(x), generator=shuffler).split(loop.batch_size):
            loss = model.loss(x[index])["total"]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    model.eval()


def entry(family: str, epochs: int, digits: int) -> Control:
    """Return the validation losses of one family after so many epochs, by each loop, all from the same start."""

    def measure(seed: int) -> Numbers:
        fitting, valid = load_split()
        losses = {}
        for name, loop in LOOPS.items():
            torch.manual_seed(seed)
            model = FAMILIES[family]()
            train(model, fitting.x[:digits], loop, epochs=epochs, seed=seed)
            losses[name] = mean_loss(model, valid.x)["total"]
        return losses

    return Control(
        f"training_default.{family}, {epochs} epochs of {digits:,}",
        f"{family}, {epochs} epochs of {digits:,} digits: fit's default loses to none of the loops of others",
        "the same network from the same start, trained by each of the loops; validation loss",
        measure,
        seeds=3,
        quick=False,
    )


for _epochs in BUDGETS:  # the short trainings first
    for _family in FAMILIES:
        globals()[f"{_family}, {_epochs} of {FEW}"] = entry(_family, _epochs, FEW)
for _epochs, _families in AT_FULL_SIZE.items():
    for _family in _families:
        globals()[f"{_family}, {_epochs} of {ALL}"] = entry(_family, _epochs, ALL)
