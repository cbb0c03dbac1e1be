"""Draw a digit and watch it pass through the bottleneck."""

from __future__ import annotations

import functools
from pathlib import Path

import torch
import traitlets
from matplotlib.figure import Figure

from aecourse.bundle import bundle
from aecourse.data import load_mnist
from aecourse.explorers.base.ink import Ink, as_digit
from aecourse.explorers.base.network import for_display, pack, pack_images, pack_shipped
from aecourse.explorers.base.page import Explorer, Real, Whole, check_setting
from aecourse.models import Autoencoder
from aecourse.plotting import plot_reconstructions
from aecourse.zoo.shipped import codes_of
from aecourse.zoo.weights import shared_weights

MOVABLE = 16  # how many of the code numbers have a slider of their own
REACH = 3.0  # how far it moves them, in standard deviations


class DrawingPad(Explorer):
    """Draw with mouse, pen, finger or keys; taught in notebooks/02_encoder_and_decoder.ipynb.

    Shows the drawing as MNIST would have stored it (20×20 box, centre of mass in the middle), what comes back
    through the bottleneck, and the difference. A folded part moves single numbers of the code.

    Parameters
    ----------
    model : Autoencoder, optional
        Default the shipped nested network, with a slider for the size of its code. A model whose code is not ordered
        keeps its own size.

    Attributes
    ----------
    k : the slider; set `explorer.k = 32`
    ink : what was drawn, 84 × 84 bytes, or none
    moves : by how many standard deviations each of the first 16 code numbers is moved, from -3 to 3
    """

    _esm = bundle(Path(__file__).with_suffix(".js"))
    k = Whole(1).tag(sync=True)
    ink = Ink().tag(sync=True)
    moves = traitlets.List(Real(min=-REACH, max=REACH), [0.0] * MOVABLE, MOVABLE, MOVABLE).tag(sync=True)

    def __init__(self, model: Autoencoder | None = None) -> None:
        self.model = shared_weights("nested") if model is None else for_display(model)
        self._digit, most = load_mnist()[1].x[:1], self.model.latent_dim
        super().__init__(k=min(16, most) if model is None else most, ink=b"", moves=[0.0] * MOVABLE)
        self.assets = {
            "network": pack_shipped("nested") if model is None else self.packed("network", self.model),
            "digit": pack({"image": pack_images(self._digit)}),
        }
        self.later["spread"] = lambda: pack({"spread": self._spread})
        self.setup = {"most": most, "ordered": self.model.ordered, "reach": REACH}
        self.resume()

    @traitlets.validate("k")
    def _among(self, proposal) -> int:
        most = self.model.latent_dim
        return check_setting(proposal, range(1 if self.model.ordered else most, most + 1))

    def image(self, ink: bytes | None = None) -> torch.Tensor:
        """Return the drawing as a digit of MNIST; (1, 784) in [0, 1]."""
        return as_digit(self.ink if ink is None else ink)

    @functools.cached_property
    def _spread(self) -> torch.Tensor:
        """The standard deviation of each movable code number over the test digits."""
        return torch.from_numpy(codes_of(self.model, load_mnist()[1].x)[:, :MOVABLE].std(0)).float()

    def rows(self, k: int, ink: bytes, moves: list[float]) -> dict[str, torch.Tensor]:
        """Return the drawing, what comes back from k numbers, the absolute error; and what moved numbers give."""
        x = self.image(ink)
        shown = x if x.any() else self._digit
        x_hat = self.model.squeeze(x, k) if x.any() else x
        rows = {"stored": x, "restored": x_hat, "error": (x - x_hat).abs()}
        if any(moves[:k]):
            z, few = self.model.encode(shown)[:, :k].clone(), min(k, MOVABLE)
            z[:, :few] += torch.tensor(moves[:few]) * self._spread[:few]
            rows["moved"] = self.model.decode(z)
        return rows

    def numbers(self, k: int, ink: bytes, moves: list[float]) -> dict[str, float]:
        """Return the error of what is drawn."""
        return {"MSE": self.rows(k, ink, moves)["error"].square().mean().item()} if any(ink) else {}

    def draw_static(self, figure: Figure) -> None:
        """Draw a test digit in the drawing's place, so that a reader without a kernel sees what happens to one."""
        x, whose = (self.image(), "Your drawing") if any(self.ink) else (self._digit, "A test digit")
        x_hat = self.model.squeeze(x, self.k)
        shown = torch.cat([x, x_hat, (x - x_hat).abs()])
        plot_reconstructions({"": shown}, ax=figure.subplots(), title=f"{whose} · restored · error")
