"""The ordered code: any k from one network."""

import numpy as np
import pytest
import torch
from helpers.strategies import not_counts, refuses
from hypothesis import example, given, strategies as st
from scipy.stats import chisquare

from aecourse.models import DenseAutoencoder, NestedAutoencoder
from aecourse.training import fit
from aecourse.zoo.weights import load_weights

not_k = not_counts.filter(lambda k: k is not None)


@pytest.fixture
def model() -> NestedAutoencoder:
    """A small one, the same each time."""
    torch.manual_seed(0)
    return NestedAutoencoder(6, hidden=(16,))


@pytest.mark.parametrize("k", [1, 3, 6])
def test_leading_codes_are_codes_with_zeros_behind(model, device, k):
    """decode(z[:, :k]) is decode of z with the rest put to zero."""
    model = model.to(device)
    x = torch.rand(5, 784, device=device)
    z = model.encode(x)
    assert torch.equal(model.encode(x, k), z[:, :k])
    padded = z.clone()
    padded[:, k:] = 0
    assert torch.equal(model.decode(z[:, :k]), model.decode(padded))
    if k < 6:
        assert not torch.allclose(model.decode(z[:, :k]), model.decode(z), atol=1e-4)


def kept_codes(model: NestedAutoencoder, images: int, monkeypatch) -> np.ndarray:
    """Which codes of each image survive one training loss, (images, latent_dim) bool."""
    seen = []
    decode = model.decode
    monkeypatch.setattr(model, "encode", lambda x: torch.ones(len(x), model.latent_dim, requires_grad=True))
    monkeypatch.setattr(model, "decode", lambda z: seen.append(z.detach()) or decode(z))
    model.loss(torch.rand(images, 784))
    (z,) = seen
    return z.numpy() != 0


def test_each_image_keeps_a_leading_part(model, monkeypatch):
    """No code survives whose predecessor was lost, and the first always does."""
    kept = kept_codes(model.train(), 2_000, monkeypatch)
    assert kept[:, 0].all()
    assert (np.diff(kept.astype(int), axis=1) <= 0).all()


def test_small_k_are_kept_more_often(model, monkeypatch):
    """P(k) ∝ 1/k, by a chi-square test."""
    counts = np.bincount(kept_codes(model.train(), 20_000, monkeypatch).sum(1), minlength=7)[1:]
    share = 1 / np.arange(1, 7)
    assert chisquare(counts, 20_000 * share / share.sum()).pvalue > 1e-3
    assert chisquare(counts).pvalue < 1e-9  # the test could tell an even share from this one


def test_nothing_is_lost_in_evaluation(model, monkeypatch):
    """The whole code counts where the model is judged."""
    assert kept_codes(model.eval(), 50, monkeypatch).all()


def test_training_orders_the_code(mnist):
    """After a short training each further code helps, and the first ones carry most."""
    x = mnist[0].x[:3_000]
    torch.manual_seed(0)
    model = NestedAutoencoder(8, hidden=(64,))
    fit(model, x, epochs=8, progress=False)
    with torch.inference_mode():
        z = model.encode(x)
        errors = [(model.decode(z[:, :k]) - x).square().mean().item() for k in range(1, 9)]
        last_three = z.clone()
        last_three[:, :5] = 0
        error_of_last_three = (model.decode(last_three) - x).square().mean().item()
    assert errors == sorted(errors, reverse=True)
    assert errors[2] < 0.85 * error_of_last_three


def test_shipped_network_is_ordered(mnist):
    """Every doubling of k lowers the test error."""
    model, x = load_weights("nested"), mnist[1].x
    with torch.inference_mode():
        z = model.encode(x)
        errors = [(model.decode(z[:, :k]) - x).square().mean().item() for k in (1, 2, 4, 8, 16, 32, 64)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 5


def test_a_plain_network_is_not_ordered(mnist):
    """The oracle above can fail: without nested dropout the leading codes alone are of little use."""
    x = mnist[0].x[:3_000]
    torch.manual_seed(0)
    model = DenseAutoencoder(8, hidden=(64,))
    fit(model, x, epochs=8, progress=False)
    with torch.inference_mode():
        z = model.encode(x)
        z[:, 1:] = 0
        assert (model.decode(z) - x).square().mean() > x.var(0).mean()  # worse than the mean image


@given(k=not_k | st.integers(min_value=7))
@example(k=0)
@example(k=7)
@example(k=True)
def test_bad_k(k):
    """`k` is a whole number from 1 to latent_dim."""
    refuses("k", NestedAutoencoder(6, hidden=()).encode, torch.zeros(1, 784), k)


def test_code_longer_than_the_image():
    """785 codes cannot be ordered over 784 pixels."""
    assert "784" in refuses("latent_dim", NestedAutoencoder, 785)
    assert NestedAutoencoder(784, hidden=()).latent_dim == 784


def test_too_many_codes_to_decode(model):
    """Fewer codes are leading ones; more are a mistake."""
    refuses("z", model.decode, torch.zeros(1, 7))
    refuses("z", model.decode, [0.0])
