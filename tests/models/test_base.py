"""Every family against formulas worked out without torch's layers, and what the families refuse."""

import json

import numpy as np
import pytest
import torch
from helpers.strategies import (
    bad_images,
    choices_other_than,
    junk,
    not_bools,
    not_counts,
    numpy_of,
    refuses,
    same,
    state_of,
)
from hypothesis import example, given, strategies as st
from scipy.special import erf, expit
from sklearn.decomposition import PCA

from aecourse.evaluation import reconstruction_mse
from aecourse.explorers.base.network import for_display
from aecourse.models import (
    FAMILIES,
    Autoencoder,
    ConvAutoencoder,
    DenseAutoencoder,
    LinearAutoencoder,
    StackedAutoencoder,
)
from aecourse.training import fit

OWN_LOSS = ("SparseAutoencoder", "DenoisingAutoencoder", "ContractiveAutoencoder", "VariationalAutoencoder")

BUILDS = {
    "dense": ("DenseAutoencoder", {"latent_dim": 3, "hidden": (16, 8)}),
    "dense, no hidden layer": ("DenseAutoencoder", {"latent_dim": 3, "hidden": ()}),
    "dense, bce": ("DenseAutoencoder", {"latent_dim": 3, "hidden": (8,), "objective": "bce", "activation": "tanh"}),
    "dense, linear output": ("DenseAutoencoder", {"latent_dim": 3, "hidden": (8,), "output": "linear"}),
    "dense, batch norm": ("DenseAutoencoder", {"latent_dim": 3, "hidden": (8,), "batch_norm": True}),
    "linear": ("LinearAutoencoder", {"latent_dim": 3}),
    "pca": ("PCA", {"latent_dim": 3}),
    "nested": ("NestedAutoencoder", {"latent_dim": 6, "hidden": (8,)}),
    "nested, bce": ("NestedAutoencoder", {"latent_dim": 6, "hidden": (8,), "objective": "bce"}),
    "conv, two layers": ("ConvAutoencoder", {"latent_dim": 3, "hidden": (2, 4)}),
    "conv, one layer": ("ConvAutoencoder", {"latent_dim": 3, "hidden": (2,)}),
    "shallow": ("ShallowAutoencoder", {"latent_dim": 3, "activation": "sigmoid"}),
    "stacked": ("StackedAutoencoder", {"latent_dim": 3, "hidden": (16, 8), "depth": 3}),
    "stacked, half way": ("StackedAutoencoder", {"latent_dim": 3, "hidden": (16, 8), "depth": 2}),
    "sparse, l1": ("SparseAutoencoder", {"latent_dim": 20, "penalty": "l1", "strength": 0.3}),
    "sparse, kl": ("SparseAutoencoder", {"latent_dim": 20, "penalty": "kl", "rho": 0.1}),
    "sparse, topk": ("SparseAutoencoder", {"latent_dim": 20, "penalty": "topk", "k": 5}),
    "denoising": ("DenoisingAutoencoder", {"latent_dim": 3, "hidden": (8,), "noise": "occlude", "strength": 9}),
    "denoising, mixed": ("DenoisingAutoencoder", {"latent_dim": 3, "hidden": (8,), "noise": "mixed"}),
    "contractive": ("ContractiveAutoencoder", {"latent_dim": 3, "strength": 0.5}),
    "contractive, deep": ("ContractiveAutoencoder", {"latent_dim": 3, "hidden": (8,)}),
    "variational": ("VariationalAutoencoder", {"latent_dim": 3, "hidden": (8,), "beta": 2.0}),
    "variational, gaussian": (
        "VariationalAutoencoder",
        {"latent_dim": 3, "hidden": (), "likelihood": "gaussian", "free_bits": 0.1, "sigma": 0.5},
    ),
}


@pytest.fixture(params=BUILDS)
def model(request) -> Autoencoder:
    """Each family, small, in evaluation mode."""
    family, config = BUILDS[request.param]
    torch.manual_seed(0)
    return FAMILIES[family](**config).eval()


