"""Damage digits in five ways, or scribble over them, and see one network repair them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.figure import Figure
from torch.nn import functional as F

from aecourse.checks import check_choice, check_whole
from aecourse.data import SIDE, ImageSet, corrupt
from aecourse.evaluation import psnr
from aecourse.evaluation.denoising import median_filtered
from aecourse.explorers.base.canvases import FoldedCanvas, InkCanvas, ink_as_array
from aecourse.explorers.base.chart import svg_curve
from aecourse.explorers.base.controls import with_number_box
from aecourse.explorers.base.shown_images import shown_images
from aecourse.explorers.base.training_panel import TrainingPanel
from aecourse.explorers.base.view import Explorer, data_uri
from aecourse.explorers.training import TrainingExplorer
from aecourse.explorers.training_setups import repair_setup
from aecourse.plotting import BLUE, LINE_STYLES, ORANGE, VERMILION, as_images, mosaic, plain_ticks, plot_reconstructions
from aecourse.zoo.shipped import repair_errors
from aecourse.zoo.weights import shared_weights

LINES = {"damaged": VERMILION, "median filter": ORANGE, "repaired": BLUE}
PENS = {"rubber, wipes to black": "rubber", "white pen": "white pen"}


@dataclass(frozen=True)
class Damage:
    """One entry of the menu.

    Attributes
    ----------
    strengths : what each place of the slider means
    words : a strength in words
    axis : what the curve's x axis says; strengths are shown there times `unit`
    """

    strengths: tuple[float, ...]
    words: Callable[[float], str]
    axis: str
    unit: int = 1


DAMAGES = {
    "gaussian": Damage(tuple(i / 10 for i in range(9)), lambda s: f"σ = {s:g}", "noise σ (% of white)", 100),
    "salt and pepper": Damage(
        tuple(i / 20 for i in range(11)), lambda s: f"{s:.0%} of the pixels", "pixels hit (%)", 100
    ),
    "mask": Damage(tuple(i / 10 for i in range(9)), lambda s: f"{s:.0%} of the pixels", "pixels lost (%)", 100),
    "occlude": Damage(tuple(range(0, 17, 2)), lambda s: f"{s} × {s} pixels", "side of the square (pixels)"),
    "downsample": Damage((1, 2, 4), lambda s: f"{SIDE // s} × {SIDE // s} pixels left", "side of a block (pixels)"),
}
MENU = {
    "Gaussian noise": "gaussian",
    "salt and pepper": "salt and pepper",
    "missing pixels": "mask",
    "black square": "occlude",
    "coarse pixels": "downsample",
}
NAMES = {noise: name for name, noise in MENU.items()}


def capital(name: str) -> str:
    """A name at the start of a sentence."""
    return name[:1].upper() + name[1:]


class RepairExplorer(Explorer):
    """Pick a damage and its strength, or scribble; see the digits repaired, by a filter and by a network.

    Taught in notebooks/06_denoising.ipynb.

    Parameters
    ----------
    noise : "gaussian", "salt and pepper", "mask", "occlude" or "downsample"
    place : where the slider starts, from 0 to the last strength of that damage
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        What to show instead of the test digits.

    Attributes
    ----------
    noise, strength : the damage, and the slider's place among its strengths
    digits : which ten images are shown, a whole number from 0
    pen : what a scribble does: "rubber" or "white pen"
    ink : the canvas; what is drawn on it lies over all ten digits
    """

    def __init__(
        self, noise: str = "gaussian", place: int | None = None, *, images: ImageSet | torch.Tensor | None = None
    ) -> None:
        check_choice("noise", noise, tuple(DAMAGES))
        last = len(DAMAGES[noise].strengths) - 1
        place = (last + 1) // 2 if place is None else check_whole("place", place, minimum=0, maximum=last)
        self.model, self.images = shared_weights("denoising-mixed"), shown_images(images)
        self.curves = {name: repair_errors(name, damage.strengths) for name, damage in DAMAGES.items()}
        self.noise = widgets.Dropdown(options=MENU, value=noise, description="damage", layout={"width": "260px"})
        self.strength = widgets.IntSlider(place, 0, last)
        wide = {"description_width": "initial"}
        self.digits = self.images.set_box()
        self.pen = widgets.Dropdown(options=PENS, description="pen", style=wide, layout={"width": "220px"})
        self.ink = InkCanvas(backdrop=self._under_the_pen(self.digits.value))
        self._latest: tuple[tuple, dict[str, torch.Tensor]] = (), {}
        self.slider = with_number_box(self.strength, "strength")
        super().__init__(
            {"noise": self.noise, "strength": self.strength, "digits": self.digits, "pen": self.pen, "ink": self.ink}
        )
        self.noise.observe(self._fit_slider, "value")
        self.digits.observe(self._change_backdrop, "value")
        self._arrange()
        self.refresh()

    def _arrange(self) -> None:
        self.curve = widgets.HTML(layout={"flex": "3 1 260px", "min_width": "240px", "max_width": "440px"})
        self.picture.layout.flex = "5 1 400px"
        canvas = FoldedCanvas(self.ink, "scribble over them", wipe="clear the scribble", above=[self.pen])
        row = {"flex_flow": "row wrap", "align_items": "center"}
        self.training_panel = TrainingPanel(lambda: TrainingExplorer(setup=repair_setup(), images=self.images))
        self.children = [
            self.accessibility,
            widgets.HBox([self.noise, self.slider], layout=row),
            widgets.HBox([self.digits, canvas.button, self.training_panel.button], layout=row),
            widgets.HBox([canvas, self.picture, self.curve], layout=row | {"grid_gap": "0 12px"}),
            self.caption,
            self.training_panel,
        ]

    def _fit_slider(self, change) -> None:
        """The slider has as many places as the damage has strengths."""
        last = len(DAMAGES[change.new].strengths) - 1
        self.strength.max = last
        self.slider.children[0].max = last

    def _change_backdrop(self, change) -> None:
        self.ink.backdrop = self._under_the_pen(change.new)

    def _under_the_pen(self, digits: int) -> str:
        return data_uri(as_images(self.images.ten(digits)[:4])[-1])

    def _strength(self, noise: str, strength: int) -> float:
        """The strength at the slider's place; one beyond the last, possible between two events, means the last."""
        strengths = DAMAGES[noise].strengths
        return strengths[min(strength, len(strengths) - 1)]

    def _rows(self, *settings) -> dict[str, torch.Tensor]:
        """The four rows, computed once for a picture and its words."""
        asked, rows = self._latest
        if asked != settings:
            rows = self._repair(*settings)
            self._latest = settings, rows
        return rows

    def _repair(self, noise: str, strength: int, digits: int, pen: str, ink: bytes) -> dict[str, torch.Tensor]:
        x = self.images.ten(digits)  # (10, 784)
        damaged = corrupt(x, noise, self._strength(noise, strength), seed=digits)
        if any(ink):
            drawn = torch.from_numpy(ink_as_array(ink).astype(np.float32) / 255)
            drawn = F.avg_pool2d(drawn[None, None], len(drawn) // SIDE).view(1, -1)  # (1, 784)
            damaged = damaged * (1 - drawn) if pen == "rubber" else torch.maximum(damaged, drawn)
        filtered, repaired = median_filtered(damaged), self.model(damaged)
        return {"clean": x, "damaged": damaged, "median filter": filtered, "repaired": repaired}

    def render(self, noise: str, strength: int, digits: int, pen: str, ink: bytes) -> np.ndarray:
        """Four rows: clean, damaged, through a 3×3 median filter, through the network."""
        rows = self._rows(noise, strength, digits, pen, ink)
        self.row_names = list(rows)
        return mosaic(list(rows.values()))

    def describe(self, noise: str, strength: int, digits: int, pen: str, ink: bytes) -> str:
        """The damage in words, and the PSNR of the ten digits damaged, filtered and repaired."""
        rows = self._rows(noise, strength, digits, pen, ink)
        damaged, median, repaired = (psnr(rows["clean"], rows[name]) for name in LINES)
        what = f"{capital(NAMES[noise])}, {DAMAGES[noise].words(self._strength(noise, strength))}"
        if any(ink):
            what += f", and your scribble with the {pen}"
        before = f"{damaged:.1f} dB" if damaged < np.inf else "undamaged"
        if repaired > damaged:
            gain = f"the network gains {repaired - damaged:.1f} dB"
        else:
            gain = "the network does more harm than good here"
        scores = f"{before} → median filter {median:.1f} dB, network {repaired:.1f} dB"
        return f"{what}. PSNR of these ten: {scores}: {gain}."

    def decorate(self, noise: str, strength: int, digits: int, pen: str, ink: bytes) -> None:
        """The error at every strength of this damage, with the slider's place on it."""
        damage, curves = DAMAGES[noise], self.curves[noise]
        now = damage.unit * self._strength(noise, strength)
        series, points = {}, []
        for name, colour in LINES.items():
            pairs = zip(damage.strengths, curves[name], strict=True)
            known = {damage.unit * s: error for s, error in pairs if error > 1e-5}  # no error, no logarithm
            series[name] = (colour, list(known), list(known.values()))
            points += [(now, known[now], colour)] if now in known else []
        self.curve.value = svg_curve(
            series,
            title=f"{capital(NAMES[noise])}: error before and after",
            x_label=damage.axis,
            y_label="MSE per pixel (log scale)",
            points=points,
            marked_x=now,
            legend_left=True,
            x_range=(0 if damage.strengths[0] == 0 else 1, damage.unit * damage.strengths[-1]),
        )

    def draw_static(self, figure: Figure) -> None:
        """The four rows, and the error at every strength."""
        settings = self.settings()
        left, right = figure.subplots(1, 2, width_ratios=(2, 1.1))
        noise, strength = settings["noise"], self._strength(settings["noise"], settings["strength"])
        damage = DAMAGES[noise]
        title = f"{capital(NAMES[noise])}, {damage.words(strength)}"
        plot_reconstructions(self._rows(*settings.values()), ax=left, title=title)
        for (name, errors), line in zip(self.curves[noise].items(), LINE_STYLES, strict=False):
            pairs = [(damage.unit * s, e) for s, e in zip(damage.strengths, errors, strict=True) if e > 1e-5]
            right.plot(*zip(*pairs, strict=True), label=name, color=LINES[name], linestyle=line)
        right.axvline(damage.unit * strength, color="black", linestyle=":")
        right.set(xlabel=damage.axis, ylabel="MSE per pixel", yscale="log", title="Error before and after")
        plain_ticks(right.yaxis)
        right.legend()
