"""Draw a digit and watch it pass through the bottleneck."""

from __future__ import annotations

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.figure import Figure

from aecourse.data import PIXELS, load_mnist, normalise_digit
from aecourse.explorers.base.canvases import InkCanvas, ink_as_array, wipe_button
from aecourse.explorers.base.controls import with_number_box
from aecourse.explorers.base.view import Explorer
from aecourse.models import Autoencoder
from aecourse.models.base import check_model, on_cpu
from aecourse.plotting import mosaic, plot_reconstructions
from aecourse.zoo.weights import shared_weights


class DrawingPad(Explorer):
    """Draw with mouse, pen, finger or keys; taught in notebooks/02_encoder_and_decoder.ipynb.

    Shows the drawing as MNIST would have stored it (20×20 box, centre of mass in the middle), what comes back
    through the bottleneck, and the difference.

    Parameters
    ----------
    model : Autoencoder, optional
        Default the shipped nested network, with a slider for the size of its code. Another model keeps its own size.

    Attributes
    ----------
    ink : the canvas
    k : the slider
    """

    column_names = ("as MNIST would store it", "restored", "error")

    def __init__(self, model: Autoencoder | None = None) -> None:
        self.model = shared_weights("nested") if model is None else on_cpu(check_model(model))
        most = self.model.latent_dim
        self.k = widgets.IntSlider(min(16, most) if model is None else most, 1, most, layout={"width": "100%"})
        self.k.disabled = model is not None
        self.ink = InkCanvas()
        super().__init__({"ink": self.ink, "k": self.k})
        self.picture.layout.flex = "1 1 420px"
        self.children = [
            self.accessibility,
            with_number_box(self.k, "numbers in the code, k"),
            widgets.HBox(
                [widgets.VBox([self.ink, wipe_button(self.ink)], layout={"align_items": "center"}), self.picture],
                layout={"flex_flow": "row wrap", "align_items": "center", "grid_gap": "20px"},
            ),
            self.caption,
        ]
        self.refresh()

    def image(self, ink: bytes | None = None) -> torch.Tensor:
        """The drawing as a digit of MNIST; (1, 784) in [0, 1]."""
        ink = self.ink.value if ink is None else ink
        flat = normalise_digit(ink_as_array(ink)) if ink else np.zeros(PIXELS, np.float32)
        return torch.from_numpy(flat).view(1, PIXELS)

    def _pass(self, ink: bytes, k: int) -> dict[str, torch.Tensor]:
        x = self.image(ink)
        x_hat = self.model.squeeze(x, k) if x.any() else x
        return {"stored": x, "restored": x_hat, "error": (x - x_hat).abs()}

    def render(self, ink: bytes, k: int) -> np.ndarray:
        """Side by side: the drawing as a 28×28 digit, what comes back from k numbers, the absolute error."""
        return mosaic([torch.cat(list(self._pass(ink, k).values()))])

    def describe(self, ink: bytes, k: int) -> str:
        """The drawing's error beside the bottleneck's size."""
        if not any(ink):
            return "Draw a digit in the black square: it comes back through the bottleneck as you draw."
        error = self._pass(ink, k)["error"]
        return f"{PIXELS} pixels → {k} numbers → {PIXELS} pixels, MSE {error.square().mean():.4f}."

    def draw_static(self, figure: Figure) -> None:
        """A test digit in the drawing's place, so that a reader without a kernel sees what happens to one."""
        x = self.image() if any(self.ink.value) else load_mnist()[1].x[:1]
        x_hat = self.model.squeeze(x, self.k.value)
        shown = torch.cat([x, x_hat, (x - x_hat).abs()])
        plot_reconstructions(
            {"": shown}, ax=figure.subplots(), title="Your drawing · restored · error (here a test digit)"
        )
