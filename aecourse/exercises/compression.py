"""Answers to the exercises of notebooks/01_compression.ipynb."""

from __future__ import annotations

import functools
import math

import torch

from aecourse.data import load_mnist
from aecourse.exercises.checking import Verdict, exercise
from aecourse.weights import load_weights

BUDGET = 16  # bytes an image
SIZES = (1, 2, 4, 8, 16, 32, 64)


@exercise("01.1", "easy")
def switches_needed(answer) -> Verdict:
    """a function of n that gives how many on/off switches tell n things apart"""
    for things in (2, 4, 5, 8, 9, 10, 16, 17, 1000, 1024):
        got, expected = answer(things), math.ceil(math.log2(things))
        if got == expected:
            continue
        if got != int(got):
            return f"for {things} things it gives {got:.3g}; there is no such thing as a part of a switch"
        if 2**got < things:
            return f"{got:g} switches make {2**got:g} patterns, too few to tell {things} things apart"
        return f"for {things} things it gives {got:g}, but {expected} would do: they make {2**expected} patterns"
    return None


@exercise("01.2", "medium")
def best_code_for_a_budget(answer) -> Verdict:
    """the pair (k, bits) of at most 16 bytes an image that restores test digits best"""
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        return "the answer is a pair such as (16, 8): the numbers in the code, and the bits for each"
    k, bits = answer
    if k not in SIZES or bits not in range(1, 9):
        return f"k must be one of {', '.join(map(str, SIZES))} and bits a whole number from 1 to 8"
    if k * bits > 8 * BUDGET:
        return f"{k} numbers of {bits} bits need {k * bits / 8:g} bytes; there are {BUDGET}"
    affordable = [(size, min(8, 8 * BUDGET // size)) for size in SIZES]  # more bits are never worse at equal k
    best = min(quantised_error(*pair) for pair in affordable)
    lost = 10 * math.log10(quantised_error(k, bits) / best)
    return None if lost < 0.05 else f"it fits into {BUDGET} bytes, but another pair is better by {lost:.1f} dB"


@functools.cache
@torch.inference_mode()
def quantised_error(k: int, bits: int) -> float:
    """test MSE of the shipped network with k numbers when each is rounded to 2**bits levels"""
    train, test = load_mnist()
    model, levels = load_weights(f"dense-k{k}"), 2**bits - 1
    z_train, x = model.encode(train.x[:2_000]), test.x[:1_000]
    low, high = z_train.amin(0), z_train.amax(0)
    whole = ((model.encode(x) - low) / (high - low) * levels).round().clamp(0, levels)
    return (model.decode(whole / levels * (high - low) + low) - x).square().mean().item()


@exercise("01.3", "stretch")
def eight_through_two(answer) -> Verdict:
    """a function that gives codes (8, 2), weights (8, 2) and biases (8,) that restore eight one-hot vectors"""
    try:
        codes, weight, bias = (torch.as_tensor(part, dtype=torch.float32) for part in answer())
    except (TypeError, ValueError) as error:
        return f"return three tensors: codes, weight, bias ({error})"
    for name, part, shape in (("codes", codes, (8, 2)), ("weight", weight, (8, 2)), ("bias", bias, (8,))):
        if tuple(part.shape) != shape:
            return f"{name} must have shape {shape}; got {tuple(part.shape)}"
    lit = codes @ weight.T + bias > 0  # (8, 8)
    right = int((lit == torch.eye(8, dtype=torch.bool)).all(1).sum())
    if right == 8:
        return None
    if len(codes.unique(dim=0)) < 8:
        return "some of the eight share one code: nothing can tell them apart any more"
    return f"{right} of 8 are restored; a line must cut each point off from the other seven: how can they lie?"
