"""The generator explorer: each way to generate against the model itself, and the numbers that are said of it."""

import numpy as np
import pytest
import torch
import traitlets
from helpers.strategies import choices_other_than, junk, numpy_of, refuses
from hypothesis import given, strategies as st
from safetensors.torch import load
from scipy.stats import chi2
from torch.distributions import Normal

from aecourse.data import normalise_digit
from aecourse.explorers import GeneratorExplorer
from aecourse.explorers.prior_map import REACH
from aecourse.models import DenseAutoencoder, VariationalAutoencoder
from aecourse.plotting import as_images
from aecourse.zoo import BETAS, VARIATIONAL
from aecourse.zoo.weights import load_weights


@pytest.fixture(scope="module")
def explorer() -> GeneratorExplorer:
    """One with all three modes."""
    return GeneratorExplorer()


def put(explorer, **settings) -> dict:
    """Set some controls; return all settings."""
    for name, value in settings.items():
        setattr(explorer, name, value)
    return explorer.settings()


def shown(explorer, **settings) -> dict[str, np.ndarray]:
    """The rows after some controls were set."""
    return {name: numpy_of(row) for name, row in explorer.rows(**put(explorer, **settings)).items()}


def decoded(name: str, z: list[float]) -> np.ndarray:
    """What a shipped network draws."""
    return numpy_of(load_weights(name).decode(torch.tensor([z])))


def test_the_codes_are_those_of_beta(explorer, mnist):
    """In the page, for every β: means, log variances, labels and a picture."""
    backgrounds = set()
    for beta in BETAS:
        sent = load(explorer.later[f"map-{beta:g}"]())
        mu, logvar = load_weights(VARIATIONAL[beta]).posterior(mnist[1].x[:50])
        assert sent["codes"].dtype == sent["logvar"].dtype == torch.float16
        assert np.allclose(sent["codes"][:50], mu.detach(), rtol=5e-4, atol=1e-4)
        assert np.allclose(sent["logvar"][:50], logvar.detach(), rtol=5e-4, atol=1e-3)
        assert torch.equal(sent["labels"].long(), mnist[1].y)
        backgrounds.add(bytes(sent["picture"].numpy()))
    assert len(backgrounds) == len(BETAS)


@pytest.mark.parametrize("beta", BETAS)
def test_the_map_decodes_and_describes_its_place(explorer, mnist, beta):
    """Pixels, the share of draws farther out, the neighbours' label, and how many codes fit the frame."""
    z = [1.75, 1.4]
    settings = put(explorer, mode="map", beta=beta, z1=z[0], z2=z[1], digit=-1)
    np.testing.assert_allclose(explorer.rows(**settings)["decoded"].detach(), decoded(VARIATIONAL[beta], z), atol=1e-6)
    codes = numpy_of(load_weights(VARIATIONAL[beta]).encode(mnist[1].x)).astype(np.float16).astype(np.float64)
    numbers = explorer.numbers(**settings)
    assert numbers["farther"] == pytest.approx(chi2(2).sf(z[0] ** 2 + z[1] ** 2))
    nearest = mnist[1].y.numpy()[np.argsort(((codes - z) ** 2).sum(1))[:20]]
    assert numbers["share"] == pytest.approx(np.bincount(nearest).max() / 20)
    assert (nearest == numbers["label"]).sum() == np.bincount(nearest).max()
    assert numbers["inside"] == pytest.approx((np.abs(codes) <= REACH).all(1).mean(), abs=2e-4)


@pytest.mark.parametrize("beta", BETAS)
def test_each_tile_is_decoded_at_its_middle(explorer, beta):
    """Sixteen tiles a side; the first stands at the lowest z₁ and the highest z₂."""
    tiles = explorer.map_of(beta).tiles()
    assert tiles.shape == (448, 448)
    for row, column in ((0, 0), (0, 15), (9, 3)):
        z = [-REACH + (column + 0.5) * REACH / 8, REACH - (row + 0.5) * REACH / 8]
        expected = as_images(torch.from_numpy(decoded(VARIATIONAL[beta], z)).float())[0].astype(int)
        tile = tiles[28 * row : 28 * row + 28, 28 * column : 28 * column + 28]
        assert np.abs(tile.astype(int) - expected).max() <= 1


