"""The stack against its layers written out in NumPy."""

import json

import numpy as np
import pytest
import torch
from helpers.models import small_stack
from helpers.strategies import choices_other_than, junk, not_counts, numpy_of, refuses, same, state_of
from hypothesis import example, given, strategies as st
from scipy.special import erf, expit

from aecourse.evaluation import reconstruction_mse
from aecourse.models import Classifier, DenseAutoencoder, ShallowAutoencoder, StackedAutoencoder
from aecourse.training import fit

NONLINEARITY = {
    "gelu": lambda a: a * (1 + erf(a / np.sqrt(2))) / 2,
    "relu": lambda a: np.maximum(a, 0),
    "sigmoid": expit,
    "tanh": np.tanh,
    "linear": lambda a: a,
}


def blocks(*sizes: int, activation: str = "relu") -> list[ShallowAutoencoder]:
    """Shallow autoencoders that chain."""
    last = len(sizes) - 2
    return [
        ShallowAutoencoder(
            sizes[i + 1],
            in_features=sizes[i],
            activation="linear" if i == last else activation,
            output=activation if i else "sigmoid",
        )
        for i in range(last + 1)
    ]


def through(part: torch.nn.Sequential, rows: np.ndarray, activation: str) -> np.ndarray:
    """One layer in NumPy."""
    return NONLINEARITY[activation](rows @ numpy_of(part[0].weight).T + numpy_of(part[0].bias))