@pytest.fixture
def x() -> torch.Tensor:
    """Five images of noise."""
    return torch.rand(5, 784, generator=torch.Generator().manual_seed(1))


def test_every_family_is_built_here():
    """A new family belongs into this list."""
    assert {family for family, _ in BUILDS.values()} == set(FAMILIES)


def test_shapes(model, x):
    """Encode, decode, forward: (n, 784) → (n, k) → (n, 784)."""
    z = model.encode(x)
    assert z.shape == (5, model.latent_dim)
    assert model.decode(z).shape == model(x).shape == x.shape
    assert torch.equal(model.decode(z), model(x))
    if model.pixels_in_unit_range:
        assert model(x).min() >= 0
        assert model(x).max() <= 1


def test_config_builds_an_equal_model(model, x):
    """Also after a journey through JSON, as in a weights file."""
    twin = type(model)(**json.loads(json.dumps(model.config.arguments()))).eval()
    assert twin.config == model.config
    twin.load_state_dict(model.state_dict())
    assert torch.equal(twin(x), model(x))


@pytest.mark.parametrize("model", [name for name in BUILDS if name != "pca"], indirect=True)
def test_every_parameter_learns(model, x):
    """No layer is left out of the graph."""
    torch.manual_seed(0)
    model.train().loss(x)["total"].backward()
    in_use = model.layers[: model.depth] if isinstance(model, StackedAutoencoder) else model
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in in_use.parameters())
    assert all(p.grad.abs().sum() > 0 for p in in_use.parameters())


def test_terms_of_the_loss(model, x):
    """Scalars on the images' device, "total" among them; judging gives the same kind and changes nothing."""
    before = state_of(model)
    for mode in (torch.enable_grad, torch.no_grad, torch.inference_mode):
        with mode():
            terms = model.loss(x)
        assert all(term.shape == () and torch.isfinite(term) for term in terms.values())
        assert "total" in terms
    assert same(model.state_dict(), before)


@pytest.mark.parametrize("model", [name for name in BUILDS if name != "pca"], indirect=True)
def test_fit_and_mse_take_every_family(model, x):
    """As they are: the same numbers under one seed, a history of every term, and an error per pixel."""
    start, results = state_of(model), []
    for _ in range(2):
        model.load_state_dict(start)
        torch.manual_seed(0)
        history = fit(model, x, epochs=2, batch_size=3, validation=x, progress=False)
        results.append((history.train, history.validation, state_of(model)))
    assert results[0][:2] == results[1][:2]
    assert same(results[0][2], results[1][2])
    assert not same(results[0][2], start)
    assert history.train[0].keys() == history.validation[0].keys() == model.loss(x).keys()
    assert reconstruction_mse(model, x) == pytest.approx(np.mean((numpy_of(model(x)) - numpy_of(x)) ** 2), rel=1e-5)


def test_every_family_works_on_every_device(model, x, device):
    """Weights, codes and losses stay together."""
    model, x = model.to(device), x.to(device)
    assert model(x).device == model.train().loss(x)["total"].device == x.device


def test_explorers_take_a_copy(model, device):
    """Of the network as it is now; the network itself stays where it is and as it is."""
    shown = for_display(model.to(device).train())
    assert model.training and not shown.training
    assert {weight.device.type for weight in shown.parameters()} == {"cpu"}
    assert same({name: weight.cpu() for name, weight in state_of(model).items()}, state_of(shown))
    assert not {*shown.parameters()} & {*model.parameters()}


