"""Repairing: the damaged picture goes in, the clean one is the target; the best linear repair is Wiener's."""

from collections import Counter

import numpy as np
import pytest
import torch
from helpers.strategies import bad_images, choices_other_than, junk, not_counts, numpy_of, refuses
from hypothesis import example, given, strategies as st
from scipy.stats import chisquare, kstest, uniform

from aecourse.data import CORRUPTIONS, corrupt, gaussian_noise
from aecourse.models import DenoisingAutoencoder, DenseAutoencoder, denoising
from aecourse.models.denoising import DEFAULT_STRENGTHS, MIXED_RANGES
from aecourse.training import fit

every_damage = pytest.mark.parametrize("noise", CORRUPTIONS)


def build(**options) -> DenoisingAutoencoder:
    """A small one, the same each time."""
    torch.manual_seed(0)
    return DenoisingAutoencoder(8, hidden=(16,), **options)


@pytest.fixture
def x() -> torch.Tensor:
    """Ten images of noise."""
    return torch.rand(10, 784, generator=torch.Generator().manual_seed(1))


def test_every_damage_has_its_strengths():
    """An everyday one and a range to mix from."""
    assert list(DEFAULT_STRENGTHS) == list(MIXED_RANGES) == list(CORRUPTIONS)
    for noise, (low, high) in MIXED_RANGES.items():
        assert low <= DEFAULT_STRENGTHS[noise] <= high


@every_damage
@pytest.mark.parametrize("objective", ["mse", "bce"])
def test_loss_by_hand(x, noise, objective, device):
    """The distance from what the network makes of the DAMAGED picture to the CLEAN one."""
    model, x = build(noise=noise, objective=objective).to(device), x.to(device)
    torch.manual_seed(5)
    damaged = corrupt(x, noise, DEFAULT_STRENGTHS[noise])
    x_hat, target = numpy_of(model(damaged)), numpy_of(x)
    if objective == "bce":
        expected = -(target * np.log(x_hat) + (1 - target) * np.log(1 - x_hat)).mean()
    else:
        expected = ((x_hat - target) ** 2).mean()
    torch.manual_seed(5)
    terms = model.loss(x)
    assert terms.keys() == {"total"}
    assert terms["total"].item() == pytest.approx(expected, rel=1e-5)
    assert model.config.noise == noise
    assert model.config.strength == DEFAULT_STRENGTHS[noise]


def test_a_code_is_made_of_the_picture_as_it_comes(x):
    """No damage outside the loss: encode and forward are a dense autoencoder's, and x stays as it is."""
    model, before = build(strength=2.0), x.clone()
    plain = DenseAutoencoder(8, hidden=(16,))
    plain.load_state_dict(model.state_dict())
    assert torch.equal(model(x), plain(x))
    model.loss(x)
    assert torch.equal(x, before)


@pytest.mark.parametrize("output", ["sigmoid", "linear"])
def test_noise_is_clipped_with_the_pixels_only(x, output):
    """A linear output means unbounded data, whose noise must stay Gaussian."""
    model = build(output=output, strength=0.5)
    torch.manual_seed(2)
    damaged = model.damage(x)
    torch.manual_seed(2)
    assert torch.equal(damaged, gaussian_noise(x, 0.5, clip=output == "sigmoid"))
    assert (damaged.min() < 0) == (output == "linear")


def test_mixed_takes_another_damage_each_time(x, monkeypatch):
    """All five as often, shares spread evenly over their range, whole sizes and factors within theirs."""
    drawn: list[tuple[str, float]] = []
    monkeypatch.setattr(
        denoising, "corrupt_in_training", lambda x, noise, strength: drawn.append((noise, strength)) or x
    )
    model = build(noise="mixed")
    torch.manual_seed(0)
    for _ in range(3_000):
        assert model.damage(x) is x
    counts = Counter(noise for noise, _ in drawn)
    assert counts.keys() == CORRUPTIONS.keys()
    assert chisquare(list(counts.values())).pvalue > 1e-3
    strengths = {name: [strength for noise, strength in drawn if noise == name] for name in CORRUPTIONS}
    for noise in ("gaussian", "salt and pepper", "mask"):
        low, high = MIXED_RANGES[noise]
        assert kstest(strengths[noise], uniform(low, high - low).cdf).pvalue > 1e-3
    assert set(strengths["occlude"]) == set(range(4, 17))
    assert set(strengths["downsample"]) == {2, 4}
    assert model.config.strength is None


@pytest.mark.parametrize("noise", [*CORRUPTIONS, "mixed"])
def test_same_seed_same_numbers(noise, blobs):
    """The damage too repeats itself."""

    def train() -> list:
        torch.manual_seed(3)
        return fit(DenoisingAutoencoder(4, hidden=(), noise=noise), blobs, epochs=2, batch_size=8, progress=False).train

    assert train() == train()


