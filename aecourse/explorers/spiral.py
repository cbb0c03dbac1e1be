"""A denoiser of points in the plane: where it moves each point, and how ten repairs move one of them."""

from __future__ import annotations

import copy
import functools
from pathlib import Path

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from aecourse.bundle import bundle
from aecourse.data import SIDE, spiral
from aecourse.device import one_thread, own_random_numbers
from aecourse.explorers.base.network import pack
from aecourse.explorers.base.page import Explorer, Raw, Real, Whole
from aecourse.plotting import BLUE, ORANGE
from aecourse.training import fit

LOW, HIGH = SIGMAS = 0.05, 0.5
REACH, FINE = 1.4, 6  # half the side of the map; what goes into the network is so many times larger: it sees fine steps
TIMES, NOISY = 10, 50  # repairs of a point; points over which the caption averages
FAR = 1e6  # the limit of all weights and places
TRAINING = {"epochs": 200, "batch_size": 200, "lr": 0.02}


class PointDenoiser(nn.Module):
    """x̂ = w x̃ + (1 − w) g(x̃, σ), as in notebooks/06_denoising.ipynb, with a smaller network g."""

    def __init__(self, variance: torch.Tensor) -> None:
        super().__init__()
        self.variance = variance
        self.net = nn.Sequential(nn.Linear(3, 64), nn.GELU(), nn.Linear(64, 32), nn.GELU(), nn.Linear(32, 2))

    def forward(self, x_tilde: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        """Repair points; (n, 2), (n, 1) → (n, 2)."""
        w = self.variance / (self.variance + (3 * sigma) ** 2)
        return w * x_tilde + (1 - w) * self.net(FINE * torch.cat([x_tilde, sigma], 1))

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error of repairs, with a σ of its own for each point."""
        sigma = LOW * (HIGH / LOW) ** torch.rand(len(x), 1)  # as often weak as strong
        return (self(x + sigma * torch.randn_like(x), sigma) - x).square().mean()


@functools.cache
def first_network() -> PointDenoiser:
    """Return the network that is shown before one is trained in the page; training it takes a second."""
    with own_random_numbers(seed=0), one_thread():
        model = PointDenoiser(spiral().var(0))
        if fit(model, spiral(), progress=False, **TRAINING).stopped:
            raise KeyboardInterrupt  # half a training must not be kept
    return model.requires_grad_(False)


class SpiralExplorer(Explorer):
    """Drag a point and see it repaired; train the denoiser in the page; taught in notebooks/06_denoising.ipynb.

    Attributes
    ----------
    sigma : σ of the noise, which the network is told, from 0.05 to 0.5
    point : where it is, [x₁, x₂], each from -1.4 to 1.4
    seed : decides start and noise of the next training, a whole number from 0 to 99
    weights : of a network that the page has trained, as bytes of float32 in torch's order; none for the first network
    """

    _esm = bundle(Path(__file__).with_suffix(".js"))
    sigma = Real(0.15, min=LOW, max=HIGH).tag(sync=True)
    point = traitlets.List(Real(min=-REACH, max=REACH), minlen=2, maxlen=2).tag(sync=True)
    seed = Whole(min=0, max=99).tag(sync=True)
    weights = Raw().tag(sync=True)

    def __init__(self) -> None:
        self.first, self.curve, along = first_network(), spiral(), torch.linspace(-1.2, 1.2, 13)
        self.grid, self.clean = torch.cartesian_prod(along, along), self.curve[:: len(self.curve) // NOISY]
        self.noise = torch.randn(NOISY, 2, generator=torch.Generator().manual_seed(0))
        super().__init__(sigma=0.15, point=[-0.2, 0.6], seed=0, weights=b"")
        parts = {name: getattr(self, name) for name in ("curve", "grid", "clean", "noise")}
        self.assets = {"spiral": pack(parts | {"first": parameters_to_vector(self.first.parameters())})}
        self.setup = {
            "sizes": [3, 64, 32, 2], "activations": ["gelu", "gelu", None], "fine": FINE, "times": TIMES,
            "reach": REACH, "far": FAR, "sigmas": SIGMAS, "variance": self.first.variance.tolist(), **TRAINING,
        }  # fmt: skip
        self.resume()

    @traitlets.validate("weights")
    def _whole(self, proposal) -> bytes:
        weights, size = proposal["value"], 4 * sum(part.numel() for part in self.first.parameters())
        if len(weights) not in (0, size):
            raise traitlets.TraitError(f"weights must hold {size} bytes, or none; got {len(weights)}")
        if weights and not (largest := np.abs(np.frombuffer(weights, np.float32)).max()) <= FAR:  # NaN fails too
            raise traitlets.TraitError(f"weights must be numbers from {-FAR:g} to {FAR:g}; got {largest:g}")
        return weights

    @torch.inference_mode()
    def way(self, x: torch.Tensor, sigma: float, weights: bytes) -> list[torch.Tensor]:
        """Return some places before, after one repair, …, after ten; each (n, 2)."""
        model, places = self.first, [x]
        if weights:
            model = copy.deepcopy(self.first)  # a new one would draw random numbers
            vector_to_parameters(torch.frombuffer(bytearray(weights), dtype=torch.float32), model.parameters())
        for _ in range(TIMES):
            moved = model(places[-1], torch.full((len(x), 1), sigma))
            places.append(moved.clamp(-FAR, FAR))  # what runs away stays finite
        return places

    def rows(self, sigma: float, point: list[float], seed: int, weights: bytes) -> dict[str, torch.Tensor]:
        """Return how dense noisy points lie all over the map, half as bright as white; (1, 784)."""
        along = ((torch.arange(SIDE) + 0.5) / SIDE * 2 - 1) * REACH
        places = torch.cartesian_prod(-along, along).flip(1)  # row by row from the top left
        density = (-torch.cdist(places, self.curve[::10]).square() / (2 * sigma**2)).exp().sum(1)
        return {"density": (density / density.max() / 2)[None]}

    def numbers(self, sigma: float, point: list[float], seed: int, weights: bytes) -> dict[str, float]:
        """Return how far the point and noisy points are from the spiral: before, after one repair, after all."""
        one = self.way(torch.tensor([point]), sigma, weights)
        noisy = self.way(self.clean + sigma * self.noise, sigma, weights)
        found = dict(zip(("x₁ at the end", "x₂ at the end"), one[-1][0].tolist(), strict=True))
        for name, time in {"before": 0, "after one": 1, "after all": TIMES}.items():
            for whose, places in (("", one), ("noisy points, ", noisy)):
                found[whose + name] = torch.cdist(places[time], self.curve).amin(1).mean().item()
        return found

    def draw_static(self, figure: Figure) -> None:
        """Draw the map."""
        ax, (density, *_) = figure.subplots(), self.rows(**self.settings()).values()
        ax.imshow(density.view(SIDE, SIDE).numpy(), cmap="gray", vmin=0, vmax=1, extent=(-REACH, REACH) * 2)
        arrows = self.way(self.grid, self.sigma, self.weights)[1] - self.grid
        ax.plot(*self.curve.T, color=BLUE, linewidth=2)
        ax.quiver(*self.grid.T, *arrows.T, color="white", angles="xy", scale_units="xy", scale=1, width=0.004)
        ax.plot(*torch.cat(self.way(torch.tensor([self.point]), self.sigma, self.weights)).T, "o-", color=ORANGE)
        ax.set_title(f"Where a denoiser moves each place, σ = {self.sigma:g}")
        ax.set_axis_off()
