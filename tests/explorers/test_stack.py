"""Stepping through a stack: its numbers against scikit-learn and plain loops, its codes as pictures, its arguments."""

import copy
import functools
import json

import numpy as np
import pytest
import torch
import traitlets
from helpers.strategies import not_counts, numpy_of, refuses
from hypothesis import example, given, strategies as st
from sklearn import decomposition
from sklearn.linear_model import RidgeClassifier

from aecourse.evaluation.probes import PENALTIES
from aecourse.explorers import StackExplorer
from aecourse.explorers.stack import code_tiles
from aecourse.models import DenseAutoencoder, StackedAutoencoder
from aecourse.zoo import load_split
from aecourse.zoo.stack_steps import stack_steps
from aecourse.zoo.weights import load_weights

SQUARES = {256: np.s_[6:22, 6:22], 128: np.s_[10:18, 6:22], 32: np.s_[12:16, 10:18]}  # where a code of a size is drawn


@functools.cache
def shared() -> StackExplorer:
    """One explorer for all tests that only move it."""
    return StackExplorer()


def small_stack(seed: int = 0, depth: int = 2) -> StackedAutoencoder:
    """784 → 6 → 3, untrained."""
    torch.manual_seed(seed)
    return StackedAutoencoder(3, hidden=(6,), depth=depth)


def layer_by_layer(stack: StackedAutoencoder, depth: int, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(code, restored) with the first layers of a stack, in plain matrix products."""
    z = x
    for i in range(depth):
        part = stack.layers[i].encoder[0]
        z = z @ part.weight.T + part.bias
        z = z.tanh() if i < len(stack.layers) - 1 else z
    back = z
    for i in reversed(range(depth)):
        part = stack.layers[i].decoder[0]
        back = back @ part.weight.T + part.bias
        back = back.tanh() if i else back.sigmoid()
    return z.detach(), back.detach()


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_each_step_against_plain_matrices(mnist, step):
    """Rows, code size, test error and probe accuracy of every trained step."""
    explorer, (_, test), (fitting, valid), depth = shared(), mnist, load_split(), min(step, 3)
    explorer.step, explorer.digits = step, 5
    settings = explorer.settings()
    stack = load_weights("stacked-tuned" if step == 4 else "stacked-greedy")
    with torch.inference_mode():
        rows = explorer.rows(**settings)
    z, restored = layer_by_layer(stack, depth, test.one_of_each(5))
    size = z.shape[1]
    assert list(rows) == ["original", f"code: {size}", "restored"]
    assert torch.equal(rows["original"], test.one_of_each(5))
    assert torch.allclose(rows["restored"], restored, atol=1e-5)
    squares = rows[f"code: {size}"].view(10, 28, 28)[:, *SQUARES[size]].flatten(1)
    assert torch.allclose(squares, 0.5 + 0.5 * z / z.abs().max(), atol=1e-5)
    codes, back = layer_by_layer(stack, depth, test.x)
    labelled, _ = layer_by_layer(stack, depth, fitting.x[:5_000])
    held_back, _ = layer_by_layer(stack, depth, valid.x)
    numbers = explorer.numbers(**settings)
    assert numbers["test MSE"] == pytest.approx((back - test.x).square().mean().item(), abs=1e-6)
    pca = decomposition.PCA(size, svd_solver="covariance_eigh").fit(numpy_of(fitting.x))
    rebuilt = pca.inverse_transform(pca.transform(numpy_of(test.x)))
    assert numbers["PCA"] == pytest.approx(np.square(rebuilt - numpy_of(test.x)).mean(), abs=1e-6)
    assert 100 * numbers["probe"] == best_ridge(labelled, fitting.y[:5_000], held_back, valid.y, codes, test.y)
    assert numbers["probe on pixels"] == explorer.pixel_accuracy


def best_ridge(z, y, z_valid, y_valid, z_test, y_test) -> float:
    """The accuracy in per cent of scikit-learn's ridge with the penalty that serves the validation digits best."""
    readers = [RidgeClassifier(alpha=alpha).fit(numpy_of(z), y.numpy()) for alpha in PENALTIES]
    best = max(readers, key=lambda reader: reader.score(numpy_of(z_valid), y_valid.numpy()))
    return pytest.approx(100 * best.score(numpy_of(z_test), y_test.numpy()), abs=0.1)


def test_the_page_knows_all_steps():
    """Each with its name, its own numbers, and where its network comes from; plain values only."""
    explorer = shared()
    steps = json.loads(json.dumps(explorer.setup))["steps"]
    scores = [(each.name, each.model.latent_dim, each.test_mse, each.pca_mse, each.accuracy) for each in explorer.steps]
    assert [tuple(step[key] for key in ("name", "size", "mse", "pca", "probe")) for step in steps] == scores
    assert [step["size"] for step in steps] == [32, 256, 128, 32, 32]
    assert [(step["network"], step["depth"]) for step in steps] == [
        ("random", 3), ("greedy", 1), ("greedy", 2), ("greedy", 3), ("tuned", 3),
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [("step", 5), ("step", -1), ("digits", 892), ("digits", -1), ("step", 1.5)])
def test_controls_end(name, value):
    """A step there is, and a set of ten there is."""
    explorer = shared()
    before = explorer.settings()
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(explorer, name, value)
    assert explorer.settings() == before


@given(size=st.integers(1, 784))
def test_a_code_fills_as_many_squares_as_it_has_numbers(size):
    """Every number is one square, whatever the size, lowest dark and highest light."""
    z = torch.linspace(-1, -0.5, size).expand(2, size)
    tiles = code_tiles(z)
    assert (tiles < 1).sum(1).tolist() == [size, size]
    assert tiles.min() == 0
    assert torch.equal(code_tiles(torch.zeros(1, 4)).unique(), torch.tensor([0.5, 1.0]))


def test_of_a_long_code_the_first_numbers_are_shown():
    """A picture has 784 squares; black and white are those of the whole code."""
    z = torch.cat([torch.full((1, 784), -0.5), torch.ones(1, 16)], 1)
    assert torch.equal(code_tiles(z), torch.full((1, 784), 0.25))


def test_your_own_stack():
    """Shown and measured anew, left as it was; the random numbers of the notebook go on undisturbed."""
    greedy, tuned = small_stack(0), small_stack(1)
    before = copy.deepcopy(greedy.state_dict()), torch.get_rng_state()
    explorer = StackExplorer(step=2, greedy=greedy, tuned=tuned)
    assert explorer.step == 2
    assert torch.equal(torch.get_rng_state(), before[1])
    assert all(torch.equal(before[0][key], value) for key, value in greedy.state_dict().items())
    assert [step.model.latent_dim for step in explorer.steps] == [3, 6, 3, 3]


@given(step=not_counts.filter(lambda step: step != 0 or isinstance(step, bool)) | st.integers(min_value=5))
@example(step=5)
@example(step=True)
def test_bad_step(step):
    """The slider starts from 0 to 4."""
    refuses("step", StackExplorer, step)


def test_bad_stacks():
    """Only whole stacks of digits, of one shape, both or none."""
    good = small_stack()
    refuses("tuned", StackExplorer, greedy=good)
    refuses("greedy", stack_steps, DenseAutoencoder(3, hidden=(6,)), good)
    refuses("tuned", stack_steps, good, small_stack(depth=1))
    refuses("tuned", stack_steps, good, StackedAutoencoder(3, hidden=(7,), depth=2))
    refuses("greedy", stack_steps, StackedAutoencoder(3, hidden=(6,), in_features=64, depth=2), good)
