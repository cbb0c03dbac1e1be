"""Which way each slider moves a code, and so what codes are drawn from: one mode of `GeneratorExplorer`."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import gammaincinv

from aecourse.explorers.base.network import pack
from aecourse.models import PCA, Autoencoder, VariationalAutoencoder
from aecourse.zoo.shipped import codes_of, ranked_code_numbers
from aecourse.zoo.weights import shared_weights

SLIGHT = 1e-4  # share of the largest variance; a component with less has no slider


@dataclass(frozen=True, eq=False)
class CodeAxes:
    """The sliders of a code, that which matters most first; a draw puts each at a normal random number.

    Attributes
    ----------
    middle : float tensor (latent_dim,), the code when all sliders stand at 0
    steps : float tensor (sliders, latent_dim), what one unit of each adds to the code; orthogonal to each other
    active : how many of them change the picture
    share : how much of the variance of the codes they hold, for a network without a prior
    """

    middle: torch.Tensor
    steps: torch.Tensor
    active: int
    share: float | None = None

    def code(self, z: list[float]) -> torch.Tensor:
        """Return the code of some places of the sliders; (1, latent_dim)."""
        return (self.middle + torch.tensor(z[: len(self.steps)]) @ self.steps)[None]

    def places(self, code: torch.Tensor) -> list[float]:
        """Return where the sliders must stand to come as near to a code as they can; (latent_dim,) → sliders."""
        return ((self.steps @ (code - self.middle)) / self.steps.square().sum(1).clamp(min=1e-30)).tolist()

    def usual(self) -> list[float]:
        """Return the two lengths of the active sliders' places between which 95 % of all draws lie."""
        return np.sqrt(2 * gammaincinv(max(1, self.active) / 2, (0.025, 0.975))).tolist()  # √χ², as scipy.stats has it

    def packed(self) -> bytes:
        """Return them for the page."""
        return pack({"middle": self.middle, "steps": self.steps})


@functools.cache
def shipped_axes(name: str) -> CodeAxes:
    """Return the axes of a shipped variational network."""
    return axes_by_prior(shared_weights(name))


def axes_by_prior(model: VariationalAutoencoder, most: int | None = None) -> CodeAxes:
    """Return the numbers of a code that has a prior, the one that tells the network most first; at most so many."""
    order, active = ranked_code_numbers(model)
    return CodeAxes(torch.zeros(len(order)), torch.eye(len(order))[order[:most]], min(active, len(order[:most])))


def axes_by_spread(model: Autoencoder, x: torch.Tensor, most: int) -> CodeAxes:
    """Return the principal components of the codes of some images, in standard deviations; at most so many.

    A draw then comes from a normal distribution with the mean and the covariance of these codes.
    """
    if len(x) < 2:
        raise ValueError("images must hold two pictures or more to draw codes like theirs; got one")
    z = torch.from_numpy(codes_of(model, x))
    pca = PCA.fit(z, min(most, *z.shape))
    variance = pca.encode(z).var(0)
    few = max(1, int((variance > SLIGHT * variance[0]).sum()))
    share = float(variance[:few].sum() / z.var(0).sum().clamp(min=1e-30))
    return CodeAxes(pca.mean.float(), (variance.sqrt()[:, None] * pca.components)[:few].float(), few, share)