@given(beta=st.sampled_from(BETAS), digit=st.integers(0, 9_999))
def test_the_ellipse_is_that_of_q(explorer, mnist, beta, digit):
    """Mean and standard deviation of the chosen digit's code; nothing of it without one."""
    numbers = explorer.numbers(**put(explorer, mode="map", beta=beta, digit=digit))
    mu, logvar = load_weights(VARIATIONAL[beta]).posterior(mnist[1].x[digit : digit + 1])
    assert [numbers["mu1"], numbers["mu2"]] == pytest.approx(mu[0].tolist(), rel=5e-4, abs=1e-4)
    rounding = 1e-4 + float(logvar.detach().abs().max()) * 2**-12  # half precision changes a number by a share of 2⁻¹¹
    assert [numbers["sigma1"], numbers["sigma2"]] == pytest.approx((logvar / 2).exp()[0].tolist(), rel=rounding)
    assert "mu1" not in explorer.numbers(**put(explorer, digit=-1))


@given(z=st.lists(st.floats(-3, 3, width=32), min_size=20, max_size=20))
def test_twenty_dials_are_one_code(explorer, z):
    """The first slider is the dimension with most KL; the length is that of what is active of the code."""
    settings = put(explorer, mode="twenty", z=z)
    code = torch.zeros(20)
    code[explorer.axes.steps.argmax(1)] = torch.tensor(z)
    row = explorer.rows(**settings)["decoded"].detach()
    np.testing.assert_allclose(row, decoded("vae-20d", code.tolist()), atol=1e-6)
    length = np.sqrt(np.square(z[: explorer.setup["active"]]).sum())
    assert explorer.numbers(**settings) == {"length": pytest.approx(length)}


def test_the_dials_are_sorted_by_what_they_tell(explorer, mnist):
    """By the KL divergence of their dimension, as torch.distributions has it."""
    mu, logvar = load_weights("vae-20d").posterior(mnist[1].x)
    dimension = torch.distributions.kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(0, 1)).mean(0)
    told = dimension[explorer.axes.steps.argmax(1)]
    assert (told.diff() <= 1e-6).all()


def test_the_usual_lengths_are_those_of_draws(explorer):
    """Of as many normal numbers as are active, 95 % are as long as the words say."""
    low, high = explorer.setup["usual"]
    lengths = np.linalg.norm(np.random.default_rng(0).normal(size=(20_000, explorer.setup["active"])), axis=1)
    assert np.mean((lengths > low) & (lengths < high)) == pytest.approx(0.95, abs=0.015)


def test_dials_that_are_asleep_change_nothing(explorer, mnist):
    """The sliders are sorted: all active ones first, and the last ones leave the picture alone."""
    order, active = explorer.axes.steps.argmax(1), explorer.setup["active"]
    varies = numpy_of(load_weights("vae-20d").encode(mnist[1].x)).var(0)[order] > 0.01
    assert varies.tolist() == [True] * active + [False] * (20 - active)
    explorer.start_from(0)
    z, before = explorer.z, shown(explorer, mode="twenty")["decoded"]
    moved = shown(explorer, z=[z[0] - 1, *z[1:]])["decoded"]
    assert np.abs(moved - before).max() > 0.08
    asleep = shown(explorer, z=[*z[:-1], 3.0 if active < 20 else z[-1]])["decoded"]
    assert np.abs(asleep - before).max() < 0.08


def test_the_dials_start_from_a_digit(explorer):
    """Which comes back."""
    x = explorer.images.x
    for place in (5, 0):
        explorer.start_from(place)
        restored = numpy_of(load_weights("vae-20d")(x[place : place + 1]))
        np.testing.assert_allclose(shown(explorer, mode="twenty")["decoded"], restored, atol=2e-3)
    assert GeneratorExplorer("twenty").z == explorer.z