@pytest.mark.parametrize(
    "model", [name for name, (family, _) in BUILDS.items() if family not in OWN_LOSS], indirect=True
)
def test_loss_is_the_formula(model, x):
    """Mean squared error, or cross-entropy, averaged over pixels and images; other losses are tested by family."""
    x_hat, target = numpy_of(model(x)), numpy_of(x)
    if getattr(model.config, "objective", "mse") == "bce":
        expected = -(target * np.log(x_hat) + (1 - target) * np.log(1 - x_hat)).mean()
    else:
        expected = ((x_hat - target) ** 2).mean()
    terms = model.loss(x)
    assert terms.keys() == {"total"}
    assert terms["total"].shape == ()
    assert terms["total"].item() == pytest.approx(expected, rel=1e-5)


NONLINEARITY = {
    "gelu": lambda a: a * (1 + erf(a / np.sqrt(2))) / 2,
    "relu": lambda a: np.maximum(a, 0),
    "sigmoid": expit,
    "tanh": np.tanh,
    "linear": lambda a: a,
}


@pytest.mark.parametrize("activation", NONLINEARITY)
@pytest.mark.parametrize("output", ["sigmoid", "linear"])
def test_dense_layers_by_hand(x, activation, output):
    """784 → 16 → 3 → 16 → 784 in NumPy; the code itself is linear."""
    model = DenseAutoencoder(3, hidden=(16,), activation=activation, output=output)
    w1, b1, w2, b2, w3, b3, w4, b4 = map(numpy_of, model.parameters())
    hidden = NONLINEARITY[activation](numpy_of(x) @ w1.T + b1)
    z = hidden @ w2.T + b2
    np.testing.assert_allclose(numpy_of(model.encode(x)), z, atol=1e-5)
    out = NONLINEARITY[activation](z @ w3.T + b3) @ w4.T + b4
    np.testing.assert_allclose(numpy_of(model(x)), NONLINEARITY[output](out), atol=1e-5)


def test_batch_norm_by_hand(x):
    """While training, each hidden unit has mean 0 and deviation 1 over the batch before its activation."""
    model = DenseAutoencoder(3, hidden=(16,), activation="linear", batch_norm=True).train()
    w1, b1 = (numpy_of(p) for p in (model.encoder[0].weight, model.encoder[0].bias))
    w2, b2 = (numpy_of(p) for p in (model.encoder[-1].weight, model.encoder[-1].bias))
    hidden = numpy_of(x) @ w1.T + b1
    hidden = (hidden - hidden.mean(0)) / np.sqrt(hidden.var(0) + 1e-5)
    np.testing.assert_allclose(numpy_of(model.encode(x)), hidden @ w2.T + b2, atol=1e-4)


def test_linear_autoencoder_can_be_pca(mnist):
    """With the principal components as weights it rebuilds what scikit-learn's PCA rebuilds."""
    x = mnist[1].x[:500]
    pca = PCA(7).fit(x.numpy())
    model, axes = LinearAutoencoder(7), torch.from_numpy(pca.components_).float()
    mean = torch.from_numpy(pca.mean_).float()
    with torch.no_grad():
        model.encoder.weight.copy_(axes)
        model.encoder.bias.copy_(-axes @ mean)
        model.decoder.weight.copy_(axes.T)
        model.decoder.bias.copy_(mean)
    expected = pca.inverse_transform(pca.transform(x.numpy()))
    np.testing.assert_allclose(numpy_of(model(x)), expected, atol=1e-5)
    assert not model.pixels_in_unit_range  # PCA leaves [0, 1]; so may this


