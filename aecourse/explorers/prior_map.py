"""The square around the prior of a two-dimensional variational autoencoder: one mode of `GeneratorExplorer`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from aecourse.explorers.base.code_map import CodeMap, Frame
from aecourse.models import VariationalAutoencoder
from aecourse.plotting import as_images
from aecourse.zoo.shipped import decoded_grid

REACH = 3.5  # standard deviations of the prior from the centre of the map to its edges
GRID = 16  # decoded digits along each side of the other background
FRAME = Frame(np.full(2, -REACH), np.full(2, REACH))  # for every β, so that maps can be compared


@dataclass(frozen=True, eq=False)
class PriorMap(CodeMap):
    """The codes that a network gives some images, with circles at 1, 2 and 3 standard deviations of the prior.

    Attributes
    ----------
    model : the network; `codes` are the means of its q(z|x)
    logvar : float64 (n, 2), the log variances of q(z|x)
    """

    model: VariationalAutoencoder
    logvar: np.ndarray

    def draw(self, ax: Axes) -> None:
        """Draw the codes and the circles."""
        super().draw(ax)
        for radius in (1, 2, 3):
            ax.add_patch(Circle((0, 0), radius, fill=False, ec="black", lw=1.2, ls="--", alpha=0.7))
            ax.annotate(f"{radius} sd", (-0.6 * radius, -0.8 * radius), ha="center", va="center", size=9, color="black",
                        bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8})  # fmt: skip

    def tiles(self) -> np.ndarray:
        """Return what is decoded at the middle of each tile of the map, as one picture of uint8."""
        tiles = as_images(decoded_grid(self.model, reach=REACH, side=GRID)).reshape(GRID, GRID, 28, 28)
        return tiles.swapaxes(1, 2).reshape(GRID * 28, GRID * 28)

    def tensors(self) -> dict[str, torch.Tensor | np.ndarray]:
        """Return all that the page needs of the map."""
        return super().tensors() | {"logvar": np.float32(self.logvar)}

    def numbers(self, z1: float, z2: float, digit: int) -> dict[str, float]:
        """Return the shares of draws farther out, of nearest images, of images on the map; q(z|x) of one, if any."""
        inside = np.abs(self.codes).max(1) <= REACH
        found = {"farther": float(np.exp(-(z1**2 + z2**2) / 2)), "inside": float(inside.mean())}
        if digit >= 0:
            mu, sigma = self.codes[digit], np.exp(self.logvar[digit] / 2)
            found |= {"mu1": mu[0], "mu2": mu[1], "sigma1": sigma[0], "sigma2": sigma[1]}
        return found | self.neighbourhood(z1, z2)
