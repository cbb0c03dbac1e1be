"""Greedy pretraining against a loop written by hand."""

import threading

import pytest
import torch
from helpers.strategies import bad_images, junk, not_counts, not_rates, not_seeds, refuses, same, state_of
from hypothesis import example, given, strategies as st

from aecourse.data import shift_images
from aecourse.models import DenseAutoencoder, ShallowAutoencoder, StackedAutoencoder
from aecourse.training import fit, fit_layerwise, mean_loss

QUIET = {"progress": False}


@pytest.fixture
def x(blobs) -> torch.Tensor:
    """40 images that can be learnt."""
    return blobs


def build(depth: int = 0, **options) -> StackedAutoencoder:
    """784 → 16 → 8 → 4, the same each time."""
    torch.manual_seed(0)
    return StackedAutoencoder(4, hidden=(16, 8), depth=depth, **options)


def test_greedy_by_hand(x, device):
    """One layer after the other, each an autoencoder of the codes below, under one seed: the same to the last bit."""
    x = x.to(device)
    stack, layers = build().to(device), build().to(device).layers
    options = {"epochs": 3, "batch_size": 8, "lr": 1e-2, "schedule": "constant", "seed": 5, **QUIET}
    histories = fit_layerwise(stack, x, **options)
    codes, losses = x, []
    for layer in layers:
        losses.append(fit(layer, codes, **options).train)
        codes = layer.encode(codes).detach()
    assert same(stack.layers.state_dict(), layers.state_dict())
    assert [history.train for history in histories] == losses
    assert torch.equal(stack.encode(x), codes)
    twin = StackedAutoencoder.from_layers(list(layers))
    assert torch.equal(twin(x), stack(x))
    assert (stack.depth, stack.latent_dim, stack.training) == (3, 4, False)
    fit(stack, x, epochs=1, **QUIET)  # and all of them together learn from here


def test_lower_layers_rest_while_an_upper_one_trains(x):
    """And the upper ones wait; the depth grows by one with each finished layer."""
    stack, seen = build(), []
    fit_layerwise(stack, x, epochs=1, on_epoch=lambda history: seen.append((stack.depth, state_of(stack))), **QUIET)
    start, end = state_of(build()), state_of(stack)
    assert [depth for depth, _ in seen] == [0, 1, 2]
    for training, (_, state) in enumerate(seen):
        for name, value in state.items():
            layer = int(name.split(".")[1])
            assert torch.equal(value, end[name]) == (layer <= training)
            assert torch.equal(value, start[name]) == (layer > training)
    assert stack.depth == 3


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_stop_keeps_the_finished_layers(x, layer):
    """The histories say where it ended; what is done can be used, what is not is not in use."""
    stack, stop, untouched = build(), threading.Event(), state_of(build())
    press = lambda history: stack.depth == layer and stop.set()  # noqa: E731
    histories = fit_layerwise(stack, x, epochs=5, on_epoch=press, stop=stop, **QUIET)
    assert [history.stopped for history in histories] == [""] * layer + ["Stop"]
    assert [history.epochs for history in histories] == [5] * layer + [1]
    assert stack.depth == layer
    for name in untouched:
        if int(name.split(".")[1]) > layer:
            assert torch.equal(untouched[name], stack.state_dict()[name])
    if layer:
        assert stack(x).shape == x.shape
    assert not stack.training
    fit_layerwise(stack, x, epochs=1, **QUIET)
    assert stack.depth == 3


def test_it_learns_and_is_judged(x):
    """Each layer's loss falls; validation is passed up through the layers too."""
    stack = build()
    histories = fit_layerwise(stack, x, epochs=40, batch_size=8, lr=1e-2, validation=x[:7], **QUIET)
    codes = x[:7]
    for layer, history in zip(stack.layers, histories, strict=True):
        assert history.train[-1]["total"] < 0.5 * history.train[0]["total"]
        assert history.validation[-1] == pytest.approx(mean_loss(layer, codes), rel=1e-4)
        codes = layer.encode(codes).detach()
    assert stack.loss(x)["total"] < 0.1 * build(3).loss(x)["total"]


@given(epochs=not_counts, batch_size=not_counts, lr=not_rates, seed=not_seeds, images=bad_images(784))
@example(epochs=0, batch_size=0, lr=0, seed=-1, images=None)
def test_bad_settings_leave_a_finished_stack_alone(epochs, batch_size, lr, seed, images):
    """Before any work: no weight changes, and the depth stays."""
    stack, good = build(3), torch.full((3, 784), 0.5)
    before = state_of(stack)
    for name, value in (("epochs", epochs), ("batch_size", batch_size), ("lr", lr), ("seed", seed)):
        refuses(name, fit_layerwise, stack, good, **{name: value})
    refuses("x", fit_layerwise, stack, images)
    if images is not None:
        refuses("validation", fit_layerwise, stack, good, validation=images)
    assert stack.depth == 3
    assert same(stack.state_dict(), before)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("augment", shift_images), ("augment", "shift"), ("on_epoch", 3), ("stop", True), ("schedule", "cosine"),
        ("batch_sise", 8), ("labels", torch.zeros(40)), ("validation", torch.zeros(3, 5)), ("x", torch.zeros(40, 5)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("depth", [0, 3])
def test_what_would_fail_later_fails_before(x, name, value, depth):
    """An option for pictures only, of the wrong type, unknown to `fit`: no weight and no depth changes."""
    stack = build(depth)
    before = state_of(stack)
    options = {"x": x, "epochs": 1, **QUIET, name: value}
    message = refuses(name, lambda: fit_layerwise(stack, options.pop("x"), **options))
    assert stack.depth == depth
    assert same(stack.state_dict(), before)
    if name == "augment":
        assert "fit(stack, x, augment=" in message
    fit_layerwise(stack, x, epochs=1, augment=None, on_epoch=None, stop=None, **QUIET)


def test_a_layer_that_cannot_learn(x):
    """All its weights are fixed: said before the layers below it train."""
    stack = build(3)
    stack.layers[1].requires_grad_(False)
    before = state_of(stack)
    refuses("stack", fit_layerwise, stack, x, epochs=1, **QUIET)
    assert stack.depth == 3
    assert same(stack.state_dict(), before)


@given(stack=junk | st.just(DenseAutoencoder(2, hidden=())) | st.just(ShallowAutoencoder(2)))
def test_what_is_no_stack(stack):
    """Only a stack has layers to train one by one."""
    refuses("stack", fit_layerwise, stack, torch.zeros(3, 784))
