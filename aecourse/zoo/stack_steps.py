"""A stack of autoencoders at every step of its training, each measured on the test digits."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from aecourse.data import PIXELS, load_mnist
from aecourse.device import own_random_numbers
from aecourse.evaluation import pca_mse, reconstruction_mse
from aecourse.evaluation.probes import tuned_ridge_accuracy
from aecourse.models import PCA, StackedAutoencoder
from aecourse.zoo.catalogue import load_split
from aecourse.zoo.precision import restore, rounded
from aecourse.zoo.weights import shared_weights

LABELLED = 5_000  # training digits whose labels the probe sees; the stack itself never sees one


@dataclass(frozen=True)
class StackStep:
    """One state of a stack while it is built.

    Attributes
    ----------
    name : str
        What has been trained so far.
    model : StackedAutoencoder
        The stack in this state; its `latent_dim` is the size of its code.
    test_mse : float
        Per pixel, on the 10,000 test digits.
    pca_mse : float
        The test MSE of PCA with as many components as the code has numbers.
    accuracy : float
        The share of test digits that a linear probe on the code classifies correctly.
    """

    name: str
    model: StackedAutoencoder
    test_mse: float
    pca_mse: float
    accuracy: float


def stack_steps(greedy: StackedAutoencoder, tuned: StackedAutoencoder) -> list[StackStep]:
    """Measure a random start, each depth of the greedy stack, and the fine-tuned stack on the test digits."""
    for name, stack in (("greedy", greedy), ("tuned", tuned)):
        if not isinstance(stack, StackedAutoencoder):
            raise TypeError(f"{name} must be a StackedAutoencoder; got {type(stack).__name__}")
        if stack.depth != len(stack.layers):
            raise ValueError(f"{name} must have all {len(stack.layers)} layers trained; got depth {stack.depth}")
        if stack.in_features != PIXELS:
            raise ValueError(f"{name} must take digits of {PIXELS} pixels; got in_features {stack.in_features}")
    if greedy.sizes != tuned.sizes:
        raise ValueError(f"tuned must have the layer sizes of greedy, {greedy.sizes}; got {tuned.sizes}")
    with own_random_numbers(seed=0):
        fresh = _in_bytes(StackedAutoencoder(**greedy.config.arguments()))  # as the shipped stacks are
    models = {"random start": fresh}
    for depth in range(1, len(greedy.layers) + 1):
        part = copy.deepcopy(greedy)
        part.depth = depth
        models[f"after layer {depth}"] = part
    models["fine-tuned"] = copy.deepcopy(tuned)
    test, linear = load_mnist()[1], pca_errors(max(greedy.sizes[1:]))
    return [
        StackStep(
            name,
            model.cpu().eval(),
            reconstruction_mse(model, test.x),
            float(linear[model.latent_dim - 1]),
            probe_accuracy(model.encode),
        )
        for name, model in models.items()
    ]


def _in_bytes(stack: StackedAutoencoder) -> StackedAutoencoder:
    """The stack, its matrices rounded to bytes."""
    stored: dict[str, torch.Tensor] = {}
    for name, value in stack.state_dict().items():
        stored |= rounded(name, value, torch.int8)
    stack.load_state_dict(restore(stored, "random start"))
    return stack


@functools.cache
@own_random_numbers()  # importing scikit-learn draws some
def pca_errors(widest: int) -> np.ndarray:
    """Return the test error of PCA for every code size up to the widest; more numbers than pixels gain nothing."""
    pca = PCA.fit(load_split()[0].x, min(widest, PIXELS))
    return np.pad(pca_mse(pca.components, pca.mean, load_mnist()[1].x), (0, max(0, widest - PIXELS)), mode="edge")


@torch.inference_mode()
def probe_accuracy(encode: Callable[[torch.Tensor], torch.Tensor]) -> float:
    """Return the share of test digits that a linear probe on their codes classifies correctly.

    The penalty of the probe is chosen on the validation digits, separately for each input.
    """
    (fitting, valid), test = load_split(), load_mnist()[1]
    parts = [value for part in (fitting[:LABELLED], valid, test) for value in (encode(part.x), part.y)]
    return tuned_ridge_accuracy(*parts)


@functools.cache
def pixel_accuracy() -> float:
    """Return the share of test digits that the same probe classifies correctly from pixels."""
    return probe_accuracy(lambda x: x)


@functools.cache
def shipped_stack_steps() -> list[StackStep]:
    """Return the steps of the shipped stack."""
    return stack_steps(shared_weights("stacked-greedy"), shared_weights("stacked-tuned"))
