"""Answers to the exercises of notebooks/07_contractive.ipynb."""

from __future__ import annotations

import torch
from torch.func import jacrev

from aecourse.exercises.checking import Verdict, exercise, same_array


def _draw(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@exercise("07.1", "easy")
def follow(answer) -> Verdict:
    """a function (J, v) → ‖Jv‖ / ‖v‖"""
    J, v = _draw(4, 6, seed=0), 3 * _draw(6, seed=1)
    got = torch.as_tensor(answer(J, v))
    if got.ndim:
        return f"the answer is one number, a ratio of two lengths; got shape {tuple(got.shape)}"
    moved = (J @ v).norm()
    if torch.isclose(got, moved):
        return "that is how far the code moves; divide by how far the picture moved"
    if torch.isclose(got, (moved / v.norm()) ** 2):
        return "that is the square of the ratio of the lengths"
    return same_array(got, moved / v.norm(), tolerance=1e-5)


@exercise("07.2", "medium")
def tanh_contraction(answer) -> Verdict:
    """a function (z, W) → ‖J‖² of each image for z = tanh(Wx)"""
    x, W = _draw(5, 6, seed=0), 0.5 * _draw(3, 6, seed=1)
    z = torch.tanh(x @ W.T)
    expected = torch.stack([jacrev(lambda row: torch.tanh(W @ row))(row).square().sum() for row in x])
    got = torch.as_tensor(answer(z, W))
    if got.ndim == 0 and torch.isclose(got, expected.mean()):
        return "that is the mean over the batch; return one number for each image"
    if got.shape == expected.shape:
        if torch.allclose(got, (z * (1 - z)).square() @ W.square().sum(1), rtol=1e-4):
            return "z(1 − z) is the slope of a sigmoid; tanh has another"
        if torch.allclose(got, (1 - z**2) @ W.square().sum(1), rtol=1e-4):
            return "nearly: each entry of J is squared, and the slope with it"
    return same_array(got, expected, tolerance=1e-4)


@exercise("07.3", "stretch")
def two_layer_jacobian(answer) -> Verdict:
    """a function (x, W1, W2) → ∂z/∂x for z = σ(W2 σ(W1 x))"""
    x, W1, W2 = _draw(6, seed=0), _draw(5, 6, seed=1), _draw(3, 5, seed=2)
    expected = jacrev(lambda row: torch.sigmoid(W2 @ torch.sigmoid(W1 @ row)))(x)
    got = torch.as_tensor(answer(x, W1, W2))
    if got.shape == (6, 3):
        return "one row for each code number, one column for each pixel: transpose"
    if got.shape == expected.shape:
        a = torch.sigmoid(W1 @ x)
        z = torch.sigmoid(W2 @ a)
        if torch.allclose(got, (z * (1 - z))[:, None] * (W2 @ W1), atol=1e-5):
            return "the slope of the upper layer is there; the lower layer bends, too"
        if torch.allclose(got, W2 @ ((a * (1 - a))[:, None] * W1), atol=1e-5):
            return "the slope of the lower layer is there; the upper layer bends, too"
    return same_array(got, expected, tolerance=1e-5)
