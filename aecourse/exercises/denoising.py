"""Checks of the answers to the exercises of notebooks/06_denoising.ipynb."""

from __future__ import annotations

import math

import torch

from aecourse.evaluation import mixture_score
from aecourse.exercises.checking import Hint, compare, exercise
from aecourse.exercises.conversion import as_array, call


@exercise("06.1", "easy")
def gain_in_decibels(answer) -> Hint:
    """Expect a function (clean, damaged, repaired) that says how many decibels the repair gained."""
    generator = torch.Generator().manual_seed(0)
    clean = torch.rand(6, 9, generator=generator)
    spread = torch.linspace(0.5, 1.5, 6)[:, None]  # pictures damaged unequally: a mean of decibels would differ
    damaged = clean + 0.3 * spread * torch.randn(6, 9, generator=generator)
    repaired = clean + 0.1 * torch.randn(6, 9, generator=generator)
    ratio = (damaged - clean).square() / (repaired - clean).square()
    rows = (damaged - clean).square().mean(1) / (repaired - clean).square().mean(1)
    before, after = (-10 * (x - clean).square().mean().log10() for x in (damaged, repaired))
    mistakes = {
        "the sign: a good repair should gain, not lose": before - after,
        "that is the PSNR after the repair; subtract the PSNR before it": after,
        "that is the PSNR before the repair; how much higher is it after?": before,
        "a decibel counts powers of ten: log10, not the natural logarithm": (after - before) * math.log(10),
        "that is in bels; a decibel is a tenth of one": (after - before) / 10,
        "twice too much: 20 log10 is for amplitudes; the MSE is a square already": 2 * (after - before),
        "that is the ratio of the two errors; take its logarithm": 10 ** ((after - before) / 10),
        "that is a mean of decibels over pictures; take one MSE over the whole batch, then one logarithm": (
            10 * rows.log10().mean()
        ),
        "those are decibels for each picture; take one MSE over the whole batch": 10 * rows.log10(),
        "that is a mean of decibels over pixels; take one MSE over the whole batch, then one logarithm": (
            10 * ratio.log10().mean()
        ),
    }
    otherwise = "PSNR is 10 log10(1 / MSE), with one MSE over all pixels of the batch; take after minus before"
    return compare(call(answer, clean, damaged, repaired), after - before, mistakes, otherwise=otherwise)


@exercise("06.2", "medium")
def denoising_loss(answer) -> Hint:
    """Expect a function (model, x, damage): damaged image in, clean image as target, mean over pixels and images."""
    x = torch.rand(5, 4, generator=torch.Generator().manual_seed(0))
    calls = []

    def damage(images):  # tensors or arrays
        calls.append(images)
        return images * 0.5 + 0.1 * len(calls)  # another damage at each call, as real noise is

    def model(images):
        return images[:, [3, 2, 1, 0]] * 0.9

    got = as_array(call(answer, model, x, damage, before=calls.clear))
    x_tilde, again = x * 0.5 + 0.1, x * 0.5 + 0.2
    errors = model(x_tilde) - x
    late = torch.stack([(model(x_tilde) - again).square().mean(), (model(again) - x_tilde).square().mean()])
    right = errors.square().mean()
    mistakes = {
        "the model sees the clean picture; call damage(x) first": (model(x) - x).square().mean(),
        "the target carries the damage too: that network would learn to keep it": (model(x_tilde) - x_tilde)
        .square()
        .mean(),
        "damage was drawn again for the target; the target is the clean picture": late[0],
        "damage was drawn again for the model; the target is the clean picture": late[1],
        "the other way round: damaged in, clean as target": (model(x) - x_tilde).square().mean(),
        "the model is missing: its output is compared with the clean picture, not its input": (x_tilde - x)
        .square()
        .mean(),
        "a sum: take the mean over pixels and pictures": errors.square().sum(),
        "a sum over the pixels of a picture: take their mean": errors.square().sum(1).mean(),
        "square the differences before you take their mean": errors.abs().mean(),
        "that is the root of the loss; leave the root out": right.sqrt(),
        "one number for each picture: take the mean over the pictures as well": errors.square().mean(1),
        "those are the squared differences: take their mean": errors.square(),
    }
    otherwise = "compare model(damage(x)) with the clean x: the mean of the squared differences"
    if len(calls) > 1:
        otherwise = "damage was drawn more than once; only the model's input is damaged"
    return compare(got, right, mistakes, otherwise=otherwise)


@exercise("06.3", "stretch")
def perfect_denoiser(answer) -> Hint:
    """Expect a function (x_tilde, centres, sigma) that returns E[x | x_tilde] for equally likely centres."""
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(7, 3, generator=generator)
    x_tilde, sigma = centres[[0, 2, 4, 6]] + 0.6 * torch.randn(4, 3, generator=generator), 0.6
    expected = x_tilde + sigma**2 * mixture_score(x_tilde, centres, sigma)  # Tweedie's formula
    distance = torch.cdist(x_tilde, centres)  # (4, 7)
    exponent = -(distance**2) / (2 * sigma**2)
    mistakes = {
        "that is the nearest centre; several centres could be behind a point: weigh them": centres[distance.argmin(1)],
        "that is the arrow; the question is where it ends": expected - x_tilde,
        "nearly: a Gaussian's exponent is −distance² / (2 sigma²), mind the 2": (2 * exponent).softmax(1) @ centres,
        "nearly: a Gaussian's exponent is −distance² / (2 sigma²), mind the square of sigma": (
            (sigma * exponent).softmax(1) @ centres
        ),
        "nearly: a Gaussian's exponent is −distance² / (2 sigma²), mind the square of the distance": (
            (-distance / (2 * sigma**2)).softmax(1) @ centres
        ),
        "the sign: the further a centre, the less likely it is": (-exponent).softmax(1) @ centres,
        "the weights of one point do not sum to 1": exponent.exp() @ centres,
        "the softmax runs over the points; the weights of the centres must sum to 1 for each point": (
            exponent.softmax(0) @ centres
        ),
        "those are the weights of the centres; weigh the centres with them": exponent.softmax(1),
        "all centres weigh the same; the near ones are likelier": centres.mean(0).expand_as(x_tilde),
        "that gives the points back as they are": x_tilde,
    }
    return compare(call(answer, x_tilde, centres, sigma), expected, mistakes)
