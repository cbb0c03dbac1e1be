"""Three networks of others, trained by their authors' loops and by `fit`: at equal epochs, and in equal seconds.

The loops are those of the tutorials but for their data: both read the digits from memory, which spares theirs the
greater part of its time. Judged by the authors' own loss on validation digits.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from helpers.foreign import Both, Conv, Halves, Lin, Seq, Up, Vae, vae_loss
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from aecourse import adopt, fit, seed_everything
from aecourse.training import mean_loss
from aecourse.zoo import load_split

DIGITS, EPOCHS, SEEDS = 20_000, 3, 3


@dataclass(frozen=True)
class Author:
    """A network and how its author trains it."""

    build: Callable[[], nn.Module]
    told: dict
    batch_size: int
    lr: float
    weight_decay: float = 0.0


def _mse(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return F.mse_loss(net(x), x)


def _dense() -> nn.Module:
    down = Seq(Lin(784, 128), nn.Tanh(), Lin(128, 64), nn.Tanh(), Lin(64, 12), nn.Tanh(), Lin(12, 3))
    up = Seq(Lin(3, 12), nn.Tanh(), Lin(12, 64), nn.Tanh(), Lin(64, 128), nn.Tanh(), Lin(128, 784), nn.Sigmoid())
    return Both(down, up)


def _convolutional() -> nn.Module:
    pool = (nn.ReLU(True), nn.MaxPool2d(2, 2)), (nn.ReLU(True), nn.MaxPool2d(2, 1))
    down = Seq(Conv(1, 16, 3, 3, 1), *pool[0], Conv(16, 8, 3, 2, 1), *pool[1])
    return Halves(
        down, Seq(Up(8, 16, 3, 2), nn.ReLU(True), Up(16, 8, 5, 3, 1), nn.ReLU(True), Up(8, 1, 2, 2, 1), nn.Tanh())
    )


AUTHORS = {
    "examples VAE": Author(
        lambda: Vae(400, 20), {"encode": lambda net, x: net.encode(x)[0], "loss": vae_loss}, 128, 1e-3
    ),
    "tutorial 404": Author(_dense, {"loss": lambda net, x: F.mse_loss(net(x)[1], x)}, 64, 5e-3),
    "beginner conv": Author(_convolutional, {"scale": (-1, 1), "loss": _mse}, 128, 1e-3, 1e-5),
}


def by_author(name: str, x: torch.Tensor, seed: int) -> tuple[nn.Module, float]:
    """Train by the author's loop; the network, and the seconds it took."""
    author, model = AUTHORS[name], _new(name, seed)
    started = time.perf_counter()
    optimizer = torch.optim.Adam(model.parameters(), lr=author.lr, weight_decay=author.weight_decay)
    for _ in range(EPOCHS):
        for (batch,) in DataLoader(TensorDataset(x), batch_size=author.batch_size, shuffle=True):
            optimizer.zero_grad()
            model.loss(batch).backward()
            optimizer.step()
    return model, time.perf_counter() - started


def by_fit(name: str, x: torch.Tensor, seed: int, epochs: int = EPOCHS) -> tuple[nn.Module, float]:
    """Train by `fit` with its defaults; the network, and the seconds it took."""
    model = _new(name, seed)
    started = time.perf_counter()
    fit(model, x, epochs=epochs, seed=seed, progress=False)
    return model, time.perf_counter() - started


def _new(name: str, seed: int) -> nn.Module:
    seed_everything(seed)
    return adopt(AUTHORS[name].build(), **AUTHORS[name].told)


def compare() -> Iterator[tuple[str, float, float, float]]:
    """Yield (network, validation loss of ours over theirs at equal epochs, in equal seconds, seconds ours / theirs)."""
    fitting, valid = load_split()
    x, judged = fitting.x[:DIGITS], valid.x

    def loss_of(model: nn.Module) -> float:
        return mean_loss(model.eval(), judged)["total"]

    for name in AUTHORS:
        by_fit(name, x[:1_000], 0, epochs=1)  # warm up
        equal_epochs, equal_seconds, pace = [], [], []
        for seed in range(SEEDS):
            (theirs, their_seconds), (ours, our_seconds) = by_author(name, x, seed), by_fit(name, x, seed)
            pace.append(our_seconds / their_seconds)
            affordable = max(1, int(EPOCHS * their_seconds / our_seconds))
            in_their_time = ours if affordable == EPOCHS else by_fit(name, x, seed, affordable)[0]
            equal_epochs.append(loss_of(ours) / loss_of(theirs))
            equal_seconds.append(loss_of(in_their_time) / loss_of(theirs))
        yield name, *map(statistics.mean, (equal_epochs, equal_seconds, pace))
