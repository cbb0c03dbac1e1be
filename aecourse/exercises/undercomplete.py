"""Answers to the exercises of notebooks/03_undercomplete_vs_pca.ipynb."""

from __future__ import annotations

import functools

import torch

from aecourse.data import load_mnist
from aecourse.exercises.checking import Verdict, exercise, same_array


@functools.cache
def _variances() -> torch.Tensor:
    """variance of the training digits along each principal component, largest first; (784,)"""
    train, _ = load_mnist()
    return torch.linalg.eigvalsh(torch.cov(train.x.T, correction=0).double()).flip(0)


@exercise("03.1", "easy")
def components_for_ninety_per_cent(answer: object) -> Verdict:
    """the smallest number of components whose variances sum to 90 % of all"""
    kept = _variances().cumsum(0) / _variances().sum()
    right = int((kept < 0.9).sum()) + 1
    if answer == right:
        return None
    if answer == right - 1:
        return "one short: with that many the share is still just below 90 %"
    if isinstance(answer, float) and 0 < answer < 1:
        return "that is a share; the answer is a number of components"
    return "add the eigenvalues up from the largest (cumsum) and see where the sum passes 90 % of the total"


@exercise("03.2", "medium")
def pca_restore(answer) -> Verdict:
    """a function (x, mean, components) that projects onto the components and comes back"""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(6, 5, generator=generator) + 3
    mean = x.mean(0)
    components = torch.linalg.qr(torch.randn(5, 2, generator=generator))[0].T  # (2, 5), orthonormal rows
    got = answer(x, mean, components)
    expected = (x - mean) @ components.T @ components + mean
    if isinstance(got, torch.Tensor) and got.shape == (6, 2):
        return "that is the code; bring it back to the size of the input"
    if isinstance(got, torch.Tensor) and got.shape == x.shape:
        if torch.allclose(got + mean, expected, atol=1e-5):
            return "nearly: the mean that was taken away must come back"
        if torch.allclose(got, x @ components.T @ components, atol=1e-5):
            return "the components are directions from the mean: subtract it first, add it at the end"
    return same_array(got, expected, tolerance=1e-5)


@exercise("03.3", "stretch")
def unmix(answer) -> Verdict:
    """a function (E, D, C) that recovers PCA's ordered components from a mixed optimal linear autoencoder"""
    generator = torch.Generator().manual_seed(0)
    basis = torch.linalg.qr(torch.randn(6, 6, generator=generator, dtype=torch.float64))[0]
    covariance = basis @ torch.diag(torch.tensor([9.0, 5, 3, 1, 0.5, 0.1], dtype=torch.float64)) @ basis.T
    mix = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    encoder, decoder = mix @ basis[:, :3].T, basis[:, :3] @ torch.linalg.inv(mix)
    got = answer(encoder, decoder, covariance)
    if not isinstance(got, torch.Tensor) or got.shape != (3, 6):
        return "the result should be the three components as rows, shape (k, d)"
    if not torch.allclose(got @ got.T, torch.eye(3, dtype=torch.float64), atol=1e-6):
        return "the rows should be orthonormal; the columns of D are not, start from torch.linalg.qr(D)"
    cosines = (got @ basis[:, :3]).abs()
    if torch.allclose(cosines, torch.eye(3, dtype=torch.float64), atol=1e-4):
        return None
    if torch.allclose(cosines.flip(0), torch.eye(3, dtype=torch.float64), atol=1e-4):
        return "these are the components, the smallest first; eigh sorts upwards"
    return "the space is right but the axes are not yet those of the data: diagonalise C inside the space"
