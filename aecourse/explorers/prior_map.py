"""The square around the prior of a two-dimensional variational autoencoder: every place can be decoded."""

from __future__ import annotations

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from aecourse.data import ImageSet
from aecourse.explorers.base.shown_images import shown_images
from aecourse.explorers.base.view import png
from aecourse.explorers.latent_map import LatentMapExplorer
from aecourse.plotting import as_images, mosaic
from aecourse.zoo import BETAS, VARIATIONAL
from aecourse.zoo.shipped import codes_of, decoded_grid, variational_codes
from aecourse.zoo.weights import shared_weights

REACH = 3.5  # standard deviations of the prior from the centre of the map to its edges
GRID = 16  # decoded digits along each side of the other background
MEANINGS = {
    0: "β = 0: no prior, a plain autoencoder",
    0.3: "β = 0.3: a weak pull to the prior",
    1: "β = 1: the bound itself",
    3: "β = 3: a strong pull",
    10: "β = 10: dear codes, about 3 nats are left of 7",
}


class PriorMap(LatentMapExplorer):
    """Drag over the code plane of a variational autoencoder and generate; one mode of `GeneratorExplorer`.

    The frame is fixed at 3.5 standard deviations of the prior, with circles at 1, 2 and 3, so that maps of different β
    can be compared.

    Parameters
    ----------
    beta : one of `aecourse.zoo.BETAS`, where the slider starts
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        Whose codes to draw instead of the test digits.

    Attributes
    ----------
    z1, z2, beta : the sliders
    shows : what the map's background shows, "codes" or "digits"
    """

    def __init__(self, beta: float = 1, *, images: ImageSet | torch.Tensor | None = None) -> None:
        if beta not in BETAS or isinstance(beta, bool):
            raise ValueError(f"beta must be one of {', '.join(map(str, BETAS))}, for which weights ship; got {beta!r}")
        shown = shown_images(images)
        self.models = {b: shared_weights(name) for b, name in VARIATIONAL.items()}
        self.codes_by_beta = {
            b: variational_codes(b) if shown is shown_images(None) else codes_of(self.models[b], shown.x) for b in BETAS
        }
        self.beta = widgets.SelectionSlider(
            options=[(f"{b:g}", b) for b in BETAS], value=beta, description="β", layout={"width": "340px"}
        )
        self.shows = widgets.Dropdown(
            options={f"codes of {shown.name}s": "codes", "what is decoded there": "digits"},
            description="the map shows", style={"description_width": "initial"}, layout={"width": "300px"},
        )  # fmt: skip
        self.maps: dict[tuple[str, float], bytes] = {}
        super().__init__(self.models[beta], shown)
        for b in BETAS:  # now, so that no change of β has to wait for its map
            self._map(b, "codes"), self._map(b, "digits")
        self.codes = self.codes_by_beta[beta]
        top = widgets.HBox([self.beta, self.shows], layout={"flex_flow": "row wrap", "grid_gap": "12px"})
        self.children = [self.children[0], top, *self.children[1:]]

    def _more_controls(self) -> dict[str, widgets.Widget]:
        return {"beta": self.beta, "shows": self.shows}

    def _map(self, beta: float, shows: str) -> bytes:
        """One background as a PNG file, drawn once."""
        if (beta, shows) not in self.maps:
            self.codes = self.codes_by_beta[beta]
            self.maps[beta, shows] = self._map_png() if shows == "codes" else png(self._tiles(beta))
        return self.maps[beta, shows]

    def _frame(self) -> tuple[np.ndarray, np.ndarray]:
        return np.full(2, -REACH), np.full(2, REACH)

    def _scatter(self, ax) -> None:
        super()._scatter(ax)
        for radius in (1, 2, 3):
            ax.add_patch(Circle((0, 0), radius, fill=False, ec="black", lw=1.2, ls="--", alpha=0.7))
            ax.annotate(f"{radius} sd", (-0.6 * radius, -0.8 * radius), ha="center", va="center", size=9, color="black",
                        bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8})  # fmt: skip

    def _tiles(self, beta: float) -> np.ndarray:
        """What is decoded at the middle of each tile of the map, as one picture."""
        tiles = as_images(decoded_grid(self.models[beta], reach=REACH, side=GRID)).reshape(GRID, GRID, 28, 28)
        return tiles.swapaxes(1, 2).reshape(GRID * 28, GRID * 28)

    def render(self, z1: float, z2: float, beta: float, shows: str = "codes") -> np.ndarray:
        """What the decoder trained with this β draws at (z1, z2), as one 28×28 image."""
        return mosaic([self.models[beta].decode(torch.tensor([[z1, z2]]))])

    def describe(self, z1: float, z2: float, beta: float, shows: str = "codes") -> str:
        """The place, how likely the prior draws farther out, and which digits live near."""
        codes = self.codes_by_beta[beta]
        radius = float(np.hypot(z1, z2))
        inside = np.mean(np.abs(codes).max(1) <= REACH)
        common = self._common(np.square(codes - (z1, z2)).sum(1))
        return (
            f"{MEANINGS[beta]}. z = ({z1:.2f}, {z2:.2f}): {np.exp(-(radius**2) / 2):.0%} of the prior's draws lie "
            f"farther out{common and f'; {common}'}. {inside:.0%} of all {self.images.name}s lie on this map."
        )

    def decorate(self, z1: float, z2: float, beta: float, shows: str = "codes") -> None:
        """The codes and the background that belong to this β."""
        self.codes = self.codes_by_beta[beta]
        if self.picker.background is not (background := self._map(beta, shows)):
            self.picker.background = background

    def draw_static(self, figure: Figure) -> None:
        """The codes with the chosen place, and what is decoded everywhere."""
        beta = self.beta.value
        left, middle, right = figure.subplots(1, 3, width_ratios=(1.1, 1.1, 0.7))
        self._scatter(left)
        left.set_aspect("equal")
        left.plot(self.z1.value, self.z2.value, "o", ms=12, mfc="none", mec="black", mew=3)
        left.set(xlabel="$z_1$", ylabel="$z_2$", title="Codes of test digits …")
        middle.imshow(self._tiles(beta), cmap="gray", extent=(-REACH, REACH, -REACH, REACH))
        middle.set(xlabel="$z_1$", title="… and what is decoded there")
        right.imshow(self.render(self.z1.value, self.z2.value, beta), cmap="gray", vmin=0, vmax=255)
        right.set(xticks=[], yticks=[], title=f"at ({self.z1.value:.1f}, {self.z2.value:.1f}), β = {beta:g}")
        for ax in (middle, right):
            ax.grid(False)
