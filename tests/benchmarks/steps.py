"""What the contractive penalty adds to a training step, and what it would cost without its closed form."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from torch.nn import functional as F

from aecourse import ContractiveAutoencoder, load_mnist, pick_device, seed_everything

TURNS = 100
BATCH = 256
FEW = 64  # images whose Jacobians double back-propagation holds at once


def compare() -> dict[str, float]:
    """{what over what: median of the ratios of neighbouring runs}; 784-256-784, the kinds take turns."""
    pick_device()
    x = load_mnist()[0].x[:BATCH]
    seed_everything(0)
    model = ContractiveAutoencoder(256, strength=0.1)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, fused=True)
    weights = list(model.encoder.parameters())

    def step(loss: torch.Tensor) -> None:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def gradient(norms: Callable[[torch.Tensor], torch.Tensor]) -> None:
        torch.autograd.grad(norms(x[:FEW]).mean(), weights)

    def closed() -> None:
        gradient(lambda few: model.closed_form(few, model.encode(few)))

    return {
        "contractive step / plain step": _ratio(
            lambda: step(model.loss(x)["total"]), lambda: step(F.mse_loss(model(x), x)), TURNS
        ),
        "gradient of ‖J‖²: double back-propagation / closed form": _ratio(
            lambda: gradient(lambda few: model.jacobian(few).square().sum((1, 2))), closed, 5
        ),
        "gradient of ‖J‖²: Hutchinson, one probe / closed form": _ratio(
            lambda: gradient(model.hutchinson), closed, TURNS
        ),
    }


def _ratio(slow: Callable[[], None], quick: Callable[[], None], turns: int) -> float:
    ratios = []
    for _ in range(turns + 2):  # the first two warm up
        times = []
        for work in (slow, quick):
            started = time.perf_counter()
            work()
            times.append(time.perf_counter() - started)
        ratios.append(times[0] / times[1])
    return statistics.median(ratios[2:])
