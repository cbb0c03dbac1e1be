"""A map of all digits on which every place can be decoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure

from aecourse.bundle import bundle
from aecourse.data import ImageSet
from aecourse.explorers.base.code_map import CodeMap, Frame
from aecourse.explorers.base.network import pack
from aecourse.explorers.base.page import Explorer
from aecourse.explorers.base.shown_images import shown_images
from aecourse.models import Autoencoder
from aecourse.models.base import check_model, on_cpu
from aecourse.plotting import as_images, plot_image
from aecourse.zoo.catalogue import load_split
from aecourse.zoo.shipped import codes_of
from aecourse.zoo.weights import shared_weights

NEAR = 0.03  # share of the map's side; a place with no code of a training digit within it is a hole


class LatentMapExplorer(Explorer):
    """Hover over a two-dimensional code space and see what the decoder makes of each place.

    Taught in notebooks/02_encoder_and_decoder.ipynb.

    Parameters
    ----------
    model : Autoencoder with latent_dim 2, optional
        Default the shipped "map-2d".
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        Whose codes to draw, coloured by label; default the test digits. The model never sees the labels. A place is a
        hole if no code of the training digits lies near it, or none of these images if model and images are given.

    Attributes
    ----------
    z1, z2 : the place; set `explorer.z1 = 0.5`
    map : CodeMap, the codes that are drawn
    taught : float64 (m, 2), the codes of what the model learnt from
    """

    _esm = bundle(Path(__file__).with_suffix(".js"))
    z1 = traitlets.Float().tag(sync=True)
    z2 = traitlets.Float().tag(sync=True)

    def __init__(self, model: Autoencoder | None = None, images: ImageSet | torch.Tensor | None = None) -> None:
        own_pictures_only = model is not None and images is not None  # then the model was trained on them
        self.model = shared_weights("map-2d") if model is None else on_cpu(check_model(model))
        if self.model.latent_dim != 2:
            raise ValueError(f"model must have latent_dim 2 to be drawn as a map; got {self.model.latent_dim}")
        shown = shown_images(images)
        codes = codes_of(self.model, shown.x)
        self.map = CodeMap(codes, shown, _frame(codes))
        self.taught = codes if own_pictures_only else codes_of(self.model, load_split()[0].x)
        z1, z2 = self.map.start()
        super().__init__(z1=z1, z2=z2)
        self.assets = {
            "decoder": self.packed("decoder", self.model, parts=("decoder",)),
            "map": self.map.packed(),
            "taught": pack({"codes": np.float32(self.taught)}),
        }
        self.setup = {
            "frame": self.map.frame.in_words(), "labelled": self.map.labelled, "near": NEAR, "shown": shown.name,
            "learnt": shown.name if own_pictures_only else "training digit",
        }  # fmt: skip
        self.resume()

    @traitlets.validate("z1", "z2")
    def _on_the_map(self, proposal) -> float:
        return self.map.frame.check(proposal)

    def rows(self, z1: float, z2: float) -> dict[str, torch.Tensor]:
        """Return what the decoder draws at (z1, z2)."""
        return {"decoded": self.model.decode(torch.tensor([[z1, z2]]))}

    def numbers(self, z1: float, z2: float) -> dict[str, float]:
        """Return whether the place is a hole, else the commonest label nearby and its share of the nearest images."""
        distances = np.square((self.taught - (z1, z2)) / self.map.frame.sides).sum(1)
        if distances.min() > NEAR**2:
            return {"hole": 1.0}
        return {"hole": 0.0} | self.map.neighbourhood(z1, z2)

    def draw_static(self, figure: Figure) -> None:
        """Draw the map with the chosen place, and what is decoded there."""
        left, right = figure.subplots(1, 2)
        self.map.draw(left)
        left.plot(self.z1, self.z2, "o", ms=12, mfc="none", mec="black", mew=3)
        left.set(xlabel="$z_1$", ylabel="$z_2$")
        left.set_title(f"{self.map.images.name.capitalize()}s where the encoder puts them")
        decoded = as_images(self.rows(self.z1, self.z2)["decoded"])[0]
        plot_image(decoded, ax=right, title=f"Decoded at ({self.z1:.1f}, {self.z2:.1f})", vmin=0, vmax=255)


def _frame(codes: np.ndarray) -> Frame:
    """All but the most remote codes, and a margin; a map of small codes needs more digits after the point."""
    low, high = np.quantile(codes, 0.005, axis=0), np.quantile(codes, 0.995, axis=0)
    span = high - low
    if not span.min() > 0:
        raise ValueError("model must give different images different codes; one of its two numbers never changes")
    low, high = low - 0.06 * span, high + 0.06 * span
    digits = max(2, 2 - int(np.floor(np.log10((high - low).min()))))
    return Frame(np.round(low, digits), np.round(high, digits), digits)