@pytest.mark.parametrize("network", ["vae-20d", "vae-2d-beta1"])
@pytest.mark.parametrize("share", [0, 0.25, 1])
def test_between_mixes_pixels_and_codes(explorer, mnist, strokes, network, share):
    """The ends, both mixtures, how gray they are, and a drawing in the first digit's place."""
    put(explorer, mode="between", network=network, share=share, first=7, second=11)
    for ink, first in ((b"", mnist[1].x[7]), (strokes.tobytes(), torch.from_numpy(normalise_digit(strokes)))):
        rows, model = shown(explorer, ink=ink), load_weights(network)
        ends = torch.stack([first, mnist[1].x[11]])
        z = numpy_of(model.encode(ends))
        mixed = torch.from_numpy((1 - share) * z[0] + share * z[1]).float()
        expected = [ends[0], (1 - share) * ends[0] + share * ends[1], model.decode(mixed[None])[0], ends[1]]
        assert list(rows) == ["from", "mixed in pixels", "mixed in code", "to"]
        for row, tile in zip(rows.values(), expected, strict=True):
            np.testing.assert_allclose(row[0], numpy_of(tile), atol=1e-5)
        for name, gray in explorer.numbers(**explorer.settings()).items():
            bars = np.histogram(rows[name], [0, 0.2 - 1e-5, 0.2 + 1e-5, 0.8 - 1e-5, 0.8 + 1e-5, 1.1])[0]
            assert bars[2] / max(1, bars[1:].sum()) - 1e-6 <= gray <= bars[1:4].sum() / max(1, bars[2:].sum()) + 1e-6
    explorer.ink = b""


def test_each_mode_keeps_a_picture_for_readers_without_a_kernel(explorer):
    """Three different ones."""
    pictures = set()
    for mode in ("twenty", "between", "map"):
        explorer.mode = mode
        pictures.add(explorer.static_png())
    assert len(pictures) == 3 and min(map(len, pictures)) > 3_000


@pytest.mark.parametrize("mode", ["map", "twenty", "between"])
def test_what_the_first_picture_needs_comes_with_the_widget(mode):
    """And no more: the rest is asked for."""
    explorer = GeneratorExplorer(mode)
    needs = {"map": {"map-1", "vae-2d-beta1"}, "twenty": {"vae-20d", "axes"}, "between": {"vae-20d", "pictures-0"}}
    assert set(explorer.assets) == needs[mode]
    assert sum(map(len, explorer.assets.values())) < 2.5e6
    assert {f"map-{beta:g}" for beta in BETAS} | set(VARIATIONAL.values()) < set(explorer.later)


@given(mode=choices_other_than("map", "twenty", "between"))
def test_bad_mode(mode):
    """Only the three there are."""
    if mode is not None:  # the first there is
        refuses("mode", GeneratorExplorer, mode)


@given(beta=(junk | st.integers(-5, 20)).filter(lambda b: isinstance(b, bool) or b not in BETAS))
def test_bad_beta(beta):
    """Only those for which weights ship."""
    refuses("beta", GeneratorExplorer, beta=beta)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("z", [1.0, 2.0]), ("z", [0.0] * 21), ("z", ["a"] * 20), ("z", [3.1] * 20), ("z1", 3.6), ("z2", float("nan")),
        ("beta", 2), ("shows", "code"), ("mode", "Map"), ("digit", -2), ("digit", 10_000), ("first", -1),
        ("share", 1.1), ("second", 10_000), ("network", "vae-2d-beta3"), ("ink", b"abc"),
    ],
)  # fmt: skip
def test_bad_settings(explorer, name, value):
    """Each is refused by name, and the old value stays."""
    before = getattr(explorer, name)
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(explorer, name, value)
    assert getattr(explorer, name) == before


def test_the_training_panel_gets_the_same_pictures():
    """And a variational autoencoder to train."""
    explorer = GeneratorExplorer(images=torch.rand(12, 784))
    trainer = explorer.open_training()
    assert torch.equal(trainer.shown, explorer.images.x[:10])
    assert trainer.model.latent_dim == 2
    explorer.close()


def test_pictures_come_in_parts():
    """All of them, in their order, with their labels."""
    x = torch.rand(1_203, 784)
    explorer = GeneratorExplorer("twenty", images=x)
    parts = [load(explorer.later[f"pictures-{nth}"]()) for nth in range(3)]
    assert torch.equal(torch.cat([part["x"] for part in parts]), x)
    assert [len(part["y"]) for part in parts] == [500, 500, 203]
    assert "pictures-3" not in explorer.later