@pytest.fixture
def x() -> torch.Tensor:
    """20 rows of noise."""
    return torch.rand(20, 12, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("activation", NONLINEARITY)
@pytest.mark.parametrize("output", NONLINEARITY)
def test_shallow_by_hand(x, activation, output):
    """One layer in, one layer out, each with its own activation."""
    model = ShallowAutoencoder(5, in_features=12, activation=activation, output=output)
    z = through(model.encoder, numpy_of(x), activation)
    np.testing.assert_allclose(numpy_of(model.encode(x)), z, atol=1e-5)
    np.testing.assert_allclose(numpy_of(model(x)), through(model.decoder, z, output), atol=1e-5)
    assert model.pixels_in_unit_range == (output == "sigmoid")


@pytest.mark.parametrize("activation", NONLINEARITY)
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_stack_by_hand(x, depth, activation, device):
    """Up through the layers in use and down again; the topmost code is linear, the picture in [0, 1]."""
    model = small_stack(depth, activation=activation).to(device)
    rows = numpy_of(x)
    for i in range(depth):
        rows = through(model.layers[i].encoder, rows, "linear" if i == 2 else activation)
    z = model.encode(x.to(device))
    assert z.shape == (20, model.latent_dim) == (20, (8, 6, 3)[depth - 1])
    np.testing.assert_allclose(numpy_of(z), rows, atol=1e-5)
    for i in reversed(range(depth)):
        rows = through(model.layers[i].decoder, rows, activation if i else "sigmoid")
    np.testing.assert_allclose(numpy_of(model(x.to(device))), rows, atol=1e-5)
    expected = ((rows - numpy_of(x)) ** 2).mean()
    assert model.loss(x.to(device))["total"].item() == pytest.approx(expected, rel=1e-5)


def test_depth_is_remembered(x):
    """A stack cut short builds itself again from its config, also after a journey through JSON."""
    for depth in range(4):
        model = small_stack()
        model.depth = depth
        twin = StackedAutoencoder(**json.loads(json.dumps(model.config.arguments())))
        twin.load_state_dict(model.state_dict())
        assert (twin.depth, twin.config, twin.latent_dim) == (depth, model.config, model.latent_dim)
        if depth:
            assert torch.equal(twin(x), model(x))


def test_an_untrained_stack_refuses(x):
    """With the two ways out in the message."""
    stack = small_stack(0)
    before = state_of(stack)
    for ask in (stack.encode, stack, stack.loss, lambda x: fit(stack, x, progress=False), Classifier(stack)):
        assert "call fit_layerwise(stack, x), or build it with depth=3" in refuses("depth", ask, x)
    refuses("depth", stack.decode, torch.zeros(1, 3))
    refuses("depth", reconstruction_mse, stack, x)
    assert same(stack.state_dict(), before)


@pytest.mark.parametrize("activation", NONLINEARITY)
def test_stack_of_finished_layers(x, activation, device):
    """Encodes as one block after the other, and is a copy: training it leaves the blocks as they were."""
    layers = [layer.to(device) for layer in blocks(12, 8, 6, 3, activation=activation)]
    x = x.to(device)
    stack = StackedAutoencoder.from_layers(layers)
    assert (stack.depth, stack.sizes) == (3, (12, 8, 6, 3))
    z = layers[2].encode(layers[1].encode(layers[0].encode(x)))
    assert torch.equal(stack.encode(x), z)
    assert torch.equal(stack.decode(z), layers[0].decode(layers[1].decode(layers[2].decode(z))))
    before = [state_of(layer) for layer in layers]
    fit(stack, x, epochs=1, progress=False)
    assert all(same(layer.state_dict(), state) for layer, state in zip(layers, before, strict=True))
    assert not torch.equal(stack.encode(x), z)
    single = blocks(12, 8)
    assert torch.equal(StackedAutoencoder.from_layers(single)(x.cpu()), single[0](x.cpu()))


@given(sizes=st.lists(st.integers(1, 5), min_size=6, max_size=6))
@example(sizes=[5, 4, 4, 3, 2, 1])
def test_layers_that_do_not_chain(sizes):
    """The two layers and both numbers are named."""
    layers = [block for pair in (sizes[:2], sizes[2:4], sizes[4:]) for block in blocks(*pair)]
    gaps = [i for i in (0, 1) if sizes[2 * i + 1] != sizes[2 * i + 2]]
    if gaps:
        i = gaps[0]
        words = f"layers[{i}] gives {sizes[2 * i + 1]} numbers, layers[{i + 1}] takes {sizes[2 * i + 2]}"
        assert words in refuses("layers", StackedAutoencoder.from_layers, layers)


@given(layers=junk | st.just([]) | st.just([DenseAutoencoder(2, hidden=())]) | st.just(blocks(4, 2)[0]))
def test_what_is_no_layer(layers):
    """Only blocks are stacked."""
    refuses("layers", StackedAutoencoder.from_layers, layers)


def test_layers_of_another_kind():
    """A stack has one activation, a linear top and a sigmoid at the bottom."""
    for i, option in ((0, {"output": "linear"}), (1, {"activation": "gelu"}), (1, {"output": "tanh"})):
        layers = blocks(6, 4, 3, 2)
        layers[i] = ShallowAutoencoder(**{**layers[i].config.arguments(), **option})
        words = refuses("layers", StackedAutoencoder.from_layers, layers)
        assert f"layers[{i}]" in words
        assert next(iter(option)) in words


@given(
    hidden=st.lists(not_counts, min_size=1, max_size=2) | junk.filter(lambda h: not isinstance(h, list | bytes)),
    depth=junk | st.integers(max_value=-1) | st.integers(min_value=4),
    word=choices_other_than(*NONLINEARITY),
    size=not_counts,
)
@example(hidden=(0,), depth=4, word="GELU", size=0)
@example(hidden="8", depth=True, word=None, size=True)
def test_bad_settings(hidden, depth, word, size):
    """Each is named before any layer is drawn."""
    before, stack = torch.get_rng_state(), None
    refuses("hidden", StackedAutoencoder, hidden=hidden)
    refuses("depth", StackedAutoencoder, hidden=(8, 6), depth=depth)
    refuses("activation", StackedAutoencoder, activation=word)
    refuses("in_features", StackedAutoencoder, in_features=size)
    refuses("activation", ShallowAutoencoder, activation=word)
    refuses("output", ShallowAutoencoder, output=word)
    assert torch.equal(torch.get_rng_state(), before)
    stack = small_stack(2)
    refuses("depth", setattr, stack, "depth", depth)
    assert (stack.depth, stack.latent_dim) == (2, 6)
