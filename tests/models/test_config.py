"""A model and its configuration never say different things, and what is saved is what was trained."""

import dataclasses

import numpy as np
import pytest
import torch
from helpers.strategies import refuses

from aecourse.models import (
    FAMILIES,
    PCA,
    Classifier,
    ContractiveAutoencoder,
    ConvAutoencoder,
    DenoisingAutoencoder,
    DenseAutoencoder,
    LinearAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
    VariationalAutoencoder,
)
from aecourse.training import fit
from aecourse.zoo.weights import load_weights, save_weights

ADJUSTABLE = [
    (VariationalAutoencoder, "beta", 5, -1),
    (VariationalAutoencoder, "free_bits", 0.25, -1),
    (VariationalAutoencoder, "sigma", 0.5, 0),
    (ContractiveAutoencoder, "strength", 2, -1),
    (SparseAutoencoder, "strength", 2, -1),
    (SparseAutoencoder, "rho", 0.5, 1),
    (SparseAutoencoder, "k", 7, 0),
    (DenoisingAutoencoder, "strength", 0.25, 9),
]
SETTLED = [
    (DenseAutoencoder, "latent_dim"),
    (DenseAutoencoder, "in_features"),
    (VariationalAutoencoder, "likelihood"),
    (SparseAutoencoder, "penalty"),
    (DenoisingAutoencoder, "noise"),
    (StackedAutoencoder, "latent_dim"),
]


@pytest.mark.parametrize(("family", "name", "value", "bad"), ADJUSTABLE)
def test_what_is_set_is_saved(tmp_path, family, name, value, bad):
    """As a warm-up does with β: the loss, the configuration and the file follow."""
    model = family()
    setattr(model, name, value)
    assert getattr(model, name) == getattr(model.config, name) == value
    loaded = load_weights(save_weights(model, tmp_path / "model.safetensors"))
    assert getattr(loaded, name) == value
    assert loaded.config == model.config
    message = refuses(name, setattr, model, name, bad)
    assert str(bad) in message
    assert getattr(model, name) == value


def test_the_loss_follows(blobs):
    """β counts from the next step on."""
    model = VariationalAutoencoder(2, hidden=(8,))
    terms = {}
    for beta in (1, 5):
        model.beta = beta
        torch.manual_seed(0)
        terms[beta] = model.loss(blobs)
    assert torch.isclose(terms[5]["total"] - terms[1]["total"], 4 * terms[1]["kl"], atol=1e-3)


@pytest.mark.parametrize(("family", "name"), SETTLED)
def test_what_decides_the_layers_is_settled(family, name):
    """Another size needs another model."""
    model = family()
    with pytest.raises(AttributeError, match=name):
        setattr(model, name, 3)


@pytest.mark.parametrize("family", FAMILIES.values())
def test_configurations_are_frozen_and_whole(family):
    """Nothing in one can be changed, and it builds an equal model."""
    model = family()
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.config.latent_dim = 3
    with pytest.raises(AttributeError):
        model.config = family().config
    twin = type(model)(**model.config.arguments())
    assert twin.config == model.config
    assert {k: v.shape for k, v in twin.state_dict().items()} == {k: v.shape for k, v in model.state_dict().items()}


@pytest.mark.parametrize(
    "family", [family for family in FAMILIES.values() if family is not StackedAutoencoder], ids=lambda f: f.__name__
)
def test_numbers_of_numpy_build_a_model(tmp_path, family):
    """`ConvAutoencoder(np.int64(4))`, and it can be saved."""
    model = family(np.int64(4))
    assert model.latent_dim == 4
    assert load_weights(save_weights(model, tmp_path / "model.safetensors")).latent_dim == 4


@pytest.mark.parametrize(
    "build",
    [
        lambda: DenseAutoencoder(4, hidden=(8,), batch_norm=True),
        LinearAutoencoder,
        lambda: ConvAutoencoder(4),
        lambda: VariationalAutoencoder(4),
        lambda: SparseAutoencoder(20),
        lambda: SparseAutoencoder(20, penalty="kl"),
        lambda: StackedAutoencoder(4, depth=3),
        lambda: StackedAutoencoder(4, depth=1),
        lambda: ContractiveAutoencoder(4),
    ],
)
def test_a_classifier_holds_nothing_that_it_never_uses(build):
    """Every weight that an optimiser is handed gets a gradient; the autoencoder keeps its decoder."""
    model = build()
    layers = len(list(model.parameters()))
    x = torch.rand(6, 784)
    expected = model.eval().encode(x)
    classifier = Classifier(model)
    assert torch.equal(classifier.body.eval().encode(x), expected)
    classifier.loss(x, torch.arange(6))["total"].backward()
    assert all(weight.grad is not None for weight in classifier.parameters())
    assert len(list(model.parameters())) == layers
    assert model(x).shape == (6, 784)


def test_pca_has_nothing_to_train(blobs):
    """It is computed, not trained, and fit says so; more components than pictures are refused."""
    model = PCA.fit(blobs, 3)
    refuses("model", fit, model, blobs, epochs=1, progress=False)
    refuses("latent_dim", PCA.fit, blobs, 41)
    refuses("k", model.encode, blobs, 4)
    assert model.decode(model.encode(blobs, 2)).shape == blobs.shape
    assert model.loss(blobs)["total"] < PCA.fit(blobs, 2).loss(blobs)["total"]
