"""Checks of the answers to the exercises of notebooks/02_encoder_and_decoder.ipynb."""

from __future__ import annotations

import torch
from torch import nn

from aecourse.exercises.checking import Hint, compare, exercise
from aecourse.exercises.conversion import as_number, call, describe
from aecourse.models import DenseAutoencoder

TIED_SIZE = 16


@exercise("02.1", "easy")
def weights_of_one_layer(answer) -> Hint:
    """Expect a function of k that counts the weights and biases of 784 – k – 784."""
    for k in (32, 1, 2, 64):
        got, expected = as_number(call(answer, k)), DenseAutoencoder(k, hidden=()).parameter_count
        mistakes = {
            "those are the two matrices; each layer also adds a bias to every one of its outputs": 2 * 784 * k,
            "that is the encoder; the decoder has weights too": 784 * k + k,
            "that is the encoder's matrix; the decoder has one too, and each layer has biases": 784 * k,
            "the decoder has 784 outputs, and a bias for each of them": 2 * (784 * k + k),
            "the encoder's biases are missing: one for each number in the code": 2 * 784 * k + 784,
            "the decoder's biases are missing: one for each pixel": 2 * 784 * k + k,
            "the encoder has k outputs, and a bias for each of them": 2 * (784 * k + 784),
            "that counts one matrix; the encoder and the decoder have one each": 784 * k + k + 784,
        }
        otherwise = f"for k = {k} it gives {got:g}; count, for each of the two layers, inputs × outputs + outputs"
        if hint := compare(got, expected, mistakes, tolerance=1e-9, otherwise=otherwise):
            return hint
    return None


