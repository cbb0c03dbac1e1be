"""Answers to the exercises of notebooks/06_denoising.ipynb."""

from __future__ import annotations

import math

import torch

from aecourse.evaluation import mixture_score
from aecourse.exercises.checking import Verdict, exercise, same_array


@exercise("06.1", "easy")
def gain_in_decibels(answer) -> Verdict:
    """a function (clean, damaged, repaired) that says how many decibels the repair gained"""
    generator = torch.Generator().manual_seed(0)
    clean = torch.rand(6, 9, generator=generator)
    spread = torch.linspace(0.5, 1.5, 6)[:, None]  # pictures damaged unequally: a mean of decibels would differ
    damaged = clean + 0.3 * spread * torch.randn(6, 9, generator=generator)
    repaired = clean + 0.1 * torch.randn(6, 9, generator=generator)
    got = float(answer(clean, damaged, repaired))
    before, after = (-10 * math.log10((x - clean).square().mean().item()) for x in (damaged, repaired))
    if math.isclose(got, after - before, rel_tol=1e-4):
        return None
    if math.isclose(got, before - after, rel_tol=1e-4):
        return "the sign: a good repair should gain, not lose"
    if math.isclose(got, after, rel_tol=1e-4):
        return "that is the PSNR after the repair; subtract the PSNR before it"
    if math.isclose(got, (after - before) * math.log(10), rel_tol=1e-4):
        return "a decibel counts powers of ten: log10, not the natural logarithm"
    if math.isclose(got, (after - before) / 10, rel_tol=1e-4):
        return "that is in bels; a decibel is a tenth of one"
    return "PSNR is 10 log10(1 / MSE), with one MSE over all pixels of the batch; take after minus before"


@exercise("06.2", "medium")
def denoising_loss(answer) -> Verdict:
    """a function (model, x, damage): damaged picture in, clean picture as target, mean over pixels and pictures"""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(5, 4, generator=generator)
    calls: list[torch.Tensor] = []

    def damage(images: torch.Tensor) -> torch.Tensor:
        calls.append(images)
        return images * 0.5 + 0.1 * len(calls)  # another damage at each call, as real noise is

    def model(images: torch.Tensor) -> torch.Tensor:
        return images.flip(1) * 0.9

    got = float(answer(model, x, damage))
    if not calls:
        return "the model sees the clean picture; call damage(x) first"
    x_tilde = x * 0.5 + 0.1
    x_hat = model(x_tilde)
    if math.isclose(got, (x_hat - x).square().mean().item(), rel_tol=1e-5):
        return None
    if math.isclose(got, (x_hat - x_tilde).square().mean().item(), rel_tol=1e-5):
        return "the target carries the damage too: that network would learn to keep it"
    if len(calls) > 1:
        return "damage was drawn more than once; only the model's input is damaged"
    if math.isclose(got, (x_hat - x).square().sum().item(), rel_tol=1e-5):
        return "a sum: take the mean over pixels and pictures"
    if math.isclose(got, (model(x) - x_tilde).square().mean().item(), rel_tol=1e-5):
        return "the other way round: damaged in, clean as target"
    return "compare model(damage(x)) with the clean x: the mean of the squared differences"


@exercise("06.3", "stretch")
def perfect_denoiser(answer) -> Verdict:
    """a function (x_tilde, centres, sigma) that returns E[x | x_tilde] for equally likely centres"""
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(7, 3, generator=generator, dtype=torch.float64)
    x_tilde = centres[[0, 2, 4, 6]] + 0.6 * torch.randn(4, 3, generator=generator, dtype=torch.float64)
    sigma = 0.6
    got = answer(x_tilde, centres, sigma)
    expected = x_tilde + sigma**2 * mixture_score(x_tilde, centres, sigma)  # Tweedie's formula
    if isinstance(got, torch.Tensor) and got.shape == expected.shape:
        nearest = centres[torch.cdist(x_tilde, centres).argmin(1)]
        if torch.allclose(got, nearest):
            return "that is the nearest centre; several centres could be behind a point: weigh them"
        if torch.allclose(got, expected - x_tilde, atol=1e-6):
            return "that is the arrow; the question is where it ends"
        squared = torch.cdist(x_tilde, centres) ** 2
        if torch.allclose(got, (-squared / sigma**2).softmax(1) @ centres, atol=1e-6):
            return "nearly: a Gaussian's exponent is −distance² / (2 sigma²)"
    return same_array(got, expected, tolerance=1e-5)
