"""Checks of the answers to the exercises of notebooks/07_contractive.ipynb."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from unittest.mock import patch

import torch
from torch.autograd import forward_ad
from torch.autograd.functional import jacobian
from torch.autograd.graph import saved_tensors_hooks

from aecourse.exercises.checking import Hint, compare, exercise
from aecourse.exercises.conversion import AnswerError, call

Bend = Callable[[torch.Tensor], torch.Tensor]
Mistakes = Callable[[torch.Tensor, torch.Tensor], dict[str, torch.Tensor]]  # (z, W) → {hint: what it gives}


def _draw(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@exercise("07.1", "easy")
def follow(answer) -> Hint:
    """Expect a function (J, v) → ‖Jv‖ / ‖v‖."""
    J, v = _draw(4, 6, seed=0), 3 * _draw(6, seed=1)
    moved, length = J @ v, v.norm()
    mistakes = {
        "that is how far the code moves; divide by how far the picture moved": moved.norm(),
        "that is the square of the ratio of the lengths": (moved.norm() / length) ** 2,
        "the length of v enters squared: divide by it once": moved.norm() / length**2,
        "that is the inverse: divide the code's movement by the picture's": length / moved.norm(),
        "that is the movement itself, a vector; the answer is a ratio of two lengths": moved,
        "that is the code's movement for a nudge of length 1; take its length": moved / length,
        "that does not depend on the direction v: multiply J by it": J.norm(),
        "that is the largest stretch of all directions; follow v": torch.linalg.matrix_norm(J, 2),
        "a length is the root of the sum of squares, not the sum of absolute values": moved.abs().sum() / v.abs().sum(),
    }
    otherwise = "the code moves by J v; compare its length with that of v"
    return compare(call(answer, J, v), moved.norm() / length, mistakes, otherwise=otherwise)


@exercise("07.2", "medium")
def sigmoid_contraction(answer) -> Hint:
    """Expect a function (z, W) → ‖J‖² of each image for z = σ(Wx)."""

    def mistakes(z: torch.Tensor, W: torch.Tensor) -> dict[str, torch.Tensor]:
        lengths = W.square().sum(1)
        return {
            "the slope of a sigmoid is z(1 − z); 1 − z alone is not it": (1 - z).square() @ lengths,
            "the slope of a sigmoid is z(1 − z); z alone is not it": z.square() @ lengths,
            "that is the slope of tanh; a sigmoid's is z(1 − z)": (1 - z**2).square() @ lengths,
            "each entry of J is a slope times a weight: the slopes are missing": lengths.sum().expand(len(z)),
        }

    return _closed_form(answer, torch.sigmoid, lambda z: z * (1 - z), mistakes)


@exercise("07.3", "medium")
def one_guess(answer) -> Hint:
    """Expect a function (f, x, v) → ‖vᵀJ‖², where J is the Jacobian of f at x."""
    for d, m, k in ((4, 4, 4), (6, 5, 3)):  # square first, so that J v runs and is recognised
        x, W1, W2 = _draw(d, seed=0), _draw(m, d, seed=1), _draw(k, m, seed=2)
        v = torch.tensor([1.0, -1.0, -1.0, 1.0])[:k]

        def encoder(row: torch.Tensor, W1: torch.Tensor = W1, W2: torch.Tensor = W2) -> torch.Tensor:
            return torch.sigmoid(W2 @ torch.tanh(W1 @ torch.as_tensor(row)))

        J = jacobian(encoder, x)  # (k, d)
        pulled = v @ J
        mistakes = {
            "that is the length of vᵀJ; its square is asked for": pulled.norm(),
            "that is the sum of the entries of vᵀJ; square each of them first": pulled.sum(),
            "still one number for each pixel: that is vᵀJ; square the entries and add them up": pulled,
            "still one number for each pixel: add the squares up": pulled.square(),
            "that is ‖J‖² itself; the guess is what v lets you see of it": J.square().sum(),
            "v is not in it: that is the gradient of the plain sum of the code": J.sum(0).square().sum(),
            "the squares are added up, not averaged: the mean of v vᵀ is the unit matrix": pulled.square().mean(),
        }
        if d == k:
            mistakes["v belongs to the code: it multiplies J from the left, as a backward pass does"] = (
                (J @ v).square().sum()
            )
        otherwise = "differentiate v · f(x) with respect to x; square the entries and add them up"
        if hint := compare(call(answer, encoder, x, v), pulled.square().sum(), mistakes, otherwise=otherwise):
            return hint
    return None


@exercise("07.4", "medium")
def tanh_contraction(answer) -> Hint:
    """Expect a function (z, W) → ‖J‖² of each image for z = tanh(Wx)."""

    def mistakes(z: torch.Tensor, W: torch.Tensor) -> dict[str, torch.Tensor]:
        lengths = W.square().sum(1)
        return {
            "z(1 − z) is the slope of a sigmoid; tanh has another": (z * (1 - z)).square() @ lengths,
            "that is 1 − z, squared; the slope of tanh is 1 − z²": (1 - z) ** 4 @ lengths,
            "z is the code already, tanh is in it; do not apply it again": (1 - z.tanh() ** 2) ** 2 @ lengths,
        }

    return _closed_form(answer, torch.tanh, lambda z: 1 - z**2, mistakes)


def _closed_form(answer, bend: Bend, slope_of: Bend, own_mistakes: Mistakes) -> Hint:
    """Compare a function (z, W) with ‖J‖² of each image for z = bend(Wx), whose slope is slope_of(z)."""
    for d in (3, 6):  # a square W first, so that a sum over the wrong side runs and is recognised
        x, W = _draw(5, 6, seed=0)[:, :d], 0.5 * _draw(3, 6, seed=1)[:, :d]
        z = bend(x @ W.T)
        J = torch.stack([jacobian(lambda row, W=W: bend(W @ row), row) for row in x])  # (5, 3, d)
        expected, slope, lengths = J.square().sum((1, 2)), slope_of(z), W.square().sum(1)
        mistakes = {
            "that is the mean over the batch; return one number for each image": expected.mean(),
            "that is the sum over the batch; return one number for each image": expected.sum(),
            "nearly: each entry of J is squared, and the slope with it": slope @ lengths,
            "nearly: each entry of J is squared, and the weight with it": slope.square() @ W.sum(1),
            "that is the norm; its square is asked for": expected.sqrt(),
            **own_mistakes(z, W),
        }
        if d == 3:
            wrong_side = "sum each row of W, over the pixels: a row belongs to a code number"
            mistakes[wrong_side] = slope**2 @ W.square().sum(0)
        mistakes["still one number for each pixel: add them up"] = slope**2 @ W**2
        mistakes["still one number for each code number: add them up"] = slope**2 * lengths
        if hint := compare(call(answer, z, W), expected, mistakes):
            return hint
    return None


@exercise("07.5", "stretch")
def two_layer_jacobian(answer) -> Hint:
    """Expect a function (x, W1, W2) → ∂z/∂x for z = σ(W2 σ(W1 x)), by the chain rule, without autograd."""
    for d, m, k in ((4, 4, 4), (6, 5, 3)):  # square first, so that a wrong order runs and is recognised
        x, W1, W2 = _draw(d, seed=0), _draw(m, d, seed=1), _draw(k, m, seed=2)
        a = torch.sigmoid(W1 @ x)
        z = torch.sigmoid(W2 @ a)
        lower, upper = a * (1 - a), z * (1 - z)
        expected = jacobian(lambda row, W1=W1, W2=W2: torch.sigmoid(W2 @ torch.sigmoid(W1 @ row)), x)
        mistakes = {
            "one row for each code number, one column for each pixel: transpose": expected.T,
            "that is the product of the weights; both layers bend, each has a slope": W2 @ W1,
            "the slope of the upper layer is there; the lower layer bends, too": upper[:, None] * (W2 @ W1),
            "the slope of the lower layer is there; the upper layer bends, too": W2 @ (lower[:, None] * W1),
            "that is the squared norm, one number; return the whole Jacobian": expected.square().sum(),
        }
        if d == m == k:
            columns = "a slope belongs to a row of the weights, one for each unit; here it multiplies a column"
            mistakes |= {
                columns: (upper * W2) @ (lower * W1),
                f"{columns} of W1": (upper[:, None] * W2) @ (lower * W1),
                f"{columns} of W2": (upper * W2) @ (lower[:, None] * W1),
                "the order: the upper layer works on the result of the lower": (
                    (lower[:, None] * W1) @ (upper[:, None] * W2)
                ),
            }
        with without_autograd():
            got = call(answer, x, W1, W2)
        if hint := compare(got, expected, mistakes, tolerance=1e-5):
            rough = compare(got, expected, tolerance=0.03) is None
            return "nearly: differences of two codes are rounded, the chain rule is exact" if rough else hint
    return None


@contextlib.contextmanager
def without_autograd() -> Iterator[None]:
    """Raise an AnswerError if the code inside uses automatic differentiation, backward or forward."""

    def refuse(*args: object, **options: object) -> None:
        raise AnswerError("that lets torch differentiate; write the chain rule yourself, a matrix for each layer")

    try:
        with patch.object(forward_ad, "make_dual", refuse), saved_tensors_hooks(refuse, refuse):
            yield
    except RuntimeError as error:  # torch.func refuses to run under these hooks
        if "saved tensor hooks" in str(error):
            refuse()
        raise
