"""Answers to the exercises of notebooks/05_sparse.ipynb."""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

from aecourse.exercises.checking import Verdict, exercise, same_array


@exercise("05.1", "easy")
def bits_of_a_choice(answer) -> Verdict:
    """a function (units, k) that gives the bits needed to say which k of the units are awake"""
    for units, k in ((4, 1), (10, 3), (1024, 50), (1024, 0)):
        got, expected = float(answer(units, k)), math.log2(math.comb(units, k))
        if k == 1 and math.isclose(got, units):
            return "one bit a unit would allow any number of them to be awake; here it is always k"
        if k == 3 and math.isclose(got, k * math.log2(units)):
            return "naming the k units one after the other counts every order of the same k; orders do not matter"
        if k == 3 and math.isclose(got, math.comb(units, k)):
            return "that is the number of choices; bits are its logarithm to base 2"
        if not math.isclose(got, expected, rel_tol=1e-6, abs_tol=1e-9):
            return f"for {units} units and k = {k} it gives {got:.4g}; count the ways to choose k of them (math.comb)"
    return None


@exercise("05.2", "medium")
def shrink(answer) -> Verdict:
    """a function (a, lam) that minimises (a − z)² + lam · z over z ≥ 0, for each number of a"""
    a = torch.linspace(-2, 3, 11)
    for lam in (0.0, 0.5, 2.0):
        got, expected = answer(a, lam), (a - lam / 2).relu()
        if lam == 0.5 and isinstance(got, torch.Tensor) and got.shape == a.shape:
            if torch.allclose(got, (a - lam).relu()):
                return "nearly: the derivative of (a − z)² is −2 (a − z), mind the 2"
            if torch.allclose(got, a - lam / 2):
                return "the minimum of the parabola may lie below 0, where z must not go"
            if torch.allclose(got, torch.where(a > lam / 2, a, 0.0)):
                return "that silences the weak and leaves the strong as they are; the price is paid by all"
        if hint := same_array(got, expected, tolerance=1e-5):
            return hint
    return None


@exercise("05.3", "stretch")
def pursue(answer) -> Verdict:
    """a function (x, D, k) that builds x greedily from k columns of D: matching pursuit"""
    generator = torch.Generator().manual_seed(0)
    atoms = F.normalize(torch.randn(12, 30, generator=generator), dim=0)  # (12, 30), columns of length 1
    x = torch.randn(12, generator=generator)
    for k in (1, 2, 8):
        z = answer(x, atoms, k)
        if not isinstance(z, torch.Tensor) or z.shape != (30,):
            return "the result should be the code z, one number for each column of D, shape (30,)"
        if int((z != 0).sum()) > k:
            return f"with k = {k} it wakes {int((z != 0).sum())} atoms"
        expected = _pursuit(x, atoms, k)
        if k > 1 and torch.allclose(z, _all_at_once(x, atoms, k), atol=1e-5):
            return "that chooses all k at once; after each choice look again at what is still missing"
        if hint := same_array(z, expected, tolerance=1e-4):
            return f"k = {k}: {hint}; take the atom with the largest |product| with what is missing, add that product"
    return None


def _pursuit(x: torch.Tensor, atoms: torch.Tensor, k: int) -> torch.Tensor:
    z = torch.zeros(atoms.shape[1])
    for _ in range(k):
        fit = atoms.T @ (x - atoms @ z)
        best = fit.abs().argmax()
        z[best] += fit[best]
    return z


def _all_at_once(x: torch.Tensor, atoms: torch.Tensor, k: int) -> torch.Tensor:
    fit = atoms.T @ x
    return torch.where(fit.abs() >= fit.abs().topk(k).values[-1], fit, 0.0)
