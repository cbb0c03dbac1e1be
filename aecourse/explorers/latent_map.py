"""A map of all digits on which every place can be decoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from torch import nn

from aecourse.bundle import bundle
from aecourse.data import ImageSet
from aecourse.explorers.base.code_map import CodeMap, Frame
from aecourse.explorers.base.network import for_display, pack
from aecourse.explorers.base.page import Explorer, Real
from aecourse.explorers.base.shown_images import shown_images
from aecourse.models import PCA
from aecourse.plotting import as_images, plot_image
from aecourse.zoo.catalogue import load_split
from aecourse.zoo.precision import to_half
from aecourse.zoo.shipped import codes_of
from aecourse.zoo.weights import shared_weights

NEAR = 0.03  # share of the map's side; a place with no code of a training digit within it is a hole


class LatentMapExplorer(Explorer):
    """Hover over a map of codes and see what the decoder makes of each place.

    Taught in notebooks/02_encoder_and_decoder.ipynb.

    Parameters
    ----------
    model : nn.Module, optional
        Any network with two code numbers or more, as `aecourse.adopt` takes it; default the shipped "map-2d". For
        longer codes the map shows the plane of their first two principal components, and the caption says so.
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        Whose codes to draw, coloured by label; default the test digits. The model never sees the labels. A place is a
        hole if no code of the training digits lies near it, or no code of these images if both model and images are
        given.

    Attributes
    ----------
    z1, z2 : the place; set `explorer.z1 = 0.5`
    plane : PCA of the codes with two components, or None for a code of two numbers
    map : CodeMap, the codes that are drawn
    taught : float64 (m, 2), the codes of what the model learnt from
    """

    _esm = bundle(Path(__file__).with_suffix(".js"))
    z1 = Real().tag(sync=True)
    z2 = Real().tag(sync=True)

    def __init__(self, model: nn.Module | None = None, images: ImageSet | torch.Tensor | None = None) -> None:
        own_pictures_only = model is not None and images is not None  # then the model was trained on them
        self.model = shared_weights("map-2d") if model is None else for_display(model)
        if self.model.latent_dim < 2:
            raise ValueError(f"model must have two code numbers or more to draw a map; got {self.model.latent_dim}")
        shown = shown_images(images)
        if len(shown) < 2:
            raise ValueError("images must hold two pictures or more to draw a map; got one")
        short = to_half if model is None else np.asarray  # the shipped network's many codes, in half the bytes
        codes, plane = short(codes_of(self.model, shown.x)), {}
        self.plane = PCA.fit(torch.from_numpy(codes), 2) if codes.shape[1] > 2 else None
        places = self._on_map(codes)
        if self.plane is not None:
            plane = {"numbers": codes.shape[1], "share": float(places.var(0).sum() / codes.var(0).sum())}
        self.map = CodeMap(places, shown, _frame(places))
        taught = None if own_pictures_only else short(codes_of(self.model, load_split()[0].x))
        self.taught = self.map.codes if taught is None else self._on_map(taught)
        z1, z2 = self.map.start()
        super().__init__(z1=z1, z2=z2)
        self.assets = {
            "decoder": self.packed("decoder", self.model, parts=("decoder",)),
            "map": self.map.packed(),
            "taught": pack({"codes": np.float32(self.taught)}),
        }
        if self.plane is not None:
            self.assets |= {"plane": pack({name: part.float() for name, part in self.plane.state_dict().items()})}
        self.setup = {
            "frame": self.map.frame.in_words(), "labelled": self.map.labelled, "near": NEAR, "images": shown.in_words(),
            "learnt": shown.name if own_pictures_only else "training digit", "plane": plane,
        }  # fmt: skip
        self.resume()

    @traitlets.validate("z1", "z2")
    def _on_the_map(self, proposal) -> float:
        return self.map.frame.check(proposal)

    def rows(self, z1: float, z2: float) -> dict[str, torch.Tensor]:
        """Return what the decoder draws at (z1, z2)."""
        z = torch.tensor([[z1, z2]])
        return {"decoded": self.model.decode(z if self.plane is None else self.plane.decode(z.double()).float())}

    def _on_map(self, codes: np.ndarray) -> np.ndarray:
        """Where codes lie on the map; (n, latent_dim) → (n, 2)."""
        return codes if self.plane is None else self.plane.encode(torch.from_numpy(codes)).numpy()

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
        names = ("$z_1$", "$z_2$") if self.plane is None else ("first component of the codes", "second component")
        left.set(xlabel=names[0], ylabel=names[1])
        left.set_title(f"{self.map.images.name.capitalize()}s where the encoder puts them")
        decoded = as_images(self.rows(self.z1, self.z2)["decoded"])[0]
        plot_image(decoded, ax=right, title=f"Decoded at ({self.z1:.1f}, {self.z2:.1f})", vmin=0, vmax=255)


def _frame(codes: np.ndarray) -> Frame:
    """Return a frame around all but the most remote codes, with a margin; small codes need more decimal places."""
    low, high = np.quantile(codes, 0.005, axis=0), np.quantile(codes, 0.995, axis=0)
    span = high - low
    if not span.min() > 0:
        raise ValueError("model must give different images different codes; one of its two numbers never changes")
    low, high = low - 0.06 * span, high + 0.06 * span
    digits = max(2, 2 - int(np.floor(np.log10((high - low).min()))))
    return Frame(np.round(low, digits), np.round(high, digits), digits)
