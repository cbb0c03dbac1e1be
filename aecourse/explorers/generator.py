"""Generate digits: from a point on a map, from twenty numbers, or between two digits."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from torch import nn

from aecourse.bundle import bundle
from aecourse.checks import check_choice, check_number
from aecourse.data import ImageSet
from aecourse.explorers.base.ink import Ink, as_digit
from aecourse.explorers.base.network import for_display, name_of, pack_shipped
from aecourse.explorers.base.page import Real, Whole, check_setting
from aecourse.explorers.base.shown_images import shown_images
from aecourse.explorers.base.trainer import TrainableExplorer
from aecourse.explorers.code_axes import axes_by_prior, axes_by_spread, shipped_axes
from aecourse.explorers.prior_map import FRAME, REACH, PriorMap
from aecourse.explorers.training_setups import TrainingSetup, generator_setup
from aecourse.models import Autoencoder, VariationalAutoencoder
from aecourse.plotting import as_images, plot_image, plot_reconstructions
from aecourse.zoo import BETAS, VARIATIONAL
from aecourse.zoo.shipped import load_library, posterior_of, variational_posterior
from aecourse.zoo.weights import shared_weights

MODES = {"map": "a place on the map", "twenty": "twenty numbers", "between": "between two digits"}
NETWORKS = ("vae-20d", VARIATIONAL[1])  # whose codes the interpolation between two digits uses
DIALS = 20
FARTHEST = 3.0  # from the centre that a dial goes


class GeneratorExplorer(TrainableExplorer):
    """Make digits that nobody wrote, in three ways; taught in notebooks/08_variational.ipynb.

    Parameters
    ----------
    mode : "map", "twenty" or "between", what is open at first; by default the first there is
    beta : one of `aecourse.zoo.BETAS`, where the β slider of the map starts; a network of one's own has its own β
    model : nn.Module, optional
        A network of one's own, as `aecourse.adopt` takes it. Codes are drawn from the prior of a
        `VariationalAutoencoder`. Any other network has none: a draw then has the mean and the covariance of its codes
        of 10,000 training digits, or of `images` if both are given. The map here is for two numbers with a prior;
        `LatentMapExplorer` draws that of any other network.
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        What to show instead of the test digits.

    Attributes
    ----------
    mode : what is open; set `explorer.mode = "twenty"`
    z1, z2, beta : a place on the map, from -3.5 to 3.5 standard deviations of the prior, and the network's β
    shows : what the map shows, "codes" or "digits"
    digit : the image whose q(z|x) is drawn on the map, -1 for none
    z : list of twenty numbers; the number that tells the network most comes first, and a shorter code leaves the last
        ones unused. Without a prior they are principal components of the codes, in standard deviations.
    share : how far along the way from `first` to `second`, 0 to 1
    first, second : which images; a drawing replaces the first
    network : whose codes the way goes through, "vae-20d", "vae-2d-beta1" or "yours"
    ink : what was drawn, 84 × 84 bytes, or none
    """

    _esm = bundle(Path(__file__).with_suffix(".js"))
    mode = traitlets.Unicode("map").tag(sync=True)
    z1 = Real().tag(sync=True)
    z2 = Real().tag(sync=True)
    beta = Real(1.0).tag(sync=True)
    shows = traitlets.Unicode("codes").tag(sync=True)
    digit = Whole(-1).tag(sync=True)
    z = traitlets.List(Real(min=-FARTHEST, max=FARTHEST), [0.0] * DIALS, DIALS, DIALS).tag(sync=True)
    share = Real(0.5, min=0.0, max=1.0).tag(sync=True)
    first = Whole(0).tag(sync=True)
    second = Whole(0).tag(sync=True)
    network = traitlets.Unicode(NETWORKS[0]).tag(sync=True)
    ink = Ink().tag(sync=True)
    spread = ""  # whose codes the draws are like, if there is no prior

    def __init__(
        self,
        mode: str | None = None,
        *,
        beta: float = 1,
        model: nn.Module | None = None,
        images: ImageSet | torch.Tensor | None = None,
    ) -> None:
        if mode is not None:
            check_choice("mode", mode, tuple(MODES))
        beta = check_number("beta", beta) + 0.0  # -0 becomes 0
        if beta not in BETAS:
            raise ValueError(f"beta must be one of {', '.join(map(str, BETAS))}, for which weights ship; got {beta!r}")
        self.images = shown_images(images)
        self.maps: dict[float, PriorMap] = {}
        self.modes, self.axes = MODES, shipped_axes(NETWORKS[0])
        self.networks = {name: shared_weights(name) for name in NETWORKS}
        self.mapped = {b: shared_weights(VARIATIONAL[b]) for b in BETAS}
        if model is not None:
            self._show_own(for_display(model), own_pictures=images is not None)
            beta = next(iter(self.mapped), beta)
        mode = next(iter(self.modes)) if mode is None else mode
        check_choice("mode", mode, tuple(self.modes))
        z1, z2 = self.map_of(beta).start() if self.mapped else (0.0, 0.0)
        network = next(iter(self.networks))
        super().__init__(
            mode=mode, z1=z1, z2=z2, beta=beta, shows="codes", digit=-1, z=[0.0] * DIALS, share=0.5,
            first=min(2, len(self.images) - 1), second=0, network=network, ink=b"",
        )  # fmt: skip
        self.start_from(0)
        self.later |= self.images.in_parts() | {"axes": self.axes.packed}
        if model is None:
            self.later |= {f"map-{b:g}": lambda b=b: self.map_of(b).packed() for b in BETAS}
            for name in (*VARIATIONAL.values(), NETWORKS[0]):  # a network that only the map shows encodes nothing
                self.later[name] = functools.partial(pack_shipped, name, () if name in NETWORKS else ("decoder",))
        else:
            self.later |= {"map-yours": lambda: self.map_of(beta).packed()} if self.mapped else {}
            self.later["yours"] = functools.partial(self.packed, network, self.networks[network])
        first = {
            "map": [f"map-{beta:g}", VARIATIONAL[beta]] if model is None else ["map-yours", network],
            "twenty": [network, "axes"],
            "between": [network, "pictures-0"],
        }
        self.assets = {name: self.later[name]() for name in first[mode]}
        self.setup = {
            "images": self.images.in_words(), "modes": [[words, mode] for mode, words in self.modes.items()],
            "betas": list(self.mapped), "frame": FRAME.in_words(), "farthest": FARTHEST,
            "labelled": len(self.images.y.unique()) > 1, "active": self.axes.active, "usual": self.axes.usual(),
            "networks": [[f"{net.latent_dim} numbers", name] for name, net in self.networks.items()],
            "yours": "" if model is None else name_of(self.networks[network]),
            "spread": self.spread, "share": self.axes.share,
        }  # fmt: skip
        self.resume()

    def _show_own(self, model: Autoencoder, *, own_pictures: bool) -> None:
        """Use the learner's network instead of all others."""
        prior = isinstance(model, VariationalAutoencoder)
        self.networks, self.mapped = {"yours": model}, {model.beta: model} if prior and model.latent_dim == 2 else {}
        self.modes = {mode: words for mode, words in MODES.items() if mode != "map" or self.mapped}
        self.modes |= {"twenty": "the numbers of its code"}
        if prior:
            self.axes = axes_by_prior(model, DIALS)
        else:
            seen = self.images if own_pictures else load_library()[0]
            self.axes = axes_by_spread(model, seen.x, DIALS)
            self.spread = f"your {len(seen):,} pictures" if own_pictures else f"{len(seen):,} training digits"

    @traitlets.validate("mode", "beta", "shows", "network", "digit", "first", "second")
    def _among(self, proposal) -> object:
        places = range(len(self.images))
        accepted = {
            "mode": tuple(self.modes), "beta": tuple(self.mapped) or (1,), "shows": ("codes", "digits"),
            "network": tuple(self.networks),
            "digit": range(-1, len(self.images)), "first": places, "second": places,
        }  # fmt: skip
        return check_setting(proposal, accepted[proposal["trait"].name])

    @traitlets.validate("z1", "z2")
    def _on_the_map(self, proposal) -> float:
        return FRAME.check(proposal)

    def map_of(self, beta: float) -> PriorMap:
        """Return the map of one β, made once."""
        if beta not in self.maps:
            model, shipped = self.mapped[beta], self.images is shown_images(None) and "yours" not in self.networks
            mu, logvar = variational_posterior(beta) if shipped else posterior_of(model, self.images.x)
            self.maps[beta] = PriorMap(mu, self.images, FRAME, model, logvar)
        return self.maps[beta]

    def start_from(self, place: int) -> None:
        """Set the twenty numbers to the code of a test digit, or picture."""
        with torch.inference_mode():
            code = next(iter(self.networks.values())).encode(self.images.x[place : place + 1])[0]
        places = [min(FARTHEST, max(-FARTHEST, z)) for z in self.axes.places(code)]
        self.z = places + [0.0] * (DIALS - len(places))

    def training_setup(self) -> TrainingSetup:
        """A variational autoencoder with two code numbers."""
        return generator_setup()

    def rows(self, mode: str, **settings: object) -> dict[str, torch.Tensor]:
        """Return what is decoded; or the four pictures of a way: its ends, mixed in pixels, mixed in code."""
        if mode == "map":
            return {"decoded": self._decoded(settings["beta"], settings["z1"], settings["z2"])}
        if mode == "twenty":
            return {"decoded": next(iter(self.networks.values())).decode(self.axes.code(settings["z"]))}
        ends = self._ends(settings["first"], settings["second"], settings["ink"])
        pixels, code = _way(ends, self.networks[settings["network"]], [settings["share"]])
        return {"from": ends[:1], "mixed in pixels": pixels, "mixed in code": code, "to": ends[1:]}

    def numbers(self, mode: str, **settings: object) -> dict[str, float]:
        """Return the numbers of the map's place, the length of the code, or how gray both mixtures are."""
        if mode == "map":
            return self.map_of(settings["beta"]).numbers(settings["z1"], settings["z2"], settings["digit"])
        if mode == "twenty":
            return {"length": float(np.linalg.norm(settings["z"][: self.axes.active]))}
        rows = self.rows(mode, **settings)
        return {name: _gray(rows[name][0]) for name in ("mixed in pixels", "mixed in code")}

    def _decoded(self, beta: float, z1: float, z2: float) -> torch.Tensor:
        """Return the decoder's output for (z1, z2), from the network of this β; (1, 784)."""
        return self.mapped[beta].decode(torch.tensor([[z1, z2]]))

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
            ends, model = self._ends(self.first, self.second, self.ink), self.networks[self.network]
            pixels, code = _way(ends, model, np.linspace(0, 1, 11))
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


def _way(ends: torch.Tensor, model: Autoencoder, shares: Sequence[float]) -> tuple[torch.Tensor, torch.Tensor]:
    """The pictures at some shares of the way between two: mixed in pixels and in code; (2, 784) → (n, 784) twice."""
    share = torch.tensor(shares, dtype=torch.float64)[:, None]
    pixels = (1 - share) * ends[0].double() + share * ends[1].double()  # to the last bit as in the page
    z = model.encode(ends)
    return pixels.float(), model.decode(torch.lerp(z[:1], z[1:], share.float()))


def _gray(x: torch.Tensor) -> float:
    """The share of the ink that is only gray."""
    return float(((x > 0.2) & (x < 0.8)).sum() / max(1, (x >= 0.2).sum()))
