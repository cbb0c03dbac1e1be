"""Checks of the answers to the exercises of notebooks/04_deep_and_stacked.ipynb."""

from __future__ import annotations

import itertools

import torch
from torch import nn

from aecourse.exercises.checking import Hint, compare, exercise
from aecourse.exercises.conversion import as_array, as_number, as_parts, call
from aecourse.models import ShallowAutoencoder, StackedAutoencoder


@exercise("04.1", "easy")
def trained_while_growing(answer) -> Hint:
    """Expect a function (below, above) → how many numbers one greedy step trains."""
    for below, above in ((256, 128), (784, 256), (5, 3)):
        right = ShallowAutoencoder(above, in_features=below).parameter_count
        got = as_number(call(answer, below, above))
        mistakes = {
            "those are the weights of both matrices; each layer also has a bias for each number it gives": (
                2 * below * above
            ),
            "that is the encoder's half; the brick's decoder trains too": below * above + above,
            "that is the encoder's matrix; biases train too, and so does the brick's decoder": below * above,
            "the decoder gives as many numbers as there are below, and has a bias for each": 2 * (below + 1) * above,
            "the encoder gives as many numbers as there are above, and has a bias for each": 2 * below * (above + 1),
            "that counts one matrix; the encoder and the decoder have one each": below * above + below + above,
        }
        otherwise = f"for {below} → {above} → {below} you give {got:g}: count a matrix and a bias each way"
        if hint := compare(got, right, mistakes, tolerance=1e-9, otherwise=otherwise):
            return hint
    return None


@exercise("04.2", "medium")
@torch.no_grad()
def through_the_stack(answer) -> Hint:
    """Expect a function (bricks, x) that encodes up through all bricks and decodes down again."""
    torch.manual_seed(0)
    for sizes in ((6, 6, 6, 6), (9, 5, 3)):  # equal sizes first, so that a wrong order runs and is recognised
        activations = ["tanh"] * (len(sizes) - 2) + ["linear"]  # of each encoder, and of the decoder above it
        bricks = [
            ShallowAutoencoder(above, in_features=below, output=output, activation=activation)
            for (below, above), output, activation in zip(
                itertools.pairwise(sizes), ["sigmoid", *activations], activations, strict=False
            )
        ]
        for weight in (p for brick in bricks for p in brick.parameters()):
            weight.mul_(3)  # far from linear, so that every order gives another result
        x = torch.rand(4, sizes[0])
        mistakes = _known_mistakes(bricks, x) if len(bricks) == 3 else {}
        if hint := compare(call(answer, bricks, x), StackedAutoencoder.from_layers(bricks)(x), mistakes):
            return hint
    return None


def _known_mistakes(bricks: list[ShallowAutoencoder], x: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return what known mistakes make of x, by their hints; the bricks must all be of one size."""

    def run(*steps: nn.Module) -> torch.Tensor:
        return nn.Sequential(*steps)(x)

    up, down = [brick.encoder for brick in bricks], [brick.decoder for brick in bricks]
    return {
        "that is the code at the top; the decoders must bring it down again": run(*up),
        "the decoders run from the top brick down to the first: reversed(bricks)": run(*up, *down),
        "the encoders run from the first brick up to the top": run(*up[::-1], *down[::-1]),
        "up it goes from the first brick to the top, and down from the top to the first": run(*up[::-1], *down),
        "only the first brick has worked; the upper ones encode its code": run(*bricks[:1]),
        "only the top brick has worked; it needs the code of those below": run(*bricks[-1:]),
        "each brick has restored its input before the next came; go all the way up first, then down": run(*bricks),
        "the decoders got x; they need the code at the top": run(*down[::-1]),
    }


@exercise("04.3", "stretch")
@torch.no_grad()
def fold(answer) -> Hint:
    """Expect a function (first, second) that folds two linear layers into one (W, b)."""
    torch.manual_seed(0)
    for sizes in ((4, 4, 4), (5, 4, 3)):  # square first, so that a wrong order runs and is recognised
        first, second = nn.Linear(*sizes[:2]), nn.Linear(*sizes[1:])
        w1, b1, w2, b2 = first.weight, first.bias, second.weight, second.bias
        parts = as_parts(call(answer, first, second), "the weight (out, in)", "the bias (out,) of the one layer")
        weight, bias = map(as_array, parts)
        square = len(set(sizes)) == 1
        mistakes = {"turned around, nn.Linear keeps (out, in)": (w2 @ w1).T}
        if square:
            mistakes |= {
                "the order: the second layer works on the result of the first": w1 @ w2,
                "the order, and nn.Linear keeps (out, in)": (w1 @ w2).T,
                "that is the sum; one layer works on the result of the other": w1 + w2,
            }
        if hint := compare(weight, w2 @ w1, mistakes):
            return f"the weight: {hint}"
        mistakes = {
            "the first layer's bias passes through the second layer, and is lost here": b2,
            "the second layer adds its own bias at the end": w2 @ b1,
        }
        if square:
            mistakes["the first layer's bias passes through the second layer before it is added"] = b1 + b2
            mistakes["which bias passes through which layer?"] = w1 @ b2 + b1
        if hint := compare(bias, w2 @ b1 + b2, mistakes):
            return f"the weight is right; the bias: {hint}"
    return None
