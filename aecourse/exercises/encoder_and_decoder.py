"""Answers to the exercises of notebooks/02_encoder_and_decoder.ipynb."""

from __future__ import annotations

import torch
from torch import nn

from aecourse.exercises.checking import Verdict, exercise, same_array
from aecourse.models import DenseAutoencoder

TIED_SIZE = 16


@exercise("02.1", "easy")
def weights_of_one_layer(answer) -> Verdict:
    """a function of k that counts the weights and biases of 784 – k – 784"""
    for k in (1, 2, 32, 64):
        got, expected = answer(k), DenseAutoencoder(k, hidden=()).parameter_count
        if got == expected:
            continue
        if got == 2 * 784 * k:
            return "those are the two matrices; each layer also adds a bias to every one of its outputs"
        if got == 784 * k + k:
            return "that is the encoder; the decoder has weights too"
        return f"for k = {k} it gives {got}; count, for each of the two layers, inputs × outputs + outputs"
    return None


@exercise("02.2", "medium")
@torch.no_grad()
def half_way(answer) -> Verdict:
    """a function that decodes the mean of two codes"""
    generator = torch.Generator().manual_seed(0)
    a, b = torch.rand(2, 5, 784, generator=generator)
    model = DenseAutoencoder(8, hidden=(16,))
    for weight in model.parameters():  # a fresh network is so tame that every way gives nearly the same gray
        weight.copy_(torch.randn(weight.shape, generator=generator) / weight.shape[-1] ** 0.5 * 3)
    got, expected = answer(model, a, b), model.decode((model.encode(a) + model.encode(b)) / 2)
    if not isinstance(got, torch.Tensor):
        return "the result should be a tensor of images, (n, 784)"
    wrong_ways = {
        "that is the mean of the pixels; take the mean between encoding and decoding": (a + b) / 2,
        "that encodes the mean of the pixels; encode each image first, then take the mean": model((a + b) / 2),
        "that is the mean of two restored images; take the mean before decoding": (model(a) + model(b)) / 2,
        "that is the mean of the codes; decode it": (model.encode(a) + model.encode(b)) / 2,
    }
    for hint, images in wrong_ways.items():
        if same_array(got, images, tolerance=1e-5) is None:
            return hint
    return same_array(got, expected, tolerance=1e-5)


@exercise("02.3", "stretch")
@torch.no_grad()
def tied_weights(answer) -> Verdict:
    """a model 784 → 16 → 784 whose decoder uses the encoder's matrix transposed"""
    if isinstance(answer, type):
        return "hand in an instance of the class, not the class itself"
    if not isinstance(answer, nn.Module):
        return "the answer should be an instance of a class of yours that extends nn.Module"
    shapes = [tuple(p.shape) for p in answer.parameters()]
    matrices = [p for p in answer.parameters() if sorted(p.shape) == [TIED_SIZE, 784]]
    if len(matrices) != 1:
        return f"it should hold one matrix of {TIED_SIZE} × 784, used twice; its weights have the shapes {shapes}"
    if sum(p.numel() for p in answer.parameters()) != TIED_SIZE * 784 + TIED_SIZE + 784:
        return f"one matrix and two biases, b of {TIED_SIZE} and c of 784, are all it needs; it has the shapes {shapes}"
    (matrix,) = matrices
    x = torch.rand(3, 784, generator=torch.Generator().manual_seed(0)).to(matrix)
    weight = matrix if tuple(matrix.shape) == (TIED_SIZE, 784) else matrix.T
    b, c = (next(p for p in answer.parameters() if p.numel() == size).flatten() for size in (TIED_SIZE, 784))
    z = answer.encode(x)
    if hint := same_array(z, x @ weight.T + b, tolerance=1e-4):
        return f"encode should give W x + b: {hint}"
    if hint := same_array(answer.decode(z), torch.sigmoid(z @ weight + c), tolerance=1e-4):
        return f"decode should give sigmoid(Wᵀ z + c): {hint}"
    return None
