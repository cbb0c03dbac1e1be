"""The Jacobian by finite differences, by autograd and by the closed form; the estimate by its mean."""

import numpy as np
import pytest
import torch
from helpers.strategies import bad_images, choices_other_than, junk, not_counts, numpy_of, refuses
from hypothesis import example, given, strategies as st
from scipy.special import expit

from aecourse.models import ContractiveAutoencoder
from aecourse.training import fit, mean_loss

not_strengths = junk.filter(lambda s: not (isinstance(s, float) and 0 <= s < float("inf"))) | st.floats(max_value=-1e-9)


def build(*, hidden=(), features: int = 9, **options) -> ContractiveAutoencoder:
    """A small model in float64, far enough from zero for its sigmoids to bend."""
    torch.manual_seed(0)
    model = ContractiveAutoencoder(5, hidden=hidden, in_features=features, **options).double()
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(3)
    return model


@pytest.fixture(params=[(), (7,), (8, 6)], ids=["one layer", "two layers", "three layers"])
def model(request) -> ContractiveAutoencoder:
    """Of one layer, the classic, and deeper."""
    return build(hidden=request.param)


@pytest.fixture
def x() -> torch.Tensor:
    """Six rows of noise in float64."""
    return torch.rand(6, 9, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def encode_by_hand(model: ContractiveAutoencoder, x: np.ndarray) -> np.ndarray:
    """Sigmoid layers in NumPy."""
    for layer in model.encoder[::2]:
        x = expit(x @ numpy_of(layer.weight).T + numpy_of(layer.bias))
    return x


def exact(model: ContractiveAutoencoder, x: torch.Tensor) -> torch.Tensor:
    """‖J‖²_F of each image by double back-propagation, one unit after the other."""
    x = x.detach().requires_grad_()
    units = model.encode(x).sum(0)
    rows = [torch.autograd.grad(unit, x, create_graph=True)[0] for unit in units]
    return torch.stack(rows).square().sum((0, 2))


def test_code_by_hand(model, x):
    """Every layer of the encoder is a sigmoid layer."""
    np.testing.assert_allclose(numpy_of(model.encode(x)), encode_by_hand(model, numpy_of(x)), atol=1e-12)


def test_jacobian_by_finite_differences(model, x):
    """The code of pictures nudged by ±10⁻⁵, one pixel at a time: the derivative by the input, not by the weights."""
    step, rows = 1e-5, numpy_of(x)
    nudges = step * np.eye(9)[:, None]  # (9, 1, 9)
    slopes = (encode_by_hand(model, rows + nudges) - encode_by_hand(model, rows - nudges)) / (2 * step)
    jacobian = model.jacobian(x)
    assert jacobian.shape == (6, 5, 9)
    np.testing.assert_allclose(numpy_of(jacobian), slopes.transpose(1, 2, 0), atol=1e-9)


def test_jacobian_by_autograd(model, x, device):
    """Image by image, on every device."""
    model, x = model.float().to(device), x.float().to(device)
    for image, jacobian in zip(x, model.jacobian(x), strict=True):
        expected = torch.autograd.functional.jacobian(lambda row: model.encode(row[None])[0], image)
        torch.testing.assert_close(jacobian, expected, atol=1e-5, rtol=1e-4)


def test_closed_form_is_exact(x):
    """The same number as the whole Jacobian squared and summed, and as `contraction` by default."""
    model = build()
    squares = (numpy_of(model.jacobian(x)) ** 2).sum((1, 2))
    np.testing.assert_allclose(numpy_of(model.closed_form(x, model.encode(x))), squares, rtol=1e-10)
    np.testing.assert_allclose(numpy_of(model.contraction(x)), squares, rtol=1e-10)
    np.testing.assert_allclose(numpy_of(exact(model, x)), squares, rtol=1e-10)


def test_closed_form_trains_as_double_back_propagation(x):
    """One gradient, two ways; a twentieth of the work."""
    model = build()
    closed = torch.autograd.grad(model.closed_form(x, model.encode(x)).mean(), model.encoder.parameters())
    double = torch.autograd.grad(exact(model, x).mean(), model.encoder.parameters())
    for ours, theirs in zip(closed, double, strict=True):
        assert theirs.abs().max() > 1e-3
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-10)


def test_hutchinson_is_unbiased(model, x):
    """The mean of 4,000 probes is exact within five standard errors, and so is its gradient, roughly."""
    torch.manual_seed(0)
    estimates = torch.stack([model.hutchinson(x, probes=40) for _ in range(100)])
    error = 5 * estimates.std(0) / 10
    target = exact(model, x)
    assert ((estimates.mean(0) - target).abs() < error).all()
    assert (error < 0.2 * target).all()  # the test could tell a wrong factor
    ours = torch.autograd.grad(estimates.mean(), model.encoder[0].weight)[0]
    theirs = torch.autograd.grad(target.mean(), model.encoder[0].weight)[0]
    assert (ours - theirs).norm() < 0.1 * theirs.norm()


