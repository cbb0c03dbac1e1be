"""A stack of autoencoders at every step of its training, each measured on the test digits."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from dataclasses import dataclass

import torch

from aecourse.data import PIXELS, load_mnist
from aecourse.device import own_random_numbers
from aecourse.evaluation import reconstruction_mse, ridge_probe_accuracy
from aecourse.models import StackedAutoencoder
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
    accuracy : float
        The share of test digits that a linear probe on the code classifies correctly.
    """

    name: str
    model: StackedAutoencoder
    test_mse: float
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
        fresh = StackedAutoencoder(**greedy.config.arguments())
    models = {"random start": fresh}
    for depth in range(1, len(greedy.layers) + 1):
        part = copy.deepcopy(greedy)
        part.depth = depth
        models[f"after layer {depth}"] = part
    models["fine-tuned"] = copy.deepcopy(tuned)
    test = load_mnist()[1]
    return [
        StackStep(name, model.cpu().eval(), reconstruction_mse(model, test.x), probe_accuracy(model.encode))
        for name, model in models.items()
    ]


@torch.inference_mode()
def probe_accuracy(encode: Callable[[torch.Tensor], torch.Tensor]) -> float:
    """Return the share of test digits that a linear probe on their codes classifies correctly."""
    train, test = load_mnist()
    labelled = train[:LABELLED]
    return ridge_probe_accuracy(encode(labelled.x), labelled.y, encode(test.x), test.y)


@functools.cache
def pixel_accuracy() -> float:
    """Return the share that the same probe classifies correctly from their pixels."""
    return probe_accuracy(lambda x: x)


@functools.cache
def shipped_stack_steps() -> list[StackStep]:
    """Return the steps of the shipped stack."""
    return stack_steps(shared_weights("stacked-greedy"), shared_weights("stacked-tuned"))
