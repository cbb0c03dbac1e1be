"""The course's signature: one slider for the size of the bottleneck, three rows of digits, two error curves."""

from __future__ import annotations

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.figure import Figure

from aecourse.checks import check_whole
from aecourse.data import PIXELS, load_mnist, normalise_digit
from aecourse.explorers.base.canvases import FoldedCanvas, InkCanvas, ink_as_array
from aecourse.explorers.base.chart import svg_curve
from aecourse.explorers.base.controls import digit_set_box, with_number_box
from aecourse.explorers.base.training_panel import TrainingPanel
from aecourse.explorers.base.view import Explorer
from aecourse.explorers.training import TrainedNetwork, TrainingExplorer
from aecourse.models import Autoencoder
from aecourse.plotting import BLUE, GREEN, VERMILION, mosaic, plot_error_by_k, plot_reconstructions
from aecourse.zoo import CODE_SIZES
from aecourse.zoo.shipped import load_bottleneck_models

NETWORKS = {"nested: one network, every k": "nested", "one network per k": "separate"}
LINES = {"PCA": VERMILION, "nested": BLUE, "separate": GREEN}
NAMES = {"PCA": "PCA", "nested": "nested autoencoder", "separate": "own network per k"}


class BottleneckExplorer(Explorer):
    """Original, PCA and autoencoder under one slider k = 1 … 64; taught in notebooks/03_undercomplete_vs_pca.ipynb.

    Parameters
    ----------
    k : int from 1 to 64, where the slider starts

    Attributes
    ----------
    k : the slider; set `explorer.k.value`
    network : which autoencoder fills the third row: "nested", "separate", or the learner's own, a TrainedNetwork
    digits : which ten test digits are shown, a whole number from 0
    """

    def __init__(self, k: int = 8) -> None:
        k = check_whole("k", k, maximum=CODE_SIZES[-1])
        self.models, self.test = load_bottleneck_models(), load_mnist()[1]
        self.yours: dict[int, TrainedNetwork] = {}
        self.k = widgets.IntSlider(k, 1, CODE_SIZES[-1], layout={"width": "100%"})
        self.network = widgets.Dropdown(options=NETWORKS, description="network", layout={"width": "310px"})
        self.digits = digit_set_box()
        self.ink = InkCanvas()
        super().__init__({"k": self.k, "network": self.network, "digits": self.digits, "ink": self.ink})
        self._arrange()
        self.refresh()

    def _arrange(self) -> None:
        self.curve = widgets.HTML(layout={"flex": "3 1 280px", "min_width": "260px"})
        self.picture.layout.flex = "5 1 460px"
        canvas = FoldedCanvas(self.ink)
        self.training_panel = TrainingPanel(lambda: TrainingExplorer(latent_dim=self.k.value, on_done=self._adopt))
        self.children = [
            self.accessibility,
            widgets.HBox(
                [with_number_box(self.k, "numbers in the code, k"), self.network],
                layout={"flex_flow": "row wrap", "align_items": "center"},
            ),
            widgets.HBox([self.digits, canvas.button, self.training_panel.button], layout={"flex_flow": "row wrap"}),
            widgets.HBox([canvas, self.picture, self.curve], layout={"flex_flow": "row wrap", "align_items": "center"}),
            self.caption,
            self.training_panel,
        ]

    def _adopt(self, trained: TrainedNetwork) -> None:
        """Put the learner's own network on the menu and show it."""
        self.yours[trained.model.latent_dim] = trained
        self.network.options = NETWORKS | {f"yours, k = {k}": self.yours[k] for k in sorted(self.yours)}
        self.network.value = trained

    def _choose(self, k: int, network: str | TrainedNetwork) -> tuple[Autoencoder, int]:
        """The network to show and its k: where it has no network for this k, the nearest one it has."""
        if network == "nested":
            return self.models.nested, k
        if network == "separate":
            nearest = min(CODE_SIZES, key=lambda size: abs(np.log(size / k)))
            return self.models.separate[nearest], nearest
        return network.model, network.model.latent_dim

    def _images(self, digits: int, ink: bytes) -> torch.Tensor:
        """The row of originals: ten test digits, the drawing in front of them if there is one; (n, 784)."""
        ten = self.test.one_of_each(digits)
        if not any(ink):
            return ten
        drawn = torch.from_numpy(normalise_digit(ink_as_array(ink))).view(1, PIXELS)
        return torch.cat([drawn, ten])

    def _rows(self, k: int, network: str | TrainedNetwork, digits: int, ink: bytes) -> dict[str, torch.Tensor]:
        model, k = self._choose(k, network)
        x = self._images(digits, ink)
        return {"original": x, f"PCA-{k}": self.models.pca.squeeze(x, k), f"autoencoder-{k}": model.squeeze(x, k)}

    def render(self, k: int, network: str | TrainedNetwork, digits: int, ink: bytes) -> np.ndarray:
        """Three rows: the digits, PCA with k components, an autoencoder with k code numbers."""
        rows = self._rows(k, network, digits, ink)
        self.row_names = list(rows)
        return mosaic(list(rows.values()))

    def describe(self, k: int, network: str | TrainedNetwork, digits: int, ink: bytes) -> str:
        """Both errors on the test set at this k, the compression ratio and the bytes."""
        _, k = self._choose(k, network)
        pca, ours = self.models.errors["PCA"][k], self._error(k, network)
        numbers = "1 number" if k == 1 else f"{k} numbers"
        return (
            f"k = {k}: {PIXELS} pixels → {numbers}, {PIXELS / k:.0f} : 1 ({PIXELS} bytes → {k} at 8 bits a number). "
            f"Test MSE: PCA {pca:.4f}, autoencoder {ours:.4f} ({ours / pca:.2f} × PCA's)."
        )

    def _error(self, k: int, network: str | TrainedNetwork) -> float:
        return network.test_mse if isinstance(network, TrainedNetwork) else self.models.errors[network][k]

    def decorate(self, k: int, network: str | TrainedNetwork, digits: int, ink: bytes) -> None:
        """The error curves with the slider's place on them."""
        _, k = self._choose(k, network)
        errors = self.models.errors
        points = [(k, errors["PCA"][k], VERMILION), (k, self._error(k, network), LINES.get(network, "white"))]
        self.curve.value = svg_curve(
            {NAMES[name]: (LINES[name], list(errors[name]), list(errors[name].values())) for name in LINES},
            title="Test error falls as the code grows",
            x_label="numbers in the code, k (log scale)",
            y_label="MSE per pixel (log scale)",
            x_log=True,
            points=points,
            marked_x=k,
            legend_low=True,
        )

    def draw_static(self, figure: Figure) -> None:
        """The three rows and the error curves."""
        settings = self.settings()
        left, right = figure.subplots(1, 2, width_ratios=(2, 1.1))
        _, k = self._choose(settings["k"], settings["network"])
        plot_reconstructions(self._rows(**settings), ax=left, title=f"Ten test digits through {k} numbers")
        plot_error_by_k({NAMES[name]: self.models.errors[name] for name in LINES}, ax=right)
        right.axvline(k, color="black", linestyle=":")
        right.set_title("… and the error at every k")
