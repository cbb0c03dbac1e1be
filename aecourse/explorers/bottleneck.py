"""The course's signature: one slider for the size of the bottleneck, three rows of digits, two error curves."""

from __future__ import annotations

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.figure import Figure

from aecourse.checks import check_whole
from aecourse.data import PIXELS, ImageSet, normalise_digit
from aecourse.evaluation import mse
from aecourse.explorers.base.canvases import FoldedCanvas, InkCanvas, ink_as_array
from aecourse.explorers.base.chart import svg_curve
from aecourse.explorers.base.controls import with_number_box
from aecourse.explorers.base.shown_images import shown_images
from aecourse.explorers.base.training_panel import TrainingPanel
from aecourse.explorers.base.view import Explorer
from aecourse.explorers.training import TrainedNetwork, TrainingExplorer
from aecourse.models import Autoencoder
from aecourse.plotting import BLUE, GREEN, PURPLE, VERMILION, mosaic, plot_error_by_k, plot_reconstructions
from aecourse.zoo import CODE_SIZES
from aecourse.zoo.shipped import load_bottleneck_models

NETWORKS = {"nested: one network, every k": "nested", "one network per k": "separate"}
LINES = {"PCA": VERMILION, "nested": BLUE, "separate": GREEN, "yours": PURPLE}
NAMES = {"PCA": "PCA", "nested": "nested autoencoder", "separate": "one network per k", "yours": "yours"}


class BottleneckExplorer(Explorer):
    """Original, PCA and autoencoder under one slider k = 1 … 64; taught in notebooks/03_undercomplete_vs_pca.ipynb.

    Parameters
    ----------
    k : int from 1 to 64, where the slider starts
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        What to show instead of the test digits.

    Attributes
    ----------
    k : the slider; set `explorer.k.value`
    network : which autoencoder fills the third row: "nested", "separate", or the learner's own, a TrainedNetwork
    digits : which ten images are shown, a whole number from 0
    """

    def __init__(self, k: int = 8, *, images: ImageSet | torch.Tensor | None = None) -> None:
        k = check_whole("k", k, maximum=CODE_SIZES[-1])
        self.models, self.images = load_bottleneck_models(), shown_images(images)
        self.yours: dict[int, TrainedNetwork] = {}
        self.k = widgets.IntSlider(k, 1, CODE_SIZES[-1], layout={"width": "100%"})
        self.network = widgets.Dropdown(options=NETWORKS, description="network", layout={"width": "310px"})
        self.digits = self.images.set_box()
        self.ink = InkCanvas()
        super().__init__({"k": self.k, "network": self.network, "digits": self.digits, "ink": self.ink})
        self._arrange()
        self.refresh()

    def _arrange(self) -> None:
        self.curve = widgets.HTML(layout={"flex": "3 1 280px", "min_width": "260px"})
        self.picture.layout.flex = "5 1 460px"
        canvas = FoldedCanvas(self.ink)
        self.training_panel = TrainingPanel(
            lambda: TrainingExplorer(self.k.value, on_done=self._adopt, images=self.images)
        )
        self.children = [
            self.accessibility,
            widgets.HBox(
                [with_number_box(self.k, "numbers in the code, k"), self.network],
                layout={"flex_flow": "row wrap", "align_items": "center"},
            ),
            widgets.HBox([self.digits, canvas.button, self.training_panel.button], layout={"flex_flow": "row wrap"}),
            widgets.HBox(
                [canvas, self.picture, self.curve],
                layout={"flex_flow": "row wrap", "align_items": "center", "grid_gap": "0 12px"},
            ),
            self.caption,
            self.training_panel,
        ]

    def memory(self) -> dict:
        """The settings, the network in the training panel, and those that the learner trained before."""
        return super().memory() | {"yours": list(self.yours.values())}

    def remember(self, memory: dict) -> None:
        """Go on where the explorer of an earlier run of the cell stood."""
        for trained in memory["yours"]:
            self._adopt(trained)
        super().remember(memory)

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
        """The row of originals: ten images, the drawing in front of them if there is one; (n, 784)."""
        ten = self.images.ten(digits)
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
        asked, (_, k) = k, self._choose(k, network)
        pca, ours = self.models.errors["PCA"][k], self._error(k, network)
        numbers = "1 number" if k == 1 else f"{k} numbers"
        shown = f"k = {k}"
        if asked != k and network == "separate":
            shown = f"k = {asked} has no network of its own; the nearest is shown, {shown}"
        elif asked != k:
            shown = f"Your network has one size only, {shown}"
        return (
            f"{shown}: {PIXELS} pixels → {numbers}, {PIXELS / k:.0f} : 1 ({PIXELS} bytes → {k} at 8 bits a number). "
            f"Test MSE: PCA {pca:.4f}, autoencoder {ours:.4f} ({ours / pca:.2f} × PCA's)."
        ) + ("" if self.images is shown_images(None) else self._own_errors(k, network, digits, ink))

    def _own_errors(self, *settings) -> str:
        """Both errors on the images shown, which are not those of the test."""
        x, *restored = self._rows(*settings).values()
        return " MSE of the {} shown: PCA {:.4f}, autoencoder {:.4f}.".format(
            len(x), *(mse(x, x_hat) for x_hat in restored)
        )

    def _error(self, k: int, network: str | TrainedNetwork) -> float:
        return network.test_mse if isinstance(network, TrainedNetwork) else self.models.errors[network][k]

    def _errors(self) -> dict[str, dict[int, float]]:
        """{name of a line: {k: test MSE}}, the learner's own networks among them."""
        yours = {k: self.yours[k].test_mse for k in sorted(self.yours)}
        return self.models.errors | ({"yours": yours} if yours else {})

    def decorate(self, k: int, network: str | TrainedNetwork, digits: int, ink: bytes) -> None:
        """The error curves with the slider's place on them."""
        _, k = self._choose(k, network)
        errors, line = self._errors(), "yours" if isinstance(network, TrainedNetwork) else network
        points = [(k, errors["PCA"][k], VERMILION), (k, self._error(k, network), LINES[line])]
        self.curve.value = svg_curve(
            {NAMES[name]: (LINES[name], list(errors[name]), list(errors[name].values())) for name in errors},
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
        plot_reconstructions(self._rows(**settings), ax=left, title=f"Through {k} numbers and back")
        plot_error_by_k({NAMES[name]: errors for name, errors in self._errors().items()}, ax=right)
        right.axvline(k, color="black", linestyle=":")
        right.set_title("… and the error at every k")
