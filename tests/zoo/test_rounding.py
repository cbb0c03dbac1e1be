"""Rounding to bytes: whole steps, kept to the bit in a file, and far less harm than by plain rounding."""

from __future__ import annotations

import copy

import pytest
import torch

from aecourse.evaluation import reconstruction_mse
from aecourse.models import DenseAutoencoder, NestedAutoencoder
from aecourse.training import fit
from aecourse.zoo.precision import quantise
from aecourse.zoo.rounding import round_to_bytes
from aecourse.zoo.weights import load_weights, save_weights


@pytest.mark.parametrize(
    "build",
    [
        lambda: DenseAutoencoder(8, hidden=(64,)),
        lambda: DenseAutoencoder(4, hidden=(32, 16), batch_norm=True),
        lambda: NestedAutoencoder(8, hidden=(64,)),
    ],
    ids=["dense", "batch norm", "nested"],
)
def test_a_file_keeps_it_and_pictures_stay(build, mnist, tmp_path):
    """The change of the test pictures is under a third of what plain rounding does."""
    train, test = mnist[0].x[:3_000], mnist[1].x[:500]
    torch.manual_seed(0)
    model = build()
    fit(model, train, epochs=2, seed=0, progress=False)
    model.eval()
    plain, careful = copy.deepcopy(model), copy.deepcopy(model)
    with torch.no_grad():
        exact = model(test)
        for matrix in (value for value in plain.state_dict().values() if value.ndim > 1):
            whole, scale = quantise(matrix)
            matrix.copy_(whole.float() * scale.float())
    round_to_bytes(careful, train[:1_000])
    stored = load_weights(save_weights(careful, tmp_path / "x.safetensors", dtype=torch.int8))
    for name, value in careful.state_dict().items():
        if value.ndim > 1:
            assert torch.equal(stored.state_dict()[name], value), name
    with torch.inference_mode():
        changes = [(rounded(test) - exact).square().mean().item() for rounded in (stored, plain)]
    assert changes[0] < changes[1] / 3
    assert reconstruction_mse(stored, test) == pytest.approx(reconstruction_mse(model, test), rel=0.02)
