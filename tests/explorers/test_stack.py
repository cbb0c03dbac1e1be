"""Stepping through a stack: its numbers against scikit-learn and plain loops, its codes as pictures, its arguments."""

import copy
import functools
import re

import numpy as np
import pytest
import torch
from helpers.strategies import caption_in, not_counts, numpy_of, picture_in, refuses
from hypothesis import example, given, strategies as st
from sklearn import decomposition
from sklearn.linear_model import RidgeClassifier

from aecourse.evaluation.probes import PENALTIES
from aecourse.explorers import StackExplorer
from aecourse.explorers.stack import code_tiles
from aecourse.models import DenseAutoencoder, StackedAutoencoder
from aecourse.plotting import as_images
from aecourse.zoo import load_split
from aecourse.zoo.stack_steps import stack_steps
from aecourse.zoo.weights import load_weights


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
    """Picture, code size, test error and probe accuracy of every trained step."""
    explorer, (_, test), (fitting, valid), depth = shared(), mnist, load_split(), min(step, 3)
    explorer.step.value, explorer.digits.value = step, 5
    stack = load_weights("stacked-tuned" if step == 4 else "stacked-greedy")
    restored = as_images(layer_by_layer(stack, depth, test.one_of_each(5))[1])
    for digit in range(10):
        tile = picture_in(explorer)[60:88, 30 * digit : 30 * digit + 28]
        assert np.abs(tile.astype(int) - restored[digit]).max() <= 1
    codes, back = layer_by_layer(stack, depth, test.x)
    labelled, _ = layer_by_layer(stack, depth, fitting.x[:5_000])
    held_back, _ = layer_by_layer(stack, depth, valid.x)
    pattern = r"→ (\d+) .* MSE ([\d.]+) \(.* ([\d.]+)\);.* names ([\d.]+)%"
    size, error, linear, probe = re.search(pattern, caption_in(explorer)[1]).groups()
    assert int(size) == codes.shape[1]
    assert float(error) == pytest.approx((back - test.x).square().mean().item(), abs=6e-5)
    pca = decomposition.PCA(int(size), svd_solver="covariance_eigh").fit(numpy_of(fitting.x))
    rebuilt = pca.inverse_transform(pca.transform(numpy_of(test.x)))
    assert float(linear) == pytest.approx(np.square(rebuilt - numpy_of(test.x)).mean(), abs=6e-5)
    assert float(probe) == best_ridge(labelled, fitting.y[:5_000], held_back, valid.y, codes, test.y)


def best_ridge(z, y, z_valid, y_valid, z_test, y_test) -> float:
    """The accuracy in per cent of scikit-learn's ridge with the penalty that serves the validation digits best."""
    readers = [RidgeClassifier(alpha=alpha).fit(numpy_of(z), y.numpy()) for alpha in PENALTIES]
    best = max(readers, key=lambda reader: reader.score(numpy_of(z_valid), y_valid.numpy()))
    return pytest.approx(100 * best.score(numpy_of(z_test), y_test.numpy()), abs=0.1)


def test_the_table_marks_the_step_and_lists_all():
    """Five rows, the slider's one marked, each with its own numbers."""
    explorer = shared()
    for step in range(5):
        explorer.step.value = step
        rows = re.findall(r"<tr[^>]*>(?:<td.*?)</tr>", explorer.table.value)
        assert len(rows) == 5
        assert [i for i, row in enumerate(rows) if "aria-current" in row] == [step]
        assert all(
            f"{each.test_mse:.4f}" in row and f"{each.pca_mse:.4f}" in row
            for each, row in zip(explorer.steps, rows, strict=True)
        )


@given(size=st.integers(1, 784))
def test_a_code_fills_as_many_squares_as_it_has_numbers(size):
    """Every number is one square, whatever the size, lowest dark and highest light."""
    z = torch.linspace(-1, -0.5, size).expand(2, size)
    tiles = code_tiles(z)
    assert (tiles < 1).sum(1).tolist() == [size, size]
    assert tiles.min() == 0
    assert torch.equal(code_tiles(torch.zeros(1, 4)).unique(), torch.tensor([0.5, 1.0]))


def test_your_own_stack():
    """Shown and measured anew, left as it was; the random numbers of the notebook go on undisturbed."""
    greedy, tuned = small_stack(0), small_stack(1)
    before = copy.deepcopy(greedy.state_dict()), torch.get_rng_state()
    explorer = StackExplorer(step=2, greedy=greedy, tuned=tuned)
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
