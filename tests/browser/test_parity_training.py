"""Training in the page against torch: loss, gradients and steps of Adam."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import Page
from torch import nn

from aecourse.bundle import bundle
from aecourse.explorers.base import page

pytestmark = pytest.mark.browser

SCRIPT = Path(page.__file__).with_name("train.js")
TRAIN = """async ({ script, layers, x, n, lr, steps }) => {
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { lossAndGradients, adam } = (await import(address)).default;
  for (const layer of layers) for (const name of ["W", "b"]) layer[name] = Float32Array.from(layer[name]);
  const rows = Float32Array.from(x), first = lossAndGradients(layers, rows, n), step = adam(layers, lr);
  const plain = (parts) => parts.map(({ W, b }) => ({ W: [...W], b: [...b] }));
  const gradients = plain(first.gradients);
  for (let i = 0; i < steps; i++) step(lossAndGradients(layers, rows, n).gradients);
  return { loss: first.loss, gradients, layers: plain(layers) };
}"""


@pytest.fixture
def script(tmp_path: Path) -> str:
    """train.js with its functions as the default export."""
    whole = tmp_path / "whole.js"
    names, place = "{ lossAndGradients, adam }", os.path.relpath(SCRIPT, tmp_path)
    whole.write_text(f'import {names} from "{place}";\nexport default {names};\n')
    return bundle(whole)


def test_gradients_and_steps(blank: Page, script: str) -> None:
    """Gradients to 1e-4, and the weights after ten steps of Adam too."""
    torch.manual_seed(0)
    sizes = ((784, 16), (16, 3), (3, 16), (16, 784))
    linear = [nn.Linear(*size) for size in sizes]
    model = nn.Sequential(linear[0], nn.GELU(), linear[1], linear[2], nn.GELU(), linear[3], nn.Sigmoid())
    x, optimiser = torch.rand(6, 784), torch.optim.Adam(model.parameters(), lr=0.003)
    layers = [
        {
            "into": layer.in_features,
            "out": layer.out_features,
            "W": layer.weight.flatten().tolist(),
            "b": layer.bias.tolist(),
        }
        for layer in linear
    ]
    given = {"script": script, "layers": layers, "x": x.flatten().tolist(), "n": 6, "lr": 0.003, "steps": 10}
    found = blank.evaluate(TRAIN, given)
    loss = (model(x) - x).square().mean()
    loss.backward()
    assert found["loss"] == pytest.approx(loss.item(), rel=1e-5)
    for layer, here in zip(linear, found["gradients"], strict=True):
        for name, expected in (("W", layer.weight.grad), ("b", layer.bias.grad)):
            gap = np.abs(np.array(here[name]) - expected.flatten().numpy()).max()
            assert gap < 1e-4 * expected.abs().max().item(), name
    for _ in range(10):
        optimiser.zero_grad()
        (model(x) - x).square().mean().backward()
        optimiser.step()
    for layer, here in zip(linear, found["layers"], strict=True):
        np.testing.assert_allclose(here["W"], layer.weight.detach().flatten().numpy(), atol=1e-4)
        np.testing.assert_allclose(here["b"], layer.bias.detach().numpy(), atol=1e-4)