@pytest.mark.parametrize("count", [None, 300])
def test_draws_of_a_network_without_a_prior(mnist, count):
    """They have the mean and the covariance of its codes of the training digits, or of the pictures it was given."""
    torch.manual_seed(0)
    model, images = DenseAutoencoder(6, hidden=(20,)).eval(), count and mnist[1].x[:count]
    explorer = GeneratorExplorer(model=model, images=images)
    assert explorer.mode == "twenty" and explorer.setup["yours"] == "your DenseAutoencoder"
    assert explorer.setup["spread"] == ("your 300 pictures" if count else "10,000 training digits")
    codes = numpy_of(model.encode(images if count else mnist[0].x[:10_000]))
    rng, axes = np.random.default_rng(0), explorer.axes
    draws = np.concatenate([numpy_of(axes.code(rng.normal(size=20).tolist())) for _ in range(4_000)])
    spread = codes.std(0)
    np.testing.assert_allclose(draws.mean(0), codes.mean(0), atol=0.06 * spread.max())
    np.testing.assert_allclose(np.cov(draws.T), np.cov(codes.T), atol=0.1 * spread.max() ** 2)
    assert explorer.setup["share"] == pytest.approx(1)  # six components of six numbers
    explorer.start_from(7)  # and a code comes back, as far as the sliders go
    assert explorer.z[6:] == [0.0] * 14
    code = model.encode(explorer.images.x[7:8])
    np.testing.assert_allclose(numpy_of(axes.code(axes.places(code[0]))), numpy_of(code), atol=1e-4)
    row = explorer.rows(**put(explorer, z=[1.0, -2.0, *[0.5] * 18]))["decoded"]
    code = axes.middle + axes.steps[0] - 2 * axes.steps[1] + 0.5 * axes.steps[2:].sum(0)
    np.testing.assert_allclose(numpy_of(row), numpy_of(model.decode(code[None])), atol=1e-5)
    with pytest.raises(traitlets.TraitError, match="mode must be"):
        explorer.mode = "map"


def test_a_variational_network_of_ones_own(mnist):
    """With two numbers it has a map, of its own β; its numbers are drawn from the prior."""
    torch.manual_seed(0)
    model = VariationalAutoencoder(2, hidden=(20,), beta=2.5).eval()
    explorer = GeneratorExplorer(model=model)
    assert (explorer.mode, explorer.beta, explorer.setup["betas"]) == ("map", 2.5, [2.5])
    assert set(explorer.assets) == {"map-yours", "yours"}
    mu, logvar = model.posterior(mnist[1].x[5:6])
    numbers = explorer.numbers(**put(explorer, z1=1.0, z2=0.5, digit=5))
    assert [numbers["mu1"], numbers["mu2"]] == pytest.approx(mu[0].tolist(), abs=1e-5)
    assert [numbers["sigma1"], numbers["sigma2"]] == pytest.approx((logvar / 2).exp()[0].tolist(), abs=1e-5)
    expected = model.decode(torch.tensor([[1.0, 0.5]]))
    np.testing.assert_allclose(numpy_of(explorer.rows(**explorer.settings())["decoded"]), numpy_of(expected), atol=1e-6)
    assert not explorer.axes.middle.any()
    assert torch.equal(explorer.axes.steps.sort(0).values, torch.tensor([[0.0, 0], [1, 1]]))
    assert explorer.static_png()
    for name, value in (("beta", 1.0), ("network", "vae-20d")):
        with pytest.raises(traitlets.TraitError, match=f"{name} must be"):
            setattr(explorer, name, value)


def test_a_long_code_and_the_way_between(mnist):
    """The first twenty components or numbers have sliders; the way goes through the whole code."""
    torch.manual_seed(0)
    for model in (VariationalAutoencoder(30, hidden=(20,)).eval(), DenseAutoencoder(100, hidden=()).eval()):
        explorer = GeneratorExplorer("between", model=model)
        assert explorer.axes.steps.shape == (20, model.latent_dim)
        settings = put(explorer, share=0.25, first=7, second=11)
        z = model.encode(mnist[1].x[[7, 11]])
        mixed = model.decode(0.75 * z[:1] + 0.25 * z[1:])
        np.testing.assert_allclose(numpy_of(explorer.rows(**settings)["mixed in code"]), numpy_of(mixed), atol=1e-5)
        refuses("mode", GeneratorExplorer, "map", model=model)


def test_networks_and_pictures_that_cannot_be_used(mnist):
    """Said in words; one picture has no spread."""
    refuses("model", GeneratorExplorer, model="vae-20d")
    refuses("images", GeneratorExplorer, model=DenseAutoencoder(3, hidden=()), images=mnist[1].x[:1])
    GeneratorExplorer(model=VariationalAutoencoder(3, hidden=(8,)), images=mnist[1].x[:1])  # a prior needs none
