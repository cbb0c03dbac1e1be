"""Checks of the answers to the exercises of notebooks/03_undercomplete_vs_pca.ipynb."""

from __future__ import annotations

import functools

import torch

from aecourse.data import load_mnist
from aecourse.exercises.checking import Hint, agree, compare, exercise
from aecourse.exercises.conversion import as_array, as_number, as_parts, call


@functools.cache
def _variances() -> torch.Tensor:
    """Return the variance of the training digits along each principal component, largest first; (784,)."""
    train, _ = load_mnist()
    return torch.linalg.eigvalsh(torch.cov(train.x.T, correction=0).double()).flip(0)


def _needed(parts: torch.Tensor) -> int:
    """Return how many of the parts, from the first, sum to 90 % of the total."""
    return int((parts.cumsum(0) / parts.sum() < 0.9).sum()) + 1


@exercise("03.1", "easy")
def components_for_ninety_per_cent(answer: object) -> Hint:
    """Expect the smallest number of components whose variances sum to 90 % of all."""
    got, variances = as_number(answer), _variances()
    right = _needed(variances)
    if got != right and not got.is_integer():
        return (
            "that is a share; the answer is a number of components"
            if 0 < got < 1
            else "a number of components is whole"
        )
    mistakes = {
        "one short: with that many the share is still just below 90 %": right - 1,
        "one too many: with one fewer the share is above 90 % already": right + 1,
        "that begins with the smallest variances; begin with the largest": _needed(variances.flip(0)),
        "that adds up standard deviations; add up the variances as they are": _needed(variances.clamp(min=0).sqrt()),
        "that is 90 % of the number of components; the question is about 90 % of the variance": round(0.9 * 784),
        "that is all of them; they keep 100 %": 784,
    }
    otherwise = "add the eigenvalues up from the largest (cumsum) and see where the sum passes 90 % of the total"
    return compare(got, right, mistakes, tolerance=1e-9, otherwise=otherwise)


