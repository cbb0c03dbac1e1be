"""Checks of the answers to the exercises of notebooks/01_compression.ipynb."""

from __future__ import annotations

import functools
import math

import torch
from torch import nn

from aecourse.exercises.checking import Hint, agree, compare, exercise
from aecourse.exercises.conversion import AnswerError, as_array, as_number, as_parts, call, describe, refuse_nan
from aecourse.zoo import CODE_SIZES, DENSE, load_split
from aecourse.zoo.weights import shared_weights

BUDGET = 16  # bytes an image


@exercise("01.1", "easy")
def switches_needed(answer) -> Hint:
    """Expect a function of n that gives how many on/off switches tell n things apart."""
    for things in (5, 8, 2, 4, 9, 10, 16, 17, 1000, 1024):
        got, expected = as_number(call(answer, things)), math.ceil(math.log2(things))
        if got == expected:
            continue
        if not got.is_integer():
            return f"for {things} things it gives {got:.3g}; there is no such thing as a part of a switch"
        if got == things == 5:
            return (
                f"for {things} things it gives {got:g}; {got:g} switches together make far more than {got:g} patterns"
            )
        if got < expected:
            return f"for {things} things it gives {got:g}; these make {2**got:g} patterns, too few to tell them apart"
        return f"for {things} things it gives {got:g}, but {expected} are enough: they make {2**expected} patterns"
    return None


@exercise("01.2", "medium")
def one_training_step(answer) -> Hint:
    """Expect a function of net, optimizer and x that takes one step against the squared error and returns the loss."""
    if isinstance(answer, type):
        raise AnswerError(f"hand in a function; got the class {answer.__name__} itself")
    if not callable(answer):
        raise AnswerError(f"hand in the function, not its result; got {describe(answer)}")
    expected = _taken(_right_step)
    wrong = {
        "the directions of the last step are still in it: call optimizer.zero_grad() before backward()": _kept_step,
        "the loss is the mean of the squared differences, not their sum": _summed_step,
        "square the differences: the loss is the mean squared error": _absolute_step,
    }
    losses, weights = _taken(answer)
    if (weights - _taken(None)[1]).abs().max() == 0:
        if not losses:
            return "no weight moved, and your function returns None: is `return` missing?"
        return "no weight moved: zero_grad(), backward(), step(), in this order, forget, compute and use the directions"
    for hint, step in wrong.items():
        if agree(weights, _taken(step)[1], 1e-4):
            return hint
    if not agree(weights, expected[1], 1e-4):
        return (
            "the weights move, but not as the five lines of the table move them: one line for each row, in that order"
        )
    if not losses:
        return "the weights move as they should; let the function return the loss as well"
    if not agree(as_array(losses), as_array(expected[0]), 1e-3):
        return "the weights move as they should, but what is returned is not the loss of this step, before it was taken"
    return None


STEPS = 3


def _taken(step) -> tuple[list[float], torch.Tensor]:
    """Return the losses of three steps of a fresh small net, and its weights afterwards."""
    generator = torch.Generator().manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 3), nn.Tanh(), nn.Linear(3, 6), nn.Sigmoid())
    for parameter in net.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    optimizer = torch.optim.SGD(net.parameters(), lr=5.0)
    x, losses = torch.rand(8, 6, generator=generator), []
    for _ in range(STEPS if step else 0):
        loss = step(net, optimizer, x.clone())
        refuse_nan(loss, "the result of your function")
        if loss is not None:
            losses.append(as_number(loss))
    return losses, torch.cat([parameter.detach().flatten() for parameter in net.parameters()])


def _right_step(net: nn.Module, optimizer: torch.optim.Optimizer, x: torch.Tensor) -> torch.Tensor:
    loss = (net(x) - x).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def _kept_step(net: nn.Module, optimizer: torch.optim.Optimizer, x: torch.Tensor) -> None:
    (net(x) - x).square().mean().backward()
    optimizer.step()


def _summed_step(net: nn.Module, optimizer: torch.optim.Optimizer, x: torch.Tensor) -> None:
    optimizer.zero_grad()
    (net(x) - x).square().sum().backward()
    optimizer.step()


def _absolute_step(net: nn.Module, optimizer: torch.optim.Optimizer, x: torch.Tensor) -> None:
    optimizer.zero_grad()
    (net(x) - x).abs().mean().backward()
    optimizer.step()


