"""The settings, names, split and seeds of the course, defined once for recipes, explorers, exercises and notebooks."""

from __future__ import annotations

import functools

import torch

from aecourse.data import ImageSet, load_mnist
from aecourse.models import PCA

CODE_SIZES = (1, 2, 4, 8, 16, 32, 64)  # numbers in the code
CONTRACTION_STRENGTHS = (0, 0.03, 0.1, 0.3, 1)  # λ
BETAS = (0, 0.3, 1, 3, 10)  # weight of the KL divergence

# {setting: name of the shipped weights}
DENSE = {k: f"dense-k{k}" for k in CODE_SIZES}
CONTRACTIVE = {strength: f"contractive-{strength:g}" for strength in CONTRACTION_STRENGTHS}
VARIATIONAL = {beta: f"vae-2d-beta{beta:g}" for beta in BETAS}  # all with two code numbers
NORMAL = {digit: f"normal-{digit}" for digit in range(10)}  # each fitted to one digit only
# {penalty: {setting: name}}, from gentle to strict; the setting is λ for "l1", ρ for "kl" and k for "topk"
SPARSE = {
    penalty: {setting: f"sparse-{penalty}-{setting:g}" for setting in settings}
    for penalty, settings in {"l1": (0.1, 0.25, 0.5), "kl": (0.1, 0.05, 0.02), "topk": (50, 25, 10)}.items()
}

VALIDATION_SIZE = 5_000  # training digits set aside, on which every choice of the course is made
SPLIT_SEED = 0


def load_split(*, device: torch.device | str = "cpu") -> tuple[ImageSet, ImageSet]:
    """Return the training digits as (55,000 to fit, 5,000 for validation), the same split everywhere in the course."""
    return load_mnist(device=device)[0].split(VALIDATION_SIZE, seed=SPLIT_SEED)


@functools.cache
def digits_pca() -> PCA:
    """Return the PCA of the digits that the networks are fitted to, with as many components as the largest code.

    Computed once.
    """
    return PCA.fit(load_split()[0].x, CODE_SIZES[-1])
