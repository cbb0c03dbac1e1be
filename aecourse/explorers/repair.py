"""Damage digits in five ways, or scribble over them, and see one network repair them all."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from torch import nn
from torch.nn import functional as F

from aecourse.bundle import bundle
from aecourse.checks import check_choice, check_whole
from aecourse.data import PIXELS, SIDE, ImageSet, corrupt
from aecourse.evaluation import psnr
from aecourse.evaluation.denoising import median_filtered
from aecourse.explorers.base.ink import SIDE as CANVAS, Ink
from aecourse.explorers.base.network import for_display, pack, pack_shipped
from aecourse.explorers.base.page import Choice, Whole, check_setting
from aecourse.explorers.base.shown_images import shown_images
from aecourse.explorers.base.trainer import TrainableExplorer
from aecourse.explorers.training_setups import TrainingSetup, repair_setup
from aecourse.plotting import BLUE, LINE_STYLES, ORANGE, VERMILION, plain_ticks, plot_reconstructions
from aecourse.zoo.shipped import errors_of_repair, repair_errors
from aecourse.zoo.weights import shared_weights

LINES = {"damaged": VERMILION, "median filter": ORANGE, "repaired": BLUE}
PENS = ("rubber", "white pen")
SEED = 1  # of the damage; one for all sets, whose random numbers the page has
TINY = 1e-5  # a smaller error counts as 0, which has no logarithm


@dataclass(frozen=True)
class Damage:
    """One entry of the menu.

    Attributes
    ----------
    name : what it is called there
    strengths : what each place of the slider means
    words : a strength in words
    axis : what the curve's x axis says; strengths are shown there times `unit`
    """

    name: str
    strengths: tuple[float, ...]
    words: Callable[[float], str]
    axis: str
    unit: int = 1

    def in_words(self) -> dict[str, object]:
        """Return what the page must know about it."""
        return {
            "name": self.name, "strengths": list(self.strengths), "words": [self.words(s) for s in self.strengths],
            "axis": self.axis, "unit": self.unit,
        }  # fmt: skip


TENTHS = tuple(i / 10 for i in range(9))
DAMAGES = {
    "gaussian": Damage("Gaussian noise", TENTHS, lambda s: f"σ = {s:g}", "noise σ (% of white)", 100),
    "salt and pepper": Damage(
        "salt and pepper", tuple(i / 20 for i in range(11)), lambda s: f"{s:.0%} of the pixels", "pixels hit (%)", 100
    ),
    "mask": Damage("missing pixels", TENTHS, lambda s: f"{s:.0%} of the pixels", "pixels lost (%)", 100),
    "occlude": Damage(
        "black square", tuple(range(0, 17, 2)), lambda s: f"{s} × {s} pixels", "side of the square (pixels)"
    ),
    "downsample": Damage(
        "coarse pixels", (1, 2, 4), lambda s: f"{SIDE // s} × {SIDE // s} pixels left", "side of a block (pixels)"
    ),
}


class RepairExplorer(TrainableExplorer):
    """Pick a damage and its strength, or scribble; see the digits repaired, by a filter and by a network.

    Taught in notebooks/06_denoising.ipynb.

    Parameters
    ----------
    noise : "gaussian", "salt and pepper", "mask", "occlude" or "downsample"
    place : where the slider starts, from 0 to the last strength of that damage
    model : nn.Module, optional
        Your own network to repair with, as `aecourse.adopt` takes it; default the shipped "denoising-mixed".
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        What to show instead of the test digits.

    Attributes
    ----------
    noise : the damage; set `explorer.noise = "mask"`
    strength : the slider's place among its strengths, from 0
    digits : which ten images are shown, a whole number from 0
    pen : what a scribble does: "rubber" or "white pen"
    ink : what is drawn over all ten digits, 84 × 84 bytes, or none
    """

    _esm = bundle(Path(__file__).with_suffix(".js"))
    noise = Choice(tuple(DAMAGES), "gaussian").tag(sync=True)
    strength = Whole(0).tag(sync=True)
    digits = Whole(0).tag(sync=True)
    pen = Choice(PENS, "rubber").tag(sync=True)
    ink = Ink().tag(sync=True)

    def __init__(
        self,
        noise: str = "gaussian",
        place: int | None = None,
        *,
        model: nn.Module | None = None,
        images: ImageSet | torch.Tensor | None = None,
    ) -> None:
        check_choice("noise", noise, tuple(DAMAGES))
        last = len(DAMAGES[noise].strengths) - 1
        place = (last + 1) // 2 if place is None else check_whole("place", place, minimum=0, maximum=last)
        self.model = shared_weights("denoising-mixed") if model is None else for_display(model)
        self.images = shown_images(images)
        errors = repair_errors if model is None else functools.partial(errors_of_repair, self.model)
        self.curves = {name: errors(name, damage.strengths) for name, damage in DAMAGES.items()}
        super().__init__(noise=noise, strength=place, digits=self.images.first, pen="rubber", ink=b"")
        self.assets = {
            "network": pack_shipped("denoising-mixed") if model is None else self.packed("network", self.model),
            "images": self.images.near(),
            "random": _random_numbers(self.images.per_set),
        }
        self.later |= self.images.far()
        damages = {name: damage.in_words() | {"errors": self.curves[name]} for name, damage in DAMAGES.items()}
        squares = _squares(self.images.per_set)
        self.setup = {"damages": damages, "images": self.images.in_words(), "squares": squares, "tiny": TINY}
        self.resume()

    @traitlets.validate("digits", "strength")
    def _among(self, proposal) -> int:
        strengths = range(len(DAMAGES[self.noise].strengths))
        return check_setting(proposal, strengths if proposal["trait"].name == "strength" else range(self.images.sets))

    @traitlets.observe("noise")
    def _fit_slider(self, change) -> None:
        """Move the slider back if the new damage has fewer strengths."""
        self.strength = min(self.strength, len(DAMAGES[change.new].strengths) - 1)

    def training_setup(self) -> TrainingSetup:
        """A denoising autoencoder for one kind of damage."""
        return repair_setup()

    def rows(self, noise: str, strength: int, digits: int, pen: str, ink: bytes) -> dict[str, torch.Tensor]:
        """Return the images clean, damaged, through a 3×3 median filter, and through the network."""
        x = self.images.ten(digits)  # (10, 784)
        damaged = corrupt(x, noise, DAMAGES[noise].strengths[strength], seed=SEED)
        if any(ink):
            drawn = torch.frombuffer(bytearray(ink), dtype=torch.uint8).view(1, 1, CANVAS, CANVAS) / 255
            drawn = F.avg_pool2d(drawn, CANVAS // SIDE).view(1, PIXELS)
            damaged = damaged * (1 - drawn) if pen == "rubber" else torch.maximum(damaged, drawn)
        filtered, repaired = median_filtered(damaged), self.model(damaged)
        return {"clean": x, "damaged": damaged, "median filter": filtered, "repaired": repaired}

    def numbers(self, **settings: object) -> dict[str, float]:
        """Return the PSNR in decibels of the images damaged, filtered and repaired."""
        rows = self.rows(**settings)
        return {name: psnr(rows["clean"], rows[name]) for name in LINES}

    def draw_static(self, figure: Figure) -> None:
        """Draw the four rows, and the error at every strength."""
        left, right = figure.subplots(1, 2, width_ratios=(2, 1.1))
        damage = DAMAGES[self.noise]
        strength, name = damage.strengths[self.strength], damage.name[0].upper() + damage.name[1:]
        plot_reconstructions(self.rows(**self.settings()), ax=left, title=f"{name}, {damage.words(strength)}")
        for (line, errors), style in zip(self.curves[self.noise].items(), LINE_STYLES, strict=False):
            errors = np.where(np.array(errors) > TINY, errors, np.nan)
            right.plot(damage.unit * np.array(damage.strengths), errors, label=line, color=LINES[line], linestyle=style)
        right.axvline(damage.unit * strength, color="black", linestyle=":")
        right.set(xlabel=damage.axis, ylabel="MSE per pixel", yscale="log", title="Error before and after")
        plain_ticks(right.yaxis)
        right.legend()


@functools.cache
def _random_numbers(n: int) -> bytes:
    """The normal and the uniform numbers that `corrupt` draws for n images; each (n, 784)."""
    normal, uniform = (
        draw(n, PIXELS, generator=torch.Generator().manual_seed(SEED)) for draw in (torch.randn, torch.rand)
    )
    return pack({"normal": normal, "uniform": uniform})


@functools.cache
def _squares(n: int) -> list[list[int]]:
    """The first pixel of the black square on each of n images, for each of its sizes."""
    white = torch.ones(n, PIXELS)
    covered = [corrupt(white, "occlude", size, seed=SEED) == 0 for size in DAMAGES["occlude"].strengths]
    return [mask.int().argmax(1).tolist() for mask in covered]
