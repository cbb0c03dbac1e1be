"""A network as bytes for the page: what is stored, what is shared, and what is refused."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load
from torch import nn

from aecourse.explorers.base.network import UnknownLayerError, pack, pack_images, pack_network
from aecourse.models import PCA, DenseAutoencoder, SparseAutoencoder
from aecourse.zoo.precision import SCALE
from aecourse.zoo.weights import ENDING, SHIPPED, load_weights


def layers_of(raw: bytes, tmp_path) -> dict:
    """The layers that a packed network names."""
    (tmp_path / "net.safetensors").write_bytes(raw)
    with safe_open(tmp_path / "net.safetensors", "pt") as file:
        return json.loads(file.metadata()["layers"])


def test_tied_matrices_are_stored_once(tmp_path):
    """PCA's decoder is its encoder turned, and so is a sparse network's; one of the two says so."""
    for model in (PCA(5), SparseAutoencoder(40)):
        raw = pack_network(model.eval())
        assert sum(tensor.ndim == 2 and not name.endswith(SCALE) for name, tensor in load(raw).items()) == 1
        layers = layers_of(raw, tmp_path)
        assert sum("transposed" in layers[part][0] for part in ("encoder", "decoder")) == 1


def test_batch_normalisation_is_worked_into_the_layer_before():
    """The same network without it, to the last digits that float16 keeps."""
    torch.manual_seed(0)
    model = DenseAutoencoder(3, hidden=(20,), batch_norm=True, activation="linear", output="linear")
    model(torch.rand(100, 784))
    stored = load(pack_network(model.eval()))
    x = torch.rand(7, 784)
    with torch.no_grad():
        expected = model(x)
    for weight, bias in (
        ("encoder.0", "encoder.0"),
        ("encoder.3", "encoder.3"),
        ("decoder.0",) * 2,
        ("decoder.3",) * 2,
    ):
        x = x @ stored[f"{weight}.weight"].float().T + stored[f"{bias}.bias"].float()
    torch.testing.assert_close(x, expected, atol=5e-3, rtol=5e-3)


@pytest.mark.parametrize(
    "name",
    ["dense-k8", "nested", "stacked-tuned", "denoising-mixed", "contractive-1", "sparse-kl-0.1", "vae-20d", "normal-3"],
)
def test_the_page_gets_the_bytes_of_the_file(name):
    """Every matrix of a shipped network that reconstructs is, number for number, the one in the repository's file."""
    in_file = load(gzip.decompress((SHIPPED / f"{name}{ENDING}").read_bytes()))
    packed = load(pack_network(load_weights(name)))
    matrices = {key for key in in_file if key + SCALE in in_file and "logvar" not in key}
    assert matrices
    for key in matrices:
        twins = [twin for twin in packed if twin + SCALE in packed and torch.equal(packed[twin], in_file[key])]
        assert any(torch.equal(packed[twin + SCALE], in_file[key + SCALE].float()) for twin in twins), key


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4)),
        nn.Sequential(nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 1, (1, 2))),
        nn.Sequential(nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 1, 2, dilation=2)),
        nn.LSTM(4, 4),
    ],
    ids=["layer norm", "oblong kernel", "dilated", "no encoder"],
)
def test_what_the_page_cannot_compute_is_refused(model):
    """By name, before anything is shown."""
    with pytest.raises(UnknownLayerError, match="the page"):
        pack_network(model)


def test_pictures_in_bytes():
    """Grays of 256 levels are bytes, others stay what they are."""
    grays = torch.randint(0, 256, (3, 784)).float() / 255
    assert pack_images(grays).dtype == torch.uint8
    assert torch.equal(pack_images(grays).float() / 255, grays)
    other = torch.rand(3, 784)
    assert torch.equal(pack_images(other), other)
    assert np.array_equal(load(pack({"images": np.eye(3, dtype=np.float32)}))["images"].numpy(), np.eye(3))
