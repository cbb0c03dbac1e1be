"""Answers to the exercises of notebooks/04_deep_and_stacked.ipynb."""

from __future__ import annotations

import torch
from torch import nn

from aecourse.exercises.checking import Verdict, exercise, same_array
from aecourse.models import ShallowAutoencoder, StackedAutoencoder


@exercise("04.1", "easy")
def trained_while_growing(answer) -> Verdict:
    """a function (below, above) → how many numbers one greedy step trains"""
    for below, above in ((256, 128), (784, 256), (5, 3)):
        right = ShallowAutoencoder(above, in_features=below).parameter_count
        got = answer(below, above)
        if got == right:
            continue
        if got == 2 * below * above:
            return "those are the weights of both matrices; each layer also has a bias for each number it gives"
        if got == below * above + above:
            return "that is the encoder's half; the brick's decoder trains too"
        return f"for {below} → {above} → {below} you give {got}: count a matrix and a bias each way"
    return None


@exercise("04.2", "medium")
def through_the_stack(answer) -> Verdict:
    """a function (bricks, x) that encodes up through all bricks and decodes down again"""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        bricks = [ShallowAutoencoder(6, in_features=9)]
        bricks += [
            ShallowAutoencoder(6, in_features=6, output="tanh"),
            ShallowAutoencoder(6, in_features=6, output="tanh", activation="linear"),
        ]
        x = torch.rand(4, 9)
    with torch.no_grad():
        expected = StackedAutoencoder.from_layers(bricks)(x)
        z = x
        for brick in bricks:
            z = brick.encoder(z)
        in_order = z
        for brick in bricks[1:]:
            in_order = brick.decoder(in_order)
        in_order = bricks[0].decoder(in_order)
        each = x
        for brick in bricks[:1]:
            each = brick(each)
        got = answer(bricks, x)
    if not isinstance(got, torch.Tensor):
        return f"return a tensor of images; got {type(got).__name__}"
    if got.shape == z.shape and torch.allclose(got, z, atol=1e-6):
        return "that is the code at the top; the decoders must bring it down again"
    if got.shape == expected.shape and torch.allclose(got, in_order, atol=1e-6):
        return "the decoders run from the top brick down to the first: reversed(bricks)"
    if got.shape == expected.shape and torch.allclose(got, each, atol=1e-6):
        return "only the first brick has worked; the upper ones encode its code"
    return same_array(got, expected, tolerance=1e-5)


@exercise("04.3", "stretch")
def fold(answer) -> Verdict:
    """a function (first, second) that folds two linear layers into one (W, b)"""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        first, second = nn.Linear(5, 4), nn.Linear(4, 3)
    got = answer(first, second)
    if not isinstance(got, tuple) or len(got) != 2:
        return "return two tensors, the weight (out, in) and the bias (out,) of the one layer"
    weight, bias = got
    w1, b1, w2, b2 = (p.detach() for p in (first.weight, first.bias, second.weight, second.bias))
    if isinstance(weight, torch.Tensor) and weight.shape == (5, 3):
        return "the weight is turned around: nn.Linear keeps (out, in), and the second works on the first one's result"
    if hint := same_array(weight, w2 @ w1, tolerance=1e-5):
        return f"the weight: {hint}"
    if isinstance(bias, torch.Tensor) and bias.shape == (3,):
        if torch.allclose(bias, b2, atol=1e-6):
            return "the weight is right; but the first layer's bias passes through the second layer too"
        if torch.allclose(bias, w2 @ b1, atol=1e-6):
            return "the weight is right; the second layer adds its own bias at the end"
    hint = same_array(bias, w2 @ b1 + b2, tolerance=1e-5)
    return f"the weight is right; the bias: {hint}" if hint else None
