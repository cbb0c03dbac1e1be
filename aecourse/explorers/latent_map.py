"""A map of all digits on which every place can be decoded."""

from __future__ import annotations

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from aecourse.data import ImageSet
from aecourse.explorers.base.canvases import PointPicker
from aecourse.explorers.base.controls import with_number_box
from aecourse.explorers.base.shown_images import shown_images
from aecourse.explorers.base.view import Explorer
from aecourse.models import Autoencoder
from aecourse.models.base import check_model, on_cpu
from aecourse.plotting import figure_png, mosaic, plot_image, plot_latent_map
from aecourse.zoo.catalogue import load_split
from aecourse.zoo.shipped import codes_of
from aecourse.zoo.weights import shared_weights

SHOWN = 4_000  # points on the map; more would only cover each other
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
    z1, z2 : the sliders
    picker : the map
    """

    def __init__(self, model: Autoencoder | None = None, images: ImageSet | torch.Tensor | None = None) -> None:
        own_pictures_only = model is not None and images is not None  # then the model was trained on them
        self.model = shared_weights("map-2d") if model is None else on_cpu(check_model(model))
        if self.model.latent_dim != 2:
            raise ValueError(f"model must have latent_dim 2 to be drawn as a map; got {self.model.latent_dim}")
        self.images = shown_images(images)
        self.learnt = self.images.name if own_pictures_only else "training digit"
        self.codes = codes_of(self.model, self.images.x)
        self.taught = self.codes if own_pictures_only else codes_of(self.model, load_split()[0].x)
        self.labels = self.images.y.numpy()
        low, high = self._frame()
        self.digits = max(2, 2 - int(np.floor(np.log10((high - low).min()))))  # a map of small codes needs more places
        self.low, self.high = np.round(low, self.digits), np.round(high, self.digits)
        start = np.round(np.median(self.codes[self.labels == self.labels[0]], axis=0), self.digits)
        self.z1, self.z2 = (
            widgets.FloatSlider(
                float(start[i]), min=float(self.low[i]), max=float(self.high[i]),
                step=max(10.0**-self.digits, float(np.round((self.high[i] - self.low[i]) / 200, self.digits))),
                readout_format=f".{self.digits}f", layout={"width": "100%"},
            )
            for i in range(2)
        )  # fmt: skip
        self._moving = False
        super().__init__({"z1": self.z1, "z2": self.z2} | self._more_controls())
        self.picker = PointPicker(
            background=self._map_png(), label="Map of the codes: hover, drag or use the arrow keys; a click pins"
        )
        self.picker.layout.flex = "3 1 380px"
        self.picker.layout.max_width = "560px"
        self.picker.observe(self._picker_moved, "value")
        for slider in (self.z1, self.z2):
            slider.observe(self._slider_moved, "value")
        self._slider_moved(None)
        self.picture.layout.flex = "1 1 200px"
        self.picture.layout.max_width = "300px"
        sliders = [with_number_box(self.z1, "z₁"), with_number_box(self.z2, "z₂")]
        right = widgets.VBox(
            [self.picture, self.caption, *sliders], layout={"flex": "2 1 300px", "padding": "0 0 0 16px"}
        )
        self.children = [
            self.accessibility,
            widgets.HBox([self.picker, right], layout={"flex_flow": "row wrap", "align_items": "center"}),
        ]
        self.refresh()

    def prepare_for_board(self) -> None:
        """Narrow the map and the picture."""
        super().prepare_for_board()
        self.picker.layout.max_width, self.picture.layout.max_width = "400px", "230px"

    def _more_controls(self) -> dict[str, widgets.Widget]:
        """What a subclass adds to the two sliders."""
        return {}

    def _frame(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest value of each code number on the map: all but the most remote codes, and a margin."""
        low, high = np.quantile(self.codes, 0.005, axis=0), np.quantile(self.codes, 0.995, axis=0)
        span = high - low
        if not span.min() > 0:
            raise ValueError("model must give different images different codes; one of its two numbers never changes")
        return low - 0.06 * span, high + 0.06 * span

    def _picker_moved(self, change) -> None:
        right, down = change.new
        z1, z2 = np.round(self.low + np.array([right, 1 - down]) * (self.high - self.low), self.digits)
        self._moving = True  # the two sliders follow as one step: draw once
        try:
            self.z1.value, self.z2.value = float(z1), float(z2)
        finally:
            self._moving = False
        self.refresh()

    def refresh(self) -> None:
        """Draw, but not between the two halves of a move."""
        if not self._moving:
            super().refresh()

    def _slider_moved(self, change) -> None:
        if not self._moving:
            shares = (np.array([self.z1.value, self.z2.value]) - self.low) / (self.high - self.low)
            place = [float(shares[0]), float(1 - shares[1])]
            if not np.allclose(place, self.picker.value, atol=0.006):  # the slider's own rounding is no move
                self.picker.value = place

    def _scatter(self, ax) -> None:
        plot_latent_map(self.codes[:SHOWN], self.labels[:SHOWN], ax=ax, legend=False)
        ax.set(xlim=(self.low[0], self.high[0]), ylim=(self.low[1], self.high[1]))

    def _map_png(self) -> bytes:
        figure = Figure(figsize=(5.6, 5.6), dpi=130)
        FigureCanvasAgg(figure)
        ax = figure.add_axes((0, 0, 1, 1))  # no margins: a share of the picture is a share of the map
        self._scatter(ax)
        ax.set_axis_off()
        return figure_png(figure)

    def _decode(self, z1: float, z2: float) -> torch.Tensor:
        return self.model.decode(torch.tensor([[z1, z2]]))

    def render(self, z1: float, z2: float) -> np.ndarray:
        """What the decoder draws at (z1, z2), as one 28×28 image."""
        return mosaic([self._decode(z1, z2)])

    def describe(self, z1: float, z2: float) -> str:
        """The place, and which digits live near it, or that none taught the decoder there."""
        size = self.high - self.low
        place = f"z = ({z1:.{self.digits}f}, {z2:.{self.digits}f})"
        if np.square((self.taught - (z1, z2)) / size).sum(1).min() > NEAR**2:
            return (
                f"{place}: a hole. No {self.learnt} has a code near here, so nothing taught the decoder what to draw."
            )
        common = self._common(np.square((self.codes - (z1, z2)) / size).sum(1))
        return f"{place}: {common or f'{self.learnt}s have their codes near here'}."

    def _common(self, distance: np.ndarray) -> str:
        """The commonest label of the 20 nearest images, in words; nothing if all have the same label."""
        if len(np.unique(self.labels)) == 1:
            return ""
        near = self.labels[np.argsort(distance)[:20]]
        common = np.bincount(near).argmax()
        return f"{(near == common).mean():.0%} of the {len(near)} nearest {self.images.name}s are a {common}"

    def draw_static(self, figure: Figure) -> None:
        """The map with the chosen place, and what is decoded there."""
        left, right = figure.subplots(1, 2)
        self._scatter(left)
        left.plot(self.z1.value, self.z2.value, "o", ms=12, mfc="none", mec="black", mew=3)
        left.set(xlabel="$z_1$", ylabel="$z_2$")
        left.set_title(f"{self.images.name.capitalize()}s where the encoder puts them")
        place = f"({self.z1.value:.1f}, {self.z2.value:.1f})"
        plot_image(self.render(**self.settings()), ax=right, title=f"Decoded at {place}", vmin=0, vmax=255)
