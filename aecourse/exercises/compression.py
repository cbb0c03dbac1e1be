"""Checks of the answers to the exercises of notebooks/01_compression.ipynb."""

from __future__ import annotations

import functools
import math

import torch

from aecourse.data import load_mnist
from aecourse.exercises.checking import Hint, exercise
from aecourse.exercises.conversion import as_array, as_number, as_parts, call
from aecourse.zoo import CODE_SIZES, DENSE
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
        return f"for {things} things it gives {got:g}, but {expected} would do: they make {2**expected} patterns"
    return None


@exercise("01.2", "medium")
def best_code_for_a_budget(answer) -> Hint:
    """Expect the pair (k, bits) of at most 16 bytes an image that restores test digits best."""
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
    """Return the test MSE of the shipped network with k code numbers, each rounded to 2**bits levels."""
    train, test = load_mnist()
    model, levels = shared_weights(DENSE[k]), 2**bits - 1
    z_train, x = model.encode(train.x[:2_000]), test.x[:1_000]
    low, high = z_train.amin(0), z_train.amax(0)
    whole = ((model.encode(x) - low) / (high - low) * levels).round().clamp(0, levels)
    return (model.decode(whole / levels * (high - low) + low) - x).square().mean().item()


@exercise("01.3", "stretch")
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
        return f"{right} no line can cut off code {min(inner)}, it lies among the others; where must points not lie?"
    if not bias.any():
        return f"{right} with a bias of 0 every line runs through the middle and has half of the codes on its side"
    j = int((on != wanted).any(0).nonzero()[0])
    if not on[j, j]:
        return f"{right} output {j} is off for its own code: its line lies too far out"
    return f"{right} output {j} is on for {int(on[:, j].sum())} codes: its line lies too far in, or the wrong way round"