@pytest.mark.parametrize(("hidden", "maps"), [((5,), [(5, 14)]), ((5, 6), [(5, 14), (6, 7)])])
def test_conv_halves_and_doubles(x, hidden, maps):
    """28 → 14 → 7 and back, with the channels asked for."""
    model, seen = ConvAutoencoder(3, hidden=hidden), []
    for part in model.modules():
        if isinstance(part, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            part.register_forward_hook(lambda part, x, y: seen.append((y.shape[1], y.shape[2])))
    model(x)
    assert seen == [*maps, *maps[-2::-1], (1, 28)]


def test_conv_sees_neighbours_only():
    """One pixel touches at most the 2×2 places whose 4×4 windows hold it; a dense layer touches all."""
    model = ConvAutoencoder(3, hidden=(4,))
    image = torch.zeros(2, 784)
    image[1, 13 * 28 + 9] = 1
    maps = model.encoder[:2](image)
    touched = (maps[1] - maps[0]).abs().amax(0) > 1e-7
    assert touched.nonzero().tolist() == [[6, 4], [6, 5], [7, 4], [7, 5]]


@pytest.mark.parametrize(
    ("model", "count"),
    [
        (DenseAutoencoder(32, hidden=(512,)), 784 * 512 + 512 + 512 * 32 + 32 + 32 * 512 + 512 + 512 * 784 + 784),
        (LinearAutoencoder(10), 784 * 10 + 10 + 10 * 784 + 784),
        (ConvAutoencoder(3, hidden=(2,)), 16 * 2 + 2 + 392 * 3 + 3 + 3 * 392 + 392 + 2 * 16 + 1),
    ],
    ids=["dense", "linear", "conv"],
)
def test_parameters_counted_by_hand(model, count):
    """Weights and biases of every layer."""
    assert model.parameter_count == count


@pytest.mark.parametrize("family", FAMILIES.values())
@given(size=not_counts)
@example(size="32")
@example(size=0)
@example(size=True)
@example(size=2.0)
def test_bad_latent_dim(family, size):
    """Refused before any layer is drawn: the random numbers stay where they were."""
    before = torch.get_rng_state()
    refuses("latent_dim", family, size)
    assert torch.equal(torch.get_rng_state(), before)


@given(
    size=not_counts,
    hidden=st.lists(not_counts, min_size=1, max_size=2) | junk.filter(lambda h: not isinstance(h, list | bytes)),
    activation=choices_other_than("gelu", "relu", "sigmoid", "tanh", "linear"),
    output=choices_other_than("sigmoid", "linear"),
    objective=choices_other_than("mse", "bce"),
    batch_norm=not_bools,
)
def test_bad_dense_settings(size, hidden, activation, output, objective, batch_norm):
    """Each argument of the dense family is named."""
    refuses("in_features", DenseAutoencoder, in_features=size)
    refuses("hidden", DenseAutoencoder, hidden=hidden)
    refuses("activation", DenseAutoencoder, activation=activation)
    refuses("output", DenseAutoencoder, output=output)
    refuses("objective", DenseAutoencoder, objective=objective)
    refuses("batch_norm", DenseAutoencoder, batch_norm=batch_norm)
    refuses("hidden", ConvAutoencoder, hidden=hidden)
    refuses("in_features", LinearAutoencoder, in_features=size)


def test_settings_that_do_not_go_together():
    """Cross-entropy needs probabilities; a convolution halves 28 at most twice."""
    refuses("objective", DenseAutoencoder, objective="bce", output="linear")
    refuses("hidden", ConvAutoencoder, hidden=(4, 8, 16))
    refuses("hidden", ConvAutoencoder, hidden=())


@given(
    rows=bad_images(784).filter(lambda x: not isinstance(x, torch.Tensor) or not x.is_floating_point() or x.ndim != 2)
)
def test_bad_rows(rows):
    """Images and codes of the wrong kind."""
    model = DenseAutoencoder(2, hidden=())
    refuses("x", model.encode, rows)
    refuses("x", model, rows)
    refuses("z", model.decode, rows)


@given(x=bad_images(784))
def test_bad_images(x):
    """What a model ending in a sigmoid refuses, and under the name it was given."""
    message = refuses("photos", DenseAutoencoder(2, hidden=()).check_images, "photos", x)
    if hasattr(x, "y"):
        assert "photos.x" in message


def test_a_linear_model_takes_any_finite_range():
    """Centred data are welcome where no sigmoid ends the model."""
    model = LinearAutoencoder(2)
    model.check_images("x", torch.full((2, 784), -3.0))
    refuses("x", model.check_images, "x", torch.full((2, 784), float("nan")))
