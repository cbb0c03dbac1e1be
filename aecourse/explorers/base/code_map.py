"""A two-dimensional map of the codes of labelled images. The page's part is base/code_map.js."""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import traitlets
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from aecourse.explorers.base.network import pack
from aecourse.explorers.base.shown_images import ShownImages
from aecourse.plotting import INK_ALPHA, figure_png, plot_latent_map

SHOWN = 4_000  # points on the map; more would only cover each other
LOOKED_AT = 20  # nearest codes whose labels are counted


@dataclass(frozen=True)
class Frame:
    """Which part of the plane a map shows.

    Attributes
    ----------
    low, high : float64 (2,), the ends of both code numbers
    digits : places after the point with which a place is named
    """

    low: np.ndarray
    high: np.ndarray
    digits: int = 2

    @functools.cached_property
    def sides(self) -> np.ndarray:
        """How long both sides are; (2,)."""
        return self.high - self.low

    def rounded(self, place: np.ndarray) -> tuple[float, float]:
        """Return a place with as many digits as the sliders have, within the frame."""
        return tuple(np.round(place, self.digits).clip(self.low, self.high).tolist())

    def check(self, proposal: Mapping) -> float:
        """Return a value proposed for the trait "z1" or "z2" if it is on the map; the error names both."""
        name, value = proposal["trait"].name, proposal["value"]
        low, high = (ends[("z1", "z2").index(name)] for ends in (self.low, self.high))
        if not low <= value <= high:
            raise traitlets.TraitError(f"{name} must be from {low:g} to {high:g}; got {value!r}")
        return value

    def in_words(self) -> dict[str, object]:
        """Return what the page must know about it."""
        steps = np.maximum(10.0**-self.digits, np.round(self.sides / 200, self.digits))
        return {"low": self.low.tolist(), "high": self.high.tolist(), "digits": self.digits, "steps": steps.tolist()}


@dataclass(frozen=True, eq=False)
class CodeMap:
    """The codes of some images in a frame.

    Attributes
    ----------
    codes : float64 (n, 2)
    images : what they are codes of
    frame : what of the plane is shown
    """

    codes: np.ndarray
    images: ShownImages
    frame: Frame

    @functools.cached_property
    def labels(self) -> np.ndarray:
        """The label of each image; (n,)."""
        return self.images.y.numpy()

    @property
    def labelled(self) -> bool:
        """Whether there is more than one label."""
        return len(np.unique(self.labels)) > 1

    def start(self) -> tuple[float, float]:
        """A place among the images of the first one's label."""
        return self.frame.rounded(np.median(self.codes[self.labels == self.labels[0]], axis=0))

    def neighbourhood(self, z1: float, z2: float) -> dict[str, float]:
        """The commonest label of the 20 nearest codes, and its share of them; nothing if all have the same label."""
        if not self.labelled:
            return {}
        distances = np.square((self.codes - (z1, z2)) / self.frame.sides).sum(1)
        near = self.labels[np.argsort(distances, kind="stable")[:LOOKED_AT]]
        label = np.bincount(near).argmax()
        return {"label": float(label), "share": float((near == label).mean())}

    def draw(self, ax: Axes) -> None:
        """Draw the codes, coloured by label."""
        names = self.images.names or None
        (left, bottom), (right, top) = self.frame.low, self.frame.high
        ax.set(xlim=(left, right), ylim=(bottom, top))  # first, for the places of the names
        plot_latent_map(self.codes[:SHOWN], self.labels[:SHOWN], ax=ax, legend=False, names=names)

    def tensors(self) -> dict[str, torch.Tensor | np.ndarray]:
        """Return the codes, their labels and the map as a WebP file, for the page."""
        figure = Figure(figsize=(4.8, 4.8), dpi=152)
        FigureCanvasAgg(figure)
        ax = figure.add_axes((0, 0, 1, 1))  # no margins: a share of the picture is a share of the map
        self.draw(ax)
        ax.set_axis_off()
        image, file = Image.open(io.BytesIO(figure_png(figure))).convert("RGB"), io.BytesIO()
        image = image.quantize().convert("RGBA")  # 256 colours: a third of the bytes
        image.putalpha(INK_ALPHA)
        image.save(file, "webp", lossless=True)
        picture = np.frombuffer(file.getvalue(), np.uint8).copy()
        return {"codes": np.float32(self.codes), "labels": np.int32(self.labels), "picture": picture}

    def packed(self) -> bytes:
        """Return all that the page needs of the map."""
        return pack(self.tensors())
