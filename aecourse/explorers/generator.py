"""Generate digits: from a place on a map, from twenty numbers, or on the way between two digits."""

from __future__ import annotations

import random

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.special import gammaincinv

from aecourse.checks import check_choice
from aecourse.data import ImageSet, normalise_digit
from aecourse.explorers.base.canvases import FoldedCanvas, InkCanvas, ink_as_array
from aecourse.explorers.base.controls import CodeSliders, with_number_box
from aecourse.explorers.base.shown_images import shown_images
from aecourse.explorers.base.training_panel import TrainingPanel
from aecourse.explorers.base.view import Explorer
from aecourse.explorers.prior_map import PriorMap
from aecourse.explorers.training import TrainingExplorer
from aecourse.explorers.training_setups import generator_setup
from aecourse.plotting import mosaic, plot_reconstructions
from aecourse.zoo import VARIATIONAL
from aecourse.zoo.shipped import ranked_code_numbers
from aecourse.zoo.weights import shared_weights

MODES = {"a place on the map": "map", "twenty numbers": "twenty", "between two digits": "between"}
ROW = {"flex_flow": "row wrap", "align_items": "center", "grid_gap": "8px"}


class TwentyNumbers(Explorer):
    """Set every number of a 20-dimensional code by hand; one mode of `GeneratorExplorer`.

    Parameters
    ----------
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        Where codes to start from come from, instead of the test digits.

    Attributes
    ----------
    z : twenty upright sliders as one control, `z.value` is a tuple; the number that tells the network most comes first
    """

    def __init__(self, *, images: ImageSet | torch.Tensor | None = None) -> None:
        self.model, self.images = shared_weights("vae-20d"), shown_images(images)
        self.order, self.active = ranked_code_numbers("vae-20d")  # slider → dimension; how many carry anything
        squares = 2 * gammaincinv(self.active / 2, (0.025, 0.975))  # of a χ² distribution, as scipy.stats has it
        self._usual = np.sqrt(squares)  # lengths of so many standard normal numbers
        self.z = CodeSliders(self.model.latent_dim)
        super().__init__({"z": self.z})
        self.digit = self.images.box("or start from …", width=240)
        self.digit.observe(lambda change: self.start_from(change.new), "value")
        self._random = random.Random(0)
        draw = widgets.Button(description="draw from the prior", icon="random", layout={"width": "auto"})
        draw.on_click(lambda _: self.draw())
        zero = widgets.Button(description="all to zero")
        zero.on_click(lambda _: setattr(self.z, "value", (0.0,) * len(self.z.value)))
        self.picture.layout.width = "240px"
        self.z.layout.max_width = "620px"  # ten in a row
        self.children = [
            self.accessibility,
            widgets.HBox([draw, zero, self.digit], layout=ROW),
            widgets.HBox([self.z, self.picture], layout=ROW),
            self.caption,
        ]
        self.start_from(0)
        self.refresh()

    def draw(self) -> None:
        """Twenty numbers from the standard normal distribution."""
        self.z.value = tuple(self._random.gauss(0, 1) for _ in self.z.value)

    def start_from(self, digit: int) -> None:
        """The code of a test digit, or picture."""
        with torch.inference_mode():
            self.z.value = tuple(self.model.encode(self.images.x[digit : digit + 1])[0, self.order].tolist())

    def render(self, z: tuple[float, ...]) -> np.ndarray:
        """What the decoder draws for these twenty numbers, as one 28×28 image."""
        code = torch.zeros(1, len(z))
        code[0, self.order] = torch.tensor(z)
        return mosaic([self.model.decode(code)])

    def describe(self, z: tuple[float, ...]) -> str:
        """How far from the centre the awake numbers lie, compared with what the prior draws."""
        length, (low, high) = float(np.linalg.norm(z[: self.active])), self._usual
        usual = (
            "nearer to the centre than nearly all of the prior's draws"
            if length < low
            else "farther out than nearly all of the prior's draws: the decoder saw hardly any such code"
            if length > high
            else "as the prior's draws are"
        )
        return (
            f"The sliders are sorted by how much they tell about a digit: {self.active} of {len(z)} are awake, the "
            f"others change nothing. The awake ones alone have a length ‖z‖ = {length:.1f}, {usual} (95 % of them lie "
            f"between {low:.1f} and {high:.1f})."
        )