@exercise("02.2", "medium")
def side_after(answer) -> Hint:
    """Expect a function that counts the places at which a filter stands along one side."""
    for side, width, stride, padding in ((31, 6, 2, 5), (28, 4, 2, 1), (32, 4, 4, 0), (9, 5, 1, 2)):
        got = as_number(call(answer, side, width, stride, padding))
        steps = (side + 2 * padding - width) / stride
        mistakes = {
            "the place where the filter starts counts too: add 1": steps // 1,
            "zeros stand at both ends of the row: add the padding twice": (side + padding - width) // stride + 1,
            "the zeros at the ends are missing": (side - width) // stride + 1,
            "a place is a whole number: a step that would leave the row is not made, so round down": steps + 1,
            "a step that would leave the row is not made: round down, not up": -(-steps // 1) + 1,
            "the width of the filter is missing: it stops when its right end reaches the end": side // stride,
        }
        row = f"a row of {side}, width {width}, stride {stride}, padding {padding}"
        otherwise = f"for {row} it gives {got:g}; draw the row and count"
        if hint := compare(got, steps // 1 + 1, mistakes, tolerance=1e-9, otherwise=otherwise):
            return hint
    return None


@exercise("02.3", "easy")
def honest(answer) -> Hint:
    """Expect a function that returns the test accuracy of the setting with the best validation accuracy."""
    cases = (([0.71, 0.75, 0.78, 0.74, 0.7], [0.72, 0.79, 0.76, 0.73, 0.71]), ([0.9, 0.8], [0.86, 0.88]))
    for valid, test in (map(torch.tensor, case) for case in cases):
        best = valid.argmax()
        mistakes = {
            "that is the best test accuracy: the test digits chose, so they cannot judge any more": test.max(),
            "that is the validation accuracy, which was chosen for being high: let the test judge": valid.max(),
            "that is the validation accuracy of what the test digits chose: exchange the two": valid[test.argmax()],
            "that is which setting to take; return its test accuracy": best,
            "that is the mean over all settings, also over those that were not chosen": test.mean(),
        }
        otherwise = "first find which setting is best on validation digits; then return that setting's test accuracy"
        if hint := compare(call(answer, valid, test), test[best], mistakes, tolerance=1e-6, otherwise=otherwise):
            return hint
    return None


@exercise("02.4", "medium")
@torch.no_grad()
def between(answer) -> Hint:
    """Expect a function that decodes a point of the line from one code to another."""
    generator = torch.Generator().manual_seed(0)
    a, b = torch.rand(2, 5, 784, generator=generator)
    model = DenseAutoencoder(8, hidden=(16,))
    for weight in model.parameters():  # with initial weights all mistakes give nearly the same gray
        weight.copy_(torch.randn(weight.shape, generator=generator) / weight.shape[-1] ** 0.5 * 3)
    z_a, z_b = model.encode(a), model.encode(b)
    for t in (0.25, 0.5, 0.0, 1.0):
        pixels, z = (1 - t) * a + t * b, (1 - t) * z_a + t * z_b
        mistakes = {
            "that mixes the pixels; mix between encoding and decoding": pixels,
            "that encodes mixed pixels; encode each image first, then mix": model(pixels),
            "that mixes two restored images; mix before decoding": (1 - t) * model(a) + t * model(b),
            "that is the mixed code; decode it": z,
            "that goes from b to a: at t = 0 the picture should be a": model.decode(t * z_a + (1 - t) * z_b),
            "a's part does not shrink: the two shares add up to 1": model.decode(z_a + t * z_b),
            "that is half-way for every t": model.decode((z_a + z_b) / 2),
        }
        if hint := compare(call(answer, model, a, b, t), model.decode(z), mistakes):
            return hint
    return None


@exercise("02.5", "stretch")
@torch.enable_grad()
def tied_weights(answer) -> Hint:
    """Expect a torch model 784 → 16 → 784 whose decoder uses the encoder's matrix transposed, gradients included."""
    if isinstance(answer, type):
        return "hand in an instance of the class, not the class itself"
    if not isinstance(answer, nn.Module):
        return f"the answer should be an instance of a class of yours that extends nn.Module; got {describe(answer)}"
    if missing := [name for name in ("encode", "decode") if not callable(getattr(answer, name, None))]:
        return f"the class needs two methods, encode and decode; there is no {' and no '.join(missing)}"
    if hint := _wrong_parameters(list(answer.parameters())):
        return hint
    own = {p.numel(): p for p in answer.parameters()}  # matrix, b and c by their sizes
    matrix, b, c = own[TIED_SIZE * 784], own[TIED_SIZE], own[784]
    as_rows = len(matrix) == TIED_SIZE  # stored as (16, 784), not as (784, 16)
    w, b, c = (
        p.detach().cpu().double().requires_grad_() for p in (matrix if as_rows else matrix.T, b.ravel(), c.ravel())
    )
    x, weights = torch.rand(2, 3, 784, generator=torch.Generator().manual_seed(0))
    z = call(answer.encode, x.to(matrix))
    if not isinstance(z, torch.Tensor):
        return f"stay in torch, so that gradients come back: encode should return a tensor; got {describe(z)}"
    if hint := _wrong_values(z, call(answer.decode, z.detach()), x.double(), w, b, c):
        return hint
    x_hat = answer.decode(answer.encode(x.to(matrix)))  # again: a graph can be used once
    if not isinstance(x_hat, torch.Tensor) or not x_hat.requires_grad:
        return "no gradient comes back from decode(encode(x)): stay in torch, without .data, .detach() or no_grad()"
    got = torch.autograd.grad((x_hat * weights.to(x_hat)).sum(), list(own.values()), allow_unused=True)
    if any(gradient is None for gradient in got):
        return "no gradient reaches one of the matrix and the two biases: use the parameters themselves, not copies"
    reached = next(gradient for gradient in got if gradient.numel() == matrix.numel())

    def gradient(encoder: torch.Tensor, decoder: torch.Tensor) -> torch.Tensor:
        restored = torch.sigmoid((x.double() @ encoder.T + b) @ decoder + c)
        return torch.autograd.grad((restored * weights).sum(), w)[0]

    mistakes = {
        "the values are right, but the decoder's use of the matrix does not reach its gradient, so training would not "
        "know of it: .data and .detach() cut it off": gradient(w, w.detach()),
        "the values are right, but the encoder's use of the matrix does not reach its gradient, so training would not "
        "know of it: .data and .detach() cut it off": gradient(w.detach(), w),
    }
    reached = reached if as_rows else reached.T
    return compare(
        reached, gradient(w, w), mistakes, otherwise="the values are right, but the matrix's gradient is not"
    )


def _wrong_parameters(parameters: list[nn.Parameter]) -> Hint:
    """Return a hint if the parameters are not one matrix and two biases."""
    shapes = ", ".join(str(tuple(p.shape)) for p in parameters) or "none"
    matrices = [p for p in parameters if sorted(p.shape) == [TIED_SIZE, 784]]
    if len({p.data_ptr() for p in matrices}) < len(matrices):
        return (
            "two matrices share their numbers, but each gets only its own part of the gradient: keep one, use it twice"
        )
    if len(matrices) > 1:
        return (
            f"it holds {len(matrices)} matrices of {TIED_SIZE} × 784; keep one, and let the decoder use the encoder's"
        )
    if not matrices:
        return f"it should hold one matrix of {TIED_SIZE} × 784, used twice; its weights have the shapes {shapes}"
    if sorted(p.numel() for p in parameters) == [TIED_SIZE, 784, TIED_SIZE * 784]:
        return None
    return f"one matrix and two biases, b of {TIED_SIZE} and c of 784, are all it needs; the shapes are {shapes}"


def _wrong_values(z: object, x_hat: object, x: torch.Tensor, w: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> Hint:
    """Return a hint if the code of x, or the image of that code, is not what the matrix and the biases should give."""
    right_z = x @ w.T + b
    mistakes = {"the bias b is missing": x @ w.T}
    mistakes |= {f"leave the {f.__name__} out": f(right_z) for f in (torch.sigmoid, torch.tanh, torch.relu)}
    if hint := compare(z, right_z, mistakes):
        return f"encode should give W x + b: {hint}"
    mistakes = {"the sigmoid is missing": right_z @ w + c, "the bias c is missing": torch.sigmoid(right_z @ w)}
    hint = compare(x_hat, torch.sigmoid(right_z @ w + c), mistakes)
    return f"decode should give sigmoid(Wᵀ z + c): {hint}" if hint else None