@exercise("01.3", "medium")
def likeliest_sigma(answer) -> Hint:
    """Expect a function of x and x_hat that gives the σ which makes Gaussian −log p smallest: the root of the MSE."""
    x, x_hat = torch.rand(2, 5, 784, generator=torch.Generator().manual_seed(0))
    difference = x - 0.8 * x_hat
    error = difference.square().mean()
    mistakes = {
        "that is σ²; the question asks for σ": error,
        "that sums over the pixels of an image; −log p has D terms with log σ, so divide by D": (784 * error).sqrt(),
        "one σ for each image; here one σ serves all pixels of all images": difference.square().mean(1).sqrt(),
        "one σ for each pixel; here one σ serves all pixels of all images": difference.square().mean(0).sqrt(),
        "that is the standard deviation about the mean difference; the Gaussian sits at x_hat": difference.std(),
        "that is the mean distance, which Laplace noise asks for; a Gaussian asks for squares": difference.abs().mean(),
        "there is no factor 2 left: the derivative of D log σ is D/σ, of SSE/2σ² it is −SSE/σ³": (error / 2).sqrt(),
        "that is 1/σ; take its inverse": 1 / error.sqrt(),
    }
    otherwise = "write −log p as a function of σ alone, set its derivative to 0, and solve for σ"
    return compare(call(answer, x, 0.8 * x_hat), error.sqrt(), mistakes, otherwise=otherwise)


@exercise("01.4", "medium")
def best_code_for_a_budget(answer) -> Hint:
    """Expect the pair (k, bits) of at most 16 bytes an image that restores validation digits best."""
    k, bits = (as_number(part) for part in as_parts(answer, "k (the numbers in the code)", "bits (for each of them)"))
    if bits > 8 and bits in CODE_SIZES and k in range(1, 9):
        return "the other way round: first k, the numbers in the code, then the bits for each"
    if k not in CODE_SIZES or bits not in range(1, 9):
        return f"k must be one of {', '.join(map(str, CODE_SIZES))} and bits a whole number from 1 to 8"
    k, bits = int(k), int(bits)
    if k * bits > 8 * BUDGET:
        return f"{k} numbers of {bits} bits need {k * bits / 8:g} bytes; there are {BUDGET}"
    if bits < min(8, 8 * BUDGET // k):
        return (
            f"{k} numbers of {bits} bits need only {k * bits / 8:g} of the {BUDGET} bytes: there is room for more bits"
        )
    affordable = [(size, min(8, 8 * BUDGET // size)) for size in CODE_SIZES]  # more bits are never worse at equal k
    best = min(affordable, key=lambda pair: quantised_error(*pair))
    lost = 10 * math.log10(quantised_error(k, bits) / quantised_error(*best))
    if lost < 0.05:
        return None
    better = "more numbers with fewer bits each" if best[0] > k else "fewer numbers with more bits each"
    return f"it fits into {BUDGET} bytes, but {better} are better by {lost:.1f} dB"


@functools.cache
@torch.inference_mode()
def quantised_error(k: int, bits: int) -> float:
    """Return the validation MSE of the shipped network with k code numbers, each rounded to 2**bits levels."""
    fitting, valid = load_split()  # every choice is made on validation digits, not on test digits
    model, levels = shared_weights(DENSE[k]), 2**bits - 1
    z_train, x = model.encode(fitting.x[:5_000]), valid.x[:1_000]
    low, high = z_train.amin(0), z_train.amax(0)
    whole = ((model.encode(x) - low) / (high - low) * levels).round().clamp(0, levels)
    return (model.decode(whole / levels * (high - low) + low) - x).square().mean().item()


@exercise("01.5", "stretch")
def eight_through_two(answer) -> Hint:
    """Expect a function that gives codes (8, 2), weights (8, 2) and biases (8,) that restore eight one-hot vectors."""
    names, shapes = ("codes", "weight", "bias"), ((8, 2), (8, 2), (8,))
    parts = [as_array(part) for part in as_parts(call(answer), *names)]
    for name, part, shape in zip(names, parts, shapes, strict=True):
        if part.shape != shape:
            return f"{name} must have shape {shape}; got {tuple(part.shape)}"
    codes, weight, bias = parts
    on = codes @ weight.T + bias > 0  # (8, 8): a row for each code, a column for each output
    wanted = torch.eye(8, dtype=torch.bool)
    if torch.equal(on, wanted):
        return None
    right = f"{int((on == wanted).all(1).sum())} of 8 are restored;"
    if len(codes.unique(dim=0)) < 8:
        return f"{right} some of the eight share one code: nothing can tell them apart any more"
    angle = torch.arange(3600) * 2 * torch.pi / 3600
    extent = (
        codes @ torch.stack([angle.cos(), angle.sin()]).double()
    )  # (8, 3600): how far each code lies in each direction
    if (inner := set(range(8)) - set(extent.argmax(0).tolist())) != set():
        return f"{right} no line can separate code {min(inner)}: it lies among the others; where may no point lie?"
    if not bias.any():
        return f"{right} with a bias of 0 every line runs through the origin, and half of the codes lie on its side"
    j = int((on != wanted).any(0).nonzero()[0])
    if not on[j, j]:
        return f"{right} output {j} is off for its own code: its line lies too far out"
    return f"{right} output {j} is on for {int(on[:, j].sum())} codes: its line lies too far in, or the wrong way round"
