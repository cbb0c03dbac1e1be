"""The course's signature: one slider for the size of the bottleneck, three rows of digits, two error curves."""

from __future__ import annotations

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.figure import Figure

from aecourse.checks import check_whole
from aecourse.data import PIXELS, load_mnist, normalise_digit
from aecourse.models import Autoencoder
from aecourse.plotting import BLUE, GREEN, VERMILION, mosaic, plot_error_by_k, plot_reconstructions
from aecourse.widgets.compressors import load_compressors
from aecourse.widgets.curve import svg_curve
from aecourse.widgets.explorer import Explorer, digit_set_box, with_number_box
from aecourse.widgets.pads import FoldedPad, InkCanvas, ink_as_array
from aecourse.widgets.trainer import TrainingExplorer, Workshop
from aecourse.zoo import CODE_SIZES

NETWORKS = {"nested: one network, every k": "nested", "one network per k": "separate"}
LINES = {"PCA": VERMILION, "nested": BLUE, "separate": GREEN}
NAMES = {"PCA": "PCA", "nested": "nested autoencoder", "separate": "own network per k"}


class BottleneckExplorer(Explorer):
    """original, PCA and autoencoder under one slider k = 1 … 64; taught in notebooks/03_undercomplete_vs_pca.ipynb

    Parameters
    ----------
    k : int from 1 to 64, where the slider starts

    Attributes
    ----------
    k : the slider; set `explorer.k.value`
    network : which autoencoder fills the third row
    digits : which ten test digits are shown, a whole number from 0
    """

    def __init__(self, k: int = 8) -> None:
        k = check_whole("k", k, most=CODE_SIZES[-1])
        self.compressors, self.test = load_compressors(), load_mnist()[1]
        self.yours: dict[int, Autoencoder] = {}
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
        pad = FoldedPad(self.ink)
        self.workshop = Workshop(lambda: TrainingExplorer(latent_dim=self.k.value, on_done=self._adopt))
        self.children = [
            self.style_sheet,
            widgets.HBox(
                [with_number_box(self.k, "numbers in the code, k"), self.network],
                layout={"flex_flow": "row wrap", "align_items": "center"},
            ),
            widgets.HBox([self.digits, pad.button, self.workshop.button], layout={"flex_flow": "row wrap"}),
            widgets.HBox([pad, self.picture, self.curve], layout={"flex_flow": "row wrap", "align_items": "center"}),
            self.caption,
            self.workshop,
        ]

    def _adopt(self, model: Autoencoder) -> None:
        """put the learner's own network on the menu and show it"""
        self.yours[model.latent_dim] = model
        own = {f"yours, k = {k}": f"yours {k}" for k in sorted(self.yours)}
        chosen = f"yours {model.latent_dim}"
        self.network.options = NETWORKS | own
        self.network.value = chosen

    def _choose(self, k: int, network: str) -> tuple[Autoencoder, int]:
        """the network to show and its k: where it has no network for this k, the nearest one it has"""
        if network == "nested":
            return self.compressors.nested, k
        if network == "separate":
            nearest = min(CODE_SIZES, key=lambda size: abs(np.log(size / k)))
            return self.compressors.separate[nearest], nearest
        own_k = int(network.split()[1])
        return self.yours[own_k], own_k

    def _images(self, digits: int, ink: bytes) -> torch.Tensor:
        """the row of originals: ten test digits, the drawing in front of them if there is one; (n, 784)"""
        ten = self.test.one_of_each(digits)
        if not any(ink):
            return ten
        drawn = torch.from_numpy(normalise_digit(ink_as_array(ink))).view(1, PIXELS)
        return torch.cat([drawn, ten])

    def _rows(self, k: int, network: str, digits: int, ink: bytes) -> dict[str, torch.Tensor]:
        model, k = self._choose(k, network)
        x = self._images(digits, ink)
        return {"original": x, f"PCA-{k}": self.compressors.pca.squeeze(x, k), f"autoencoder-{k}": model.squeeze(x, k)}

    def render(self, k: int, network: str, digits: int, ink: bytes) -> np.ndarray:
        """three rows: the digits, PCA with k components, an autoencoder with k code numbers"""
        rows = self._rows(k, network, digits, ink)
        self.row_names = list(rows)
        return mosaic(list(rows.values()))

    def describe(self, k: int, network: str, digits: int, ink: bytes) -> str:
        """k, both errors on the test set, the compression ratio and the bytes"""
        _, k = self._choose(k, network)
        pca, ours = self.compressors.errors["PCA"][k], self._error(k, network)
        verdict = f"{ours / pca:.2f} × PCA's" if ours is not None else "not measured"
        error = f"{ours:.4f}" if ours is not None else "?"
        numbers = "1 number" if k == 1 else f"{k} numbers"
        return (
            f"k = {k}: {PIXELS} pixels → {numbers}, {PIXELS / k:.0f} : 1 ({PIXELS} bytes → {k} at 8 bits a number). "
            f"Test MSE: PCA {pca:.4f}, autoencoder {error} ({verdict})."
        )

    def _error(self, k: int, network: str) -> float | None:
        if network.startswith("yours"):
            return getattr(self.yours[k], "test_mse", None)
        return self.compressors.errors[network][k]

    def decorate(self, k: int, network: str, digits: int, ink: bytes) -> None:
        """the error curves with the slider's place on them"""
        _, k = self._choose(k, network)
        errors = self.compressors.errors
        points = [(k, errors["PCA"][k], VERMILION)]
        if (ours := self._error(k, network)) is not None:
            points.append((k, ours, LINES.get(network, "white")))
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
        """the three rows and the error curves"""
        settings = self.settings()
        left, right = figure.subplots(1, 2, width_ratios=(2, 1.1))
        _, k = self._choose(settings["k"], settings["network"])
        plot_reconstructions(self._rows(**settings), ax=left, title=f"Ten test digits through {k} numbers")
        plot_error_by_k({NAMES[name]: self.compressors.errors[name] for name in LINES}, ax=right)
        right.axvline(k, color="black", linestyle=":")
        right.set_title("… and the error at every k")