class BetweenDigits(Explorer):
    """Walk from one digit to another, by mixing pixels and by mixing codes; one mode of `GeneratorExplorer`.

    Parameters
    ----------
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        What to show instead of the test digits.

    Attributes
    ----------
    share : how far along the way, 0 to 1
    first, second : which images; a drawing replaces the first
    network : "vae-20d" or "vae-2d-beta1"
    """

    column_names = ("from", "mixed in pixels", "mixed in code", "to")

    def __init__(self, *, images: ImageSet | torch.Tensor | None = None) -> None:
        self.images = shown_images(images)
        self.models = {name: shared_weights(name) for name in ("vae-20d", VARIATIONAL[1])}
        self.share = widgets.FloatSlider(0.5, min=0, max=1, step=0.02, layout={"width": "100%"})
        self.first = self.images.box("from …", 2, width=180)
        self.second = self.images.box("to …", width=180)
        self.network = widgets.Dropdown(
            options={"20 numbers": "vae-20d", "2 numbers": VARIATIONAL[1]}, description="code of",
            style={"description_width": "initial"},
            layout={"width": "190px"},
        )  # fmt: skip
        self.ink = InkCanvas()
        super().__init__(
            {"share": self.share, "first": self.first, "second": self.second, "network": self.network, "ink": self.ink}
        )
        self._random = random.Random(0)
        other = widgets.Button(description="another pair", icon="random")
        other.on_click(lambda _: self.another_pair())
        canvas = FoldedCanvas(self.ink, "draw the first")
        self.picture.layout.flex = "1 1 460px"
        self.picture.layout.max_width = "860px"
        self.children = [
            self.accessibility,
            widgets.HBox([self.first, self.second, other, canvas.button, self.network], layout=ROW),
            with_number_box(self.share, "share of the way"),
            widgets.HBox([canvas, self.picture], layout=ROW),
            self.caption,
        ]
        self.refresh()

    def another_pair(self) -> None:
        """Two images at random."""
        self.first.value, self.second.value = self._random.sample(range(max(2, len(self.images))), 2)

    def _ends(self, first: int, second: int, ink: bytes) -> torch.Tensor:
        """The two digits; (2, 784)."""
        x = self.images.x[[first, second]].clone()
        if any(ink):
            x[0] = torch.from_numpy(normalise_digit(ink_as_array(ink)))
        return x

    def _way(self, shares: torch.Tensor, network: str, ends: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The pictures at some shares of the way: mixed in pixels and in code; (n, 784) each."""
        model = self.models[network]
        z = model.encode(ends)
        return torch.lerp(ends[0], ends[1], shares[:, None]), model.decode(torch.lerp(z[0], z[1], shares[:, None]))

    def render(self, share: float, first: int, second: int, network: str, ink: bytes) -> np.ndarray:
        """Four pictures: where the way starts, mixed in pixels, mixed in code, where it ends."""
        ends = self._ends(first, second, ink)
        pixels, code = self._way(torch.tensor([share]), network, ends)
        return mosaic([torch.cat([ends[:1], pixels, code, ends[1:]])])

    def describe(self, share: float, first: int, second: int, network: str, ink: bytes) -> str:
        """How gray the two mixtures are."""
        start = "your drawing" if any(ink) else self.images.called(first)
        gray = [
            float(x[0][(x[0] > 0.2) & (x[0] < 0.8)].numel() / max(1, (x[0] >= 0.2).sum()))
            for x in self._way(torch.tensor([share]), network, self._ends(first, second, ink))
        ]
        return (
            f"{share:.0%} of the way from {start} to {self.images.called(second)}. Ink that is only gray (0.2 to 0.8): "
            f"{gray[0]:.0%} when pixels are mixed, {gray[1]:.0%} when codes are mixed and then decoded."
        )

    def draw_static(self, figure: Figure) -> None:
        """Eleven steps of both ways."""
        shares = torch.linspace(0, 1, 11)
        ends = self._ends(self.first.value, self.second.value, self.ink.value)
        pixels, code = self._way(shares, self.network.value, ends)
        rows = {"mixed in pixels": pixels, "mixed in code": code}
        plot_reconstructions(rows, ax=figure.subplots(), title="Two ways from one digit to another")


class GeneratorExplorer(Explorer):
    """Make digits that nobody wrote, in three ways; taught in notebooks/08_variational.ipynb.

    Parameters
    ----------
    mode : "map", "twenty" or "between", what is open at first
    beta : one of `aecourse.zoo.BETAS`, where the β slider of the map starts
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        What to show instead of the test digits.

    Attributes
    ----------
    mode : the choice of what is open
    panels : {mode: PriorMap, TwentyNumbers or BetweenDigits}, each with its own controls
    """

    def __init__(self, mode: str = "map", *, beta: float = 1, images: ImageSet | torch.Tensor | None = None) -> None:
        check_choice("mode", mode, tuple(MODES.values()))
        images = shown_images(images)
        self.panels = {
            "map": PriorMap(beta, images=images),
            "twenty": TwentyNumbers(images=images),
            "between": BetweenDigits(images=images),
        }
        self.mode = widgets.ToggleButtons(
            options=MODES, value=mode, description="generate from",
            style={"description_width": "initial", "button_width": "180px"},
        )  # fmt: skip
        super().__init__({"mode": self.mode})
        self.training_panel = TrainingPanel(lambda: TrainingExplorer(setup=generator_setup(), images=images))
        top = widgets.HBox([self.mode, self.training_panel.button], layout=ROW)
        self.children = [self.accessibility, top, *self.panels.values(), self.training_panel]
        self.refresh()

    def presettable(self) -> dict[str, widgets.Widget]:
        """The mode, and each panel's controls after its name: "map.beta" is β of the map."""
        inner = {f"{mode}.{name}": c for mode, panel in self.panels.items() for name, c in panel.controls.items()}
        return self.controls | inner

    def prepare_for_board(self) -> None:
        """Narrow the pictures; the presets take the place of the choice of modes."""
        super().prepare_for_board()
        self.mode.layout.display = "none"
        self.panels["map"].picker.layout.max_width = "330px"
        for panel in self.panels.values():
            panel.picture.layout.max_width = "230px"

    def refresh(self) -> None:
        """Open the panel that was chosen; its picture and caption are the explorer's."""
        for name, panel in self.panels.items():
            panel.layout.display = "flex" if name == self.mode.value else "none"
        chosen = self.panels[self.mode.value]
        chosen.refresh()
        self.picture, self.caption = chosen.picture, chosen.caption

    def render(self, mode: str) -> np.ndarray:
        """The picture of the open panel."""
        return self.panels[mode].render(**self.panels[mode].settings())

    def describe(self, mode: str) -> str:
        """The caption of the open panel."""
        return self.panels[mode].describe(**self.panels[mode].settings())

    def draw_static(self, figure: Figure) -> None:
        """What the open panel shows without a kernel."""
        self.panels[self.mode.value].draw_static(figure)
