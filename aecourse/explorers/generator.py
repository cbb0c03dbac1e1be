"""Generate digits: from a place on a map, from twenty numbers, or on the way between two digits."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from scipy.special import gammaincinv

from aecourse.bundle import bundle
from aecourse.checks import check_choice
from aecourse.data import ImageSet
from aecourse.explorers.base.ink import Ink, as_digit
from aecourse.explorers.base.network import pack_shipped
from aecourse.explorers.base.page import Whole, check_setting
from aecourse.explorers.base.shown_images import shown_images
from aecourse.explorers.base.trainer import TrainableExplorer
from aecourse.explorers.prior_map import FRAME, REACH, PriorMap
from aecourse.explorers.training_setups import TrainingSetup, generator_setup
from aecourse.plotting import as_images, plot_image, plot_reconstructions
from aecourse.zoo import BETAS, VARIATIONAL
from aecourse.zoo.shipped import ranked_code_numbers
from aecourse.zoo.weights import shared_weights

MODES = ("map", "twenty", "between")
NETWORKS = ("vae-20d", VARIATIONAL[1])  # whose codes the way between two digits goes through
DIALS = 20
FARTHEST = 3.0  # from the centre that a dial goes


class GeneratorExplorer(TrainableExplorer):
    """Make digits that nobody wrote, in three ways; taught in notebooks/08_variational.ipynb.

    Parameters
    ----------
    mode : "map", "twenty" or "between", what is open at first
    beta : one of `aecourse.zoo.BETAS`, where the β slider of the map starts
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        What to show instead of the test digits.

    Attributes
    ----------
    mode : what is open; set `explorer.mode = "twenty"`
    z1, z2, beta : a place on the map, from -3.5 to 3.5 standard deviations of the prior, and the network's β
    shows : what the map shows, "codes" or "digits"
    digit : the image whose q(z|x) is drawn on the map, -1 for none
    z : list of twenty numbers; the number that tells the network most comes first
    share : how far along the way from `first` to `second`, 0 to 1
    first, second : which images; a drawing replaces the first
    network : whose codes the way goes through, "vae-20d" or "vae-2d-beta1"
    ink : what was drawn, 84 × 84 bytes, or none
    """

    _esm = bundle(Path(__file__).with_suffix(".js"))
    mode = traitlets.Unicode("map").tag(sync=True)
    z1 = traitlets.Float().tag(sync=True)
    z2 = traitlets.Float().tag(sync=True)
    beta = traitlets.Float(1.0).tag(sync=True)
    shows = traitlets.Unicode("codes").tag(sync=True)
    digit = Whole(-1).tag(sync=True)
    z = traitlets.List(traitlets.Float(min=-FARTHEST, max=FARTHEST), [0.0] * DIALS, DIALS, DIALS).tag(sync=True)
    share = traitlets.Float(0.5, min=0.0, max=1.0).tag(sync=True)
    first = Whole(0).tag(sync=True)
    second = Whole(0).tag(sync=True)
    network = traitlets.Unicode(NETWORKS[0]).tag(sync=True)
    ink = Ink().tag(sync=True)

    def __init__(self, mode: str = "map", *, beta: float = 1, images: ImageSet | torch.Tensor | None = None) -> None:
        check_choice("mode", mode, MODES)
        if beta not in BETAS or isinstance(beta, bool):
            raise ValueError(f"beta must be one of {', '.join(map(str, BETAS))}, for which weights ship; got {beta!r}")
        self.images = shown_images(images)
        self.maps: dict[float, PriorMap] = {}
        self.order, self.active = ranked_code_numbers("vae-20d")  # dial → dimension; how many carry anything
        z1, z2 = self.map_of(beta).start()
        super().__init__(
            mode=mode, z1=z1, z2=z2, beta=beta, shows="codes", digit=-1, z=[0.0] * DIALS, share=0.5,
            first=min(2, len(self.images) - 1), second=0, network=NETWORKS[0], ink=b"",
        )  # fmt: skip
        self.start_from(0)
        self.later |= {f"map-{b:g}": lambda b=b: self.map_of(b).packed() for b in BETAS}
        for name in (*VARIATIONAL.values(), NETWORKS[0]):  # one that only the map shows encodes nothing
            self.later[name] = functools.partial(pack_shipped, name, () if name in NETWORKS else ("decoder",))
        self.later |= self.images.in_parts()
        first = {
            "map": [f"map-{beta:g}", VARIATIONAL[beta]],
            "twenty": [NETWORKS[0]],
            "between": [NETWORKS[0], "pictures-0"],
        }
        self.assets = {name: self.later[name]() for name in first[mode]}
        self.setup = {
            "images": self.images.in_words(), "betas": list(BETAS), "frame": FRAME.in_words(), "farthest": FARTHEST,
            "labelled": self.map_of(beta).labelled, "order": self.order.tolist(), "active": self.active,
            "usual": np.sqrt(2 * gammaincinv(self.active / 2, (0.025, 0.975))).tolist(),  # √χ², as scipy.stats has it
        }  # fmt: skip
        self.resume()

    @traitlets.validate("mode", "beta", "shows", "network", "digit", "first", "second")
    def _among(self, proposal) -> object:
        places = range(len(self.images))
        accepted = {
            "mode": MODES, "beta": BETAS, "shows": ("codes", "digits"), "network": NETWORKS,
            "digit": range(-1, len(self.images)), "first": places, "second": places,
        }  # fmt: skip
        return check_setting(proposal, accepted[proposal["trait"].name])

    @traitlets.validate("z1", "z2")
    def _on_the_map(self, proposal) -> float:
        return FRAME.check(proposal)

    def map_of(self, beta: float) -> PriorMap:
        """Return the map of one β, made once."""
        if beta not in self.maps:
            self.maps[beta] = PriorMap.of(beta, self.images)
        return self.maps[beta]

    def start_from(self, place: int) -> None:
        """Set the twenty numbers to the code of a test digit, or picture."""
        with torch.inference_mode():
            code = shared_weights(NETWORKS[0]).encode(self.images.x[place : place + 1])[0, self.order]
        self.z = code.clamp(-FARTHEST, FARTHEST).tolist()

    def training_setup(self) -> TrainingSetup:
        """A variational autoencoder with two code numbers."""
        return generator_setup()

    def rows(self, mode: str, **settings: object) -> dict[str, torch.Tensor]:
        """Return what is decoded; or the four pictures of a way: its ends, mixed in pixels, mixed in code."""
        if mode == "map":
            return {"decoded": self._decoded(settings["beta"], settings["z1"], settings["z2"])}
        if mode == "twenty":
            code = torch.zeros(1, DIALS)
            code[0, self.order] = torch.tensor(settings["z"])
            return {"decoded": shared_weights(NETWORKS[0]).decode(code)}
        ends = self._ends(settings["first"], settings["second"], settings["ink"])
        pixels, code = _way(ends, settings["network"], [settings["share"]])
        return {"from": ends[:1], "mixed in pixels": pixels, "mixed in code": code, "to": ends[1:]}

    def numbers(self, mode: str, **settings: object) -> dict[str, float]:
        """Return the numbers of the map's place, the length of the code, or how gray both mixtures are."""
        if mode == "map":
            return self.map_of(settings["beta"]).numbers(settings["z1"], settings["z2"], settings["digit"])
        if mode == "twenty":
            return {"length": float(np.linalg.norm(settings["z"][: self.active]))}
        rows = self.rows(mode, **settings)
        return {name: _gray(rows[name][0]) for name in ("mixed in pixels", "mixed in code")}

    def _decoded(self, beta: float, z1: float, z2: float) -> torch.Tensor:
        """What the network of this β draws at (z1, z2); (1, 784)."""
        return shared_weights(VARIATIONAL[beta]).decode(torch.tensor([[z1, z2]]))

    def _ends(self, first: int, second: int, ink: bytes) -> torch.Tensor:
        """Both images; (2, 784)."""
        start = as_digit(ink) if any(ink) else self.images.x[first : first + 1]
        return torch.cat([start, self.images.x[second : second + 1]])

    def draw_static(self, figure: Figure) -> None:
        """Draw the map, what is decoded everywhere and at the place; the one digit; or eleven steps of both ways."""
        if self.mode == "map":
            self._draw_map(figure)
        elif self.mode == "twenty":
            plot_image(as_images(self.rows(**self.settings())["decoded"])[0], ax=figure.subplots(), vmin=0, vmax=255)
        else:
            pixels, code = _way(self._ends(self.first, self.second, self.ink), self.network, np.linspace(0, 1, 11))
            rows = {"mixed in pixels": pixels, "mixed in code": code}
            plot_reconstructions(rows, ax=figure.subplots(), title="Two ways from one digit to another")

    def _draw_map(self, figure: Figure) -> None:
        left, middle, right = figure.subplots(1, 3, width_ratios=(1.1, 1.1, 0.7))
        here = self.map_of(self.beta)
        here.draw(left)
        left.set_aspect("equal")
        left.plot(self.z1, self.z2, "o", ms=12, mfc="none", mec="black", mew=3)
        left.set(xlabel="$z_1$", ylabel="$z_2$", title=f"Codes of {self.images.name}s …")
        middle.imshow(here.tiles(), cmap="gray", extent=(-REACH, REACH, -REACH, REACH))
        middle.set(xlabel="$z_1$", title="… and what is decoded there")
        decoded = as_images(self._decoded(self.beta, self.z1, self.z2))[0]
        plot_image(decoded, ax=right, title=f"at ({self.z1:.1f}, {self.z2:.1f}), β = {self.beta:g}", vmin=0, vmax=255)
        middle.grid(False)


def _way(ends: torch.Tensor, network: str, shares: Sequence[float]) -> tuple[torch.Tensor, torch.Tensor]:
    """The pictures at some shares of the way between two: mixed in pixels and in code; (2, 784) → (n, 784) twice."""
    model, share = shared_weights(network), torch.tensor(shares, dtype=torch.float64)[:, None]
    pixels = (1 - share) * ends[0].double() + share * ends[1].double()  # to the last bit as in the page
    z = model.encode(ends)
    return pixels.float(), model.decode(torch.lerp(z[:1], z[1:], share.float()))


def _gray(x: torch.Tensor) -> float:
    """The share of the ink that is only gray."""
    return float(((x > 0.2) & (x < 0.8)).sum() / max(1, (x >= 0.2).sum()))
