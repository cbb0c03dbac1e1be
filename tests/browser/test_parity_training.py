"""Training in the page against torch: loss, gradients and steps of Adam of every network that the page can train."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import Page
from torch import nn

from aecourse.bundle import bundle
from aecourse.explorers.base import page
from aecourse.explorers.spiral import FINE, PointDenoiser
from aecourse.explorers.training_setups import matchstick_setup

pytestmark = pytest.mark.browser

Case = tuple[nn.Module, Callable[[], torch.Tensor], dict]  # a network, its loss, and what the page is given
SCRIPT = Path(page.__file__).with_name("train.js")
TRAIN = """async ({ script, sizes, activations, weights, x, target, weight, n, lr, steps }) => {
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { adam, fromLine, inLine, lossAndGradients } = (await import(address)).default;
  const layers = fromLine(sizes, activations, Float32Array.from(weights)), step = adam(layers, lr);
  const given = [Float32Array.from(x), n, Float32Array.from(target), weight && Float32Array.from(weight)];
  const { loss, gradients } = lossAndGradients(layers, ...given);
  for (let i = 0; i < steps; i++) step(lossAndGradients(layers, ...given).gradients);
  return { loss, gradients: [...inLine(gradients)], weights: [...inLine(layers)] };
}"""


@pytest.fixture
def script(tmp_path: Path) -> str:
    """train.js with its functions as the default export."""
    whole = tmp_path / "whole.js"
    names, place = "{ adam, fromLine, inLine, lossAndGradients }", os.path.relpath(SCRIPT, tmp_path)
    whole.write_text(f'import {names} from "{place}";\nexport default {names};\n')
    return bundle(whole)


def bottleneck() -> Case:
    """784-16-3-16-784 as on the site, with fewer units, on six pictures."""
    half = [nn.Linear(784, 16), nn.GELU(), nn.Linear(16, 3)]
    model = nn.Sequential(*half, nn.Linear(3, 16), nn.GELU(), nn.Linear(16, 784), nn.Sigmoid())
    x = torch.rand(6, 784)
    given = {"sizes": [784, 16, 3, 16, 784], "activations": ["gelu", None, "gelu", "sigmoid"], "x": x, "target": x}
    return model, lambda: (model(x) - x).square().mean(), given


def matchsticks() -> Case:
    """7-3-7 of notebook 01, on its ten digits."""
    setup = matchstick_setup(3)
    model, x = setup.build(3), setup.things
    given = {"sizes": [7, 3, 7], "activations": ["tanh", "sigmoid"], "x": x, "target": x}
    return model, lambda: model.loss(x)["total"], given


def denoiser() -> Case:
    """The denoiser of the spiral: the page trains g to say what makes x̂ = w x̃ + (1 − w) g(x̃, σ) the clean point."""
    x, sigma, variance = torch.randn(20, 2), 0.05 + torch.rand(20, 1), torch.tensor([0.26, 0.22])
    noisy, model = x + sigma * torch.randn(20, 2), PointDenoiser(variance)
    w = variance / (variance + (3 * sigma) ** 2)
    given = {"sizes": [3, 64, 32, 2], "activations": ["gelu", "gelu", None], "weight": (1 - w) ** 2}
    given |= {"x": FINE * torch.cat([noisy, sigma], 1), "target": (x - w * noisy) / (1 - w)}
    return model, lambda: (model(noisy, sigma) - x).square().mean(), given


@pytest.mark.parametrize("build", [bottleneck, matchsticks, denoiser])
def test_gradients_and_steps(blank: Page, script: str, build) -> None:
    """Gradients to 1e-4, and the weights after ten steps of Adam too."""
    torch.manual_seed(0)
    model, loss_of, given = build()
    optimiser, parameters = torch.optim.Adam(model.parameters(), lr=0.003), list(model.parameters())
    n, start = len(given["x"]), nn.utils.parameters_to_vector(parameters)
    plain = {name: part.flatten().tolist() if isinstance(part, torch.Tensor) else part for name, part in given.items()}
    more = {
        "script": script,
        "weights": start.tolist(),
        "weight": plain.get("weight"),
        "n": n,
        "lr": 0.003,
        "steps": 10,
    }
    found = blank.evaluate(TRAIN, plain | more)
    loss = loss_of()
    loss.backward()
    assert found["loss"] == pytest.approx(loss.item(), rel=1e-5)
    place = 0
    for weight in parameters:  # each matrix and each bias by itself
        here = np.array(found["gradients"][place : place + weight.numel()])
        gap = np.abs(here - weight.grad.flatten().numpy()).max()
        assert gap < 1e-4 * weight.grad.abs().max().item(), weight.shape
        place += weight.numel()
    assert place == len(found["gradients"])
    for _ in range(10):
        optimiser.zero_grad()
        loss_of().backward()
        optimiser.step()
    expected = nn.utils.parameters_to_vector(parameters).detach().numpy()
    np.testing.assert_allclose(found["weights"], expected, atol=1e-4)