def test_the_best_linear_repair_is_wieners():
    """For Gaussian data of variances 4 and ¼ and noise of variance 1: shrink by 4/(4 + 1) and ¼/(¼ + 1)."""
    generator = torch.Generator().manual_seed(0)
    data = torch.randn(8_000, 2, generator=generator) * torch.tensor([2.0, 0.5])
    torch.manual_seed(0)
    model = DenoisingAutoencoder(2, hidden=(), in_features=2, output="linear", strength=1.0)
    fit(model, data, epochs=25, lr=1e-2, progress=False)
    with torch.inference_mode():
        shrink = model(torch.eye(2)) - model(torch.zeros(2, 2))
    np.testing.assert_allclose(shrink.numpy(), np.diag([0.8, 0.2]), atol=0.05)


def test_it_repairs(blobs):
    """Nearer to the clean picture than the damaged one, and than what a plain autoencoder makes of it."""
    damaged = corrupt(blobs, "mask", 0.5, seed=0)
    errors = []
    for family, options in ((DenseAutoencoder, {}), (DenoisingAutoencoder, {"noise": "mask"})):
        torch.manual_seed(0)
        model = family(8, hidden=(32,), **options)
        fit(model, blobs, epochs=60, batch_size=8, lr=5e-3, progress=False)
        errors.append((model(damaged) - blobs).square().mean().item())
    assert errors[1] < 0.1 * (damaged - blobs).square().mean()
    assert errors[1] < 0.5 * errors[0]


@every_damage
@given(strength=junk.filter(lambda s: s is not None and not (isinstance(s, float) and 0 <= s <= 5)))
@example(strength=-1)
@example(strength=29)
@example(strength=True)
@example(strength=float("nan"))
def test_bad_strength(noise, strength):
    """Named as the model names it, with the damage and what that one accepts."""
    message = refuses("strength", DenoisingAutoencoder, 2, hidden=(), noise=noise, strength=strength)
    assert repr(noise) in message


@given(
    noise=choices_other_than(*CORRUPTIONS, "mixed"),
    size=not_counts,
    activation=choices_other_than("gelu", "relu", "sigmoid", "tanh", "linear"),
    strength=junk.filter(lambda s: s is not None) | st.floats(0, 1),
)
@example(noise="salt_and_pepper", size=0, activation="GELU", strength=0.5)
def test_bad_settings(noise, size, activation, strength):
    """The rest as in the dense family; "mixed" draws its own strengths."""
    before = torch.get_rng_state()
    assert "mixed" in refuses("noise", DenoisingAutoencoder, noise=noise)
    refuses("in_features", DenoisingAutoencoder, in_features=size)
    refuses("activation", DenoisingAutoencoder, activation=activation)
    refuses("strength", DenoisingAutoencoder, noise="mixed", strength=strength)
    assert torch.equal(torch.get_rng_state(), before)


def test_pictures_too_small_for_their_damage():
    """Found out when the model is built, not in the middle of a training."""
    refuses("strength", DenoisingAutoencoder, 2, noise="occlude", in_features=64)  # 12×12 on 8×8
    refuses("strength", DenoisingAutoencoder, 2, noise="downsample", in_features=81)
    refuses("strength", DenoisingAutoencoder, 2, noise="occlude", in_features=7)
    for features in (7, 49, 144, 18 * 18, 28 * 28 + 1):
        refuses("in_features", DenoisingAutoencoder, 2, noise="mixed", in_features=features)
    model = DenoisingAutoencoder(2, hidden=(), noise="mixed", in_features=256)
    for _ in range(50):
        assert torch.isfinite(model.loss(torch.rand(3, 256))["total"])


@pytest.mark.parametrize("noise", ["mask", "salt and pepper", "occlude", "mixed"])
def test_black_is_nothing_outside_the_unit_range(noise):
    """With a linear output too, what writes 0 for black takes pixels in [0, 1]; noise takes any numbers."""
    refuses("x", build(noise=noise, output="linear").check_images, "x", torch.rand(4, 784) * 2 - 1)
    build(noise="gaussian", output="linear").check_images("x", torch.rand(4, 784) * 2 - 1)


@given(x=bad_images(784).filter(lambda x: not isinstance(x, torch.Tensor) or not x.is_floating_point() or x.ndim != 2))
def test_bad_rows(x):
    """Damage too asks for pictures."""
    for model in (build(), build(noise="mixed")):
        refuses("x", model.damage, x)
        refuses("x", model.loss, x)