@exercise("03.2", "medium")
def pca_restore(answer) -> Hint:
    """Expect a function (x, mean, components) that projects onto the components and comes back."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(6, 5, generator=generator) + 3
    mean = x.mean(0)
    components = torch.linalg.qr(torch.randn(5, 2, generator=generator))[0].T  # (2, 5), orthonormal rows
    z = (x - mean) @ components.T
    mistakes = {
        "that is the code; bring it back to the size of the input": z,
        "nearly: the mean that was taken away must come back": z @ components,
        "the components are directions from the mean: subtract it first, add it at the end": x
        @ components.T
        @ components,
        "the mean is added at the end; it must be subtracted first": x @ components.T @ components + mean,
        "that is the input itself; only what the components carry should come back": x,
    }
    return compare(call(answer, x, mean, components), z @ components + mean, mistakes)


@exercise("03.3", "medium")
def mix(answer) -> Hint:
    """Expect a function (E, D, M) that gives an encoder with the code M z, and the decoder that undoes it."""
    generator = torch.Generator().manual_seed(0)
    E, D, M = (torch.randn(size, generator=generator) for size in ((3, 5), (5, 3), (3, 3)))
    back = torch.linalg.inv(M)
    encoder, decoder = map(as_array, as_parts(call(answer, E, D, M), "the encoder's matrix", "the decoder's matrix"))
    if agree(encoder, as_array(back @ E), 1e-3) and agree(decoder, as_array(D @ M), 1e-3):
        return "every image is restored as before, but the code is now M⁻¹z; the question asks for M z"
    mistakes = {
        "that is E itself: its code is still z; the new code is M z": E,
        "the code is a column, z = E x: M z is M E x, without a transpose": M.T @ E,
        "turned around, the encoder's matrix is (k, d), as E is": (M @ E).T,
    }
    if hint := compare(encoder, M @ E, mistakes, tolerance=1e-3, otherwise="its code should be M z, with z = E x"):
        return f"the encoder: {hint}"
    mistakes = {
        "that is D itself; the code has changed, so it must first be unmixed": D,
        "that mixes the code a second time; the decoder must first undo M": D @ M,
        "the transpose undoes M only if M is a rotation; take the inverse": D @ M.T,
        "the inverse is right, but it must not be transposed": D @ back.T,
    }
    if hint := compare(decoder, D @ back, mistakes, tolerance=1e-3, otherwise="D′E′ must be D E again"):
        return f"the encoder is right; the decoder: {hint}"
    return None


@exercise("03.4", "easy")
def keep_first(answer) -> Hint:
    """Expect a function (z, kept) that keeps the first numbers of each code and sets the others to zero."""
    z = torch.randn(4, 5, generator=torch.Generator().manual_seed(0)) + 3  # no zero among them
    kept, order = torch.tensor([1, 5, 3, 2]), torch.arange(5)
    mistakes = {
        "one number too few is kept: arange counts from 0": z * (order < kept[:, None] - 1),
        "one number too many is kept: arange counts from 0": z * (order <= kept[:, None]),
        "that keeps the numbers after the kept-th; keep those up to it": z * (order >= kept[:, None]),
        "that keeps the last numbers; keep the first": z * (order >= 5 - kept[:, None]),
        "every image has its own number in kept; that used the first for all": z * (order < kept[0]),
        "that is the mask; multiply the code by it": order < kept[:, None],
        "that is the code itself; nothing was set to zero": z,
    }
    mistakes = {hint: wrong.float() for hint, wrong in mistakes.items()}
    otherwise = "row i should be z[i] with zeros after its first kept[i] numbers"
    return compare(call(answer, z, kept), z * (order < kept[:, None]), mistakes, otherwise=otherwise)


@exercise("03.5", "stretch")
def unmix(answer) -> Hint:
    """Expect a function (E, D, C) that gives the data's principal axes in the space of D's columns, largest first."""
    generator = torch.Generator().manual_seed(0)
    basis = torch.linalg.qr(torch.randn(6, 6, generator=generator, dtype=torch.float64))[0]
    variances = torch.tensor([9.0, 5, 3, 1, 0.5, 0.1], dtype=torch.float64)
    C = basis * variances @ basis.T
    E = torch.randn(3, 6, generator=generator, dtype=torch.float64)
    D = C @ E.T @ torch.linalg.inv(E @ C @ E.T)  # best for E: near C's leading space, but neither it nor the one of E
    got = as_array(call(answer, *(matrix.float() for matrix in (E, D, C))))
    if got.shape == (6, 3):
        return "the components should be the rows, shape (k, d): transpose"
    if got.shape != (3, 6):
        return f"the result should be the three components as rows, shape (3, 6); got {tuple(got.shape)}"
    one = torch.eye(3, dtype=torch.float64)
    if agree(got, D.T, 1e-3):
        return "those are D's columns as they are; they are not orthonormal yet"
    if not agree(got @ got.T, one, 1e-3):
        return (
            "the rows should be orthonormal; the columns of D are not: find an orthonormal basis of their space first"
        )
    space = torch.linalg.qr(D)[0]
    if not agree(got.T @ got, space @ space.T, 1e-3):
        return _another_space(got, E, C, basis)
    axes = space @ torch.linalg.eigh(space.T @ C @ space)[1].flip(1)  # (6, 3)
    cosines = (got @ axes).abs()
    if agree(cosines, one, 1e-3):
        return None
    if agree(cosines.flip(0), one, 1e-3):
        return "these are the components, the smallest first; eigh sorts upwards"
    if agree(cosines.round(), cosines, 1e-3):
        return "these are the components, but not in the order of their variances"
    return "the space is right but the axes are not yet those of the data: diagonalise C inside the space"


def _another_space(got: torch.Tensor, E: torch.Tensor, C: torch.Tensor, basis: torch.Tensor) -> str:
    """Return a hint that names the space which the orthonormal rows `got` span instead of that of D's columns."""
    cosines = (got @ basis).abs()  # 0 or 1 if the rows are eigenvectors of C
    if agree(cosines.round(), cosines, 1e-3):
        return "these are components of C alone, E and D were not used: which space do D's columns span?"
    rows = torch.linalg.qr(E.T)[0]
    if agree(got.T @ got, rows @ rows.T, 1e-3):
        return "that is the space of E, where the network looks; its images lie in the space of D's columns"
    return "the rows do not lie in the space of D's columns: all that the network can restore lies there"