def test_one_probe_of_one_unit_is_exact(x):
    """With a single unit ±1 has nothing to mix up."""
    torch.manual_seed(0)
    model = ContractiveAutoencoder(1, hidden=(4,), in_features=9).double()
    torch.testing.assert_close(model.hutchinson(x), exact(model, x))


@pytest.mark.parametrize("estimator", ["closed", "hutchinson"])
def test_loss_by_hand(x, estimator):
    """MSE per pixel plus strength · mean ‖J‖²_F / in_features."""
    model = build(strength=0.7, estimator=estimator)
    rows = numpy_of(x)
    z = encode_by_hand(model, rows)
    x_hat = expit(z @ numpy_of(model.decoder[0].weight).T + numpy_of(model.decoder[0].bias))
    torch.manual_seed(3)
    expected = model.hutchinson(x).mean().item() if estimator == "hutchinson" else exact(model, x).mean().item()
    torch.manual_seed(3)
    terms = {name: value.item() for name, value in model.loss(x).items()}
    assert terms.keys() == {"total", "reconstruction", "contraction"}
    assert terms["reconstruction"] == pytest.approx(((x_hat - rows) ** 2).mean())
    assert terms["contraction"] == pytest.approx(expected)
    assert terms["total"] == pytest.approx(terms["reconstruction"] + 0.7 * expected / 9)


def test_judging_needs_no_gradients(model, x):
    """In evaluation, under no_grad and inference_mode, the same numbers come and no graph is kept."""
    torch.manual_seed(0)
    expected = model.contraction(x)
    assert expected.requires_grad
    for mode in (torch.no_grad, torch.inference_mode):
        torch.manual_seed(0)
        with mode():
            made_here, value = x * 1, model.contraction(x)
            assert not value.requires_grad
            assert torch.equal(value, expected)
            torch.testing.assert_close(model.jacobian(made_here), model.jacobian(x))
        assert model.hutchinson(made_here).shape == (6,)
        assert model.jacobian(made_here).shape == (6, 5, 9)
    assert not x.requires_grad
    assert mean_loss(model, x).keys() == {"total", "reconstruction", "contraction"}


def test_strength_makes_the_code_stand_still(blobs):
    """The same training with and without the penalty, repeated to the last bit."""
    contraction = []
    for strength in (0, 10.0, 10.0):
        torch.manual_seed(0)
        model = ContractiveAutoencoder(8, strength=strength)
        history = fit(model, blobs, epochs=30, batch_size=20, lr=1e-2, validation=blobs, progress=False)
        contraction.append((model.jacobian(blobs).square().sum((1, 2)).mean().item(), history.train))
    assert contraction[1][0] < 0.2 * contraction[0][0]
    assert contraction[1] == contraction[2]


def test_closed_form_needs_one_layer(x):
    """Deeper nets are refused and told what to use; the default follows the depth."""
    assert "hutchinson" in refuses("estimator", ContractiveAutoencoder, hidden=(4,), estimator="closed")
    deep = build(hidden=(7,))
    with pytest.raises(ValueError, match="use jacobian or hutchinson"):
        deep.closed_form(x, deep.encode(x))
    assert (deep.config.estimator, build().config.estimator) == ("hutchinson", "closed")


@given(
    strength=not_strengths,
    hidden=st.lists(not_counts, min_size=1, max_size=2) | junk.filter(lambda h: not isinstance(h, list | bytes)),
    estimator=choices_other_than("closed", "hutchinson").filter(lambda e: e is not None),
    size=not_counts,
)
@example(strength=-0.1, hidden=(0,), estimator="exact", size=0)
@example(strength=float("nan"), hidden="16", estimator="", size=True)
def test_bad_settings(strength, hidden, estimator, size):
    """Each is named before any layer is drawn."""
    before = torch.get_rng_state()
    refuses("strength", ContractiveAutoencoder, strength=strength)
    refuses("hidden", ContractiveAutoencoder, hidden=hidden)
    refuses("estimator", ContractiveAutoencoder, estimator=estimator)
    refuses("in_features", ContractiveAutoencoder, in_features=size)
    assert torch.equal(torch.get_rng_state(), before)


@given(
    probes=not_counts,
    rows=bad_images(9).filter(lambda x: not isinstance(x, torch.Tensor) or not x.is_floating_point() or x.ndim != 2),
)
def test_bad_rows_and_probes(probes, rows):
    """The derivative of what is no image."""
    model = build()
    refuses("probes", model.hutchinson, torch.zeros(1, 9), probes=probes)
    for ask in (model.jacobian, model.hutchinson, model.contraction):
        refuses("x", ask, rows)
