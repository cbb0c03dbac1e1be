"""Nudge a picture and watch whether its code moves; a slider says how much contraction the encoder was trained with."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter
from torch.nn import functional as F

from aecourse.bundle import bundle
from aecourse.checks import check_number
from aecourse.data import PIXELS, SIDE, ImageSet
from aecourse.explorers.base.network import for_display, name_of, pack, pack_shipped
from aecourse.explorers.base.page import Choice, Real, Whole, check_setting
from aecourse.explorers.base.shown_images import shown_images
from aecourse.explorers.base.trainer import TrainableExplorer
from aecourse.explorers.training_setups import TrainingSetup, contraction_setup
from aecourse.models import Autoencoder, ContractiveAutoencoder
from aecourse.plotting import BLACK, BLUE, VERMILION, as_images, plain_ticks
from aecourse.zoo import CONTRACTIVE
from aecourse.zoo.weights import shared_weights

STRENGTHS = {name: f"{strength:g}" for strength, name in CONTRACTIVE.items()}  # λ of each network, in words
UNCONTRACTED = CONTRACTIVE[0]
DIRECTIONS = {
    "random noise": "noise",
    "a shift to the right": "shift",
    "a turn to the left": "turn",
    "a slant to the right": "slant",
    "another digit's shift": "other",
    "smooth noise": "smooth",
    "the fastest direction": 1,  # the rank of a singular vector of the Jacobian
    "… second": 2,
    "… third": 3,
    "… tenth": 10,
    "… 200th": 200,
}
RANKS = tuple(way for way in DIRECTIONS.values() if isinstance(way, int))
BEND = 0.1  # radians of a turn, or pixels to the side for each pixel upwards of a slant
BENDS = {
    "turn": ((math.cos(BEND), -math.sin(BEND)), (math.sin(BEND), math.cos(BEND))),
    "slant": ((1.0, BEND), (0.0, 1.0)),
}  # where a pixel of the moved picture comes from: matrix @ (x to the right, y downwards), from the centre
BRIGHTER = 5  # differences are shown this many times as bright, or most would look black
TILE = 112  # 4 × 28 for a picture, 7 × 16 for a code
GAP = 8
UNITS = 256  # of a code, shown as 16 × 16 squares
SMALLEST = 1e-4  # what is slower than this is not drawn


class ContractionExplorer(TrainableExplorer):
    """Nudge a digit in some direction; see if code and reconstruction hold; taught in notebooks/07_contractive.ipynb.

    Parameters
    ----------
    strength : where the λ slider starts, one of `aecourse.zoo.CONTRACTION_STRENGTHS`
    model : ContractiveAutoencoder, optional
        A network of one's own of one layer and 256 units, which stands beside that of λ = 0. For any other encoder f
        `torch.linalg.svdvals(torch.func.jacrev(f)(x))` gives the singular values at x, as in the notebook.
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        What to show instead of the test digits.

    Attributes
    ----------
    amount : ‖Δx‖, the length of the nudge, from -4 to 4; below 0 it goes the other way
    weights : the λ slider; its value is the name of the shipped weights, such as "contractive-0.1", or "yours"
    direction : which way the nudge goes: "noise", "smooth" (blurred noise), "shift", "turn", "slant", "other" (the
        shift of the next image of another class), or the rank of a singular vector of the Jacobian: 1, 2, 3, 10, 200
    digit : which image, a whole number from 0
    """

    _esm = bundle(Path(__file__).with_suffix(".js"))
    amount = Real(2.0, min=-4, max=4).tag(sync=True)
    weights = traitlets.Unicode(UNCONTRACTED).tag(sync=True)
    direction = Choice(tuple(DIRECTIONS.values()), "noise").tag(sync=True)
    digit = Whole(0).tag(sync=True)

    def __init__(
        self,
        strength: float = 0.1,
        *,
        model: ContractiveAutoencoder | None = None,
        images: ImageSet | torch.Tensor | None = None,
    ) -> None:
        if check_number("strength", strength) not in CONTRACTIVE:
            raise ValueError(f"strength must be one of the shipped {', '.join(STRENGTHS.values())}; got {strength!r}")
        self.images, start, strengths = shown_images(images), CONTRACTIVE[float(strength)], STRENGTHS
        self.models = {name: shared_weights(name) for name in STRENGTHS}
        if model is not None:
            self.models = {UNCONTRACTED: self.models[UNCONTRACTED], "yours": _checked(for_display(model))}
            start, strengths = "yours", {UNCONTRACTED: "0", "yours": f"{self.models['yours'].strength:g} (yours)"}
        self.strengths, self._grams = strengths, {name: _gram(network) for name, network in self.models.items()}
        self.fixed, self.others = _noises(), _next_of_another_class(self.images.y)
        super().__init__(amount=2.0, weights=start, direction="noise", digit=0)
        self.later |= self.images.in_parts()
        for name, network in self.models.items():
            own = functools.partial(self.packed, name, network)
            self.later[name] = own if name == "yours" else functools.partial(pack_shipped, name)
        come = {name: self.later[name]() for name in (start, UNCONTRACTED, "pictures-0")}
        self.assets = come | {"directions": pack(self.fixed), "others": pack({"others": self.others})}
        self.setup = {
            "images": self.images.in_words(), "strengths": strengths, "directions": [*map(list, DIRECTIONS.items())],
            "bends": BENDS, "brighter": BRIGHTER, "smallest": SMALLEST,
        }  # fmt: skip
        self.resume()

    @traitlets.validate("digit", "weights")
    def _among(self, proposal) -> object:
        digits = range(len(self.images))
        return check_setting(proposal, digits if proposal["trait"].name == "digit" else tuple(self.models))

    def training_setup(self) -> TrainingSetup:
        """A contractive autoencoder for one weight of the penalty on its Jacobian."""
        return contraction_setup()

    def jacobian(self, weights: str, digit: int) -> tuple[torch.Tensor, dict[int, torch.Tensor]]:
        """Return the singular values of J, largest first, and the right singular vectors on the menu, by rank.

        J = diag(z(1 − z)) W is found through J Jᵀ, which is smaller.
        """
        model = self.models[weights]
        z = model.encode(self.images.x[digit][None])[0].double()
        slopes = z * (1 - z)
        squares, left = torch.linalg.eigh(slopes[:, None] * self._grams[weights] * slopes)  # smallest first
        picked = left[:, [-rank for rank in RANKS]]  # (k, ranks): left singular vectors
        right = (picked.T * slopes).float() @ model.encoder[0].weight  # (ranks, 784), scaled by sigma
        largest = right.gather(1, right.abs().argmax(1, keepdim=True))  # a singular vector has no sign of its own
        right = F.normalize(right * largest.sign(), dim=1)
        return squares.flip(0).clamp(min=0).sqrt().float(), dict(zip(RANKS, right, strict=True))

    def _nudge(self, weights: str, direction: str | int, digit: int) -> torch.Tensor:
        """The direction of the nudge, of length 1; (784,)."""
        if direction in self.fixed:
            return self.fixed[direction]
        if direction in RANKS:
            return self.jacobian(weights, digit)[1][direction]
        x = self.images.x[self.others[digit] if direction == "other" else digit].view(1, 1, SIDE, SIDE)
        if direction in BENDS:
            matrix = F.pad(torch.tensor(BENDS[direction]), (0, 1))[None]  # (1, 2, 3)
            moved = F.grid_sample(x, F.affine_grid(matrix, x.shape, align_corners=False), align_corners=False)
        else:
            moved = F.pad(x, (1, 0))[..., :-1]  # one pixel to the right, black coming in
        return F.normalize((moved - x).flatten(), dim=0)

    def nudged(self, amount: float, weights: str, direction: str | int, digit: int) -> dict[str, torch.Tensor]:
        """Return picture, code and reconstruction before and after; {"x": (2, 784), "z": (2, k), "x_hat": (2, 784)}."""
        x = self.images.x[digit]
        x = torch.stack([x, x + amount * self._nudge(weights, direction, digit)])  # not clipped: Δx stays what it is
        z = self.models[weights].encode(x)
        return {"x": x, "z": z, "x_hat": self.models[weights].decode(z)}

    def rows(self, amount: float, weights: str, direction: str | int, digit: int) -> dict[str, torch.Tensor]:
        """Return picture, code and reconstruction: before, after, and the change; (3, 784), (3, k), (3, 784)."""
        parts = self.nudged(amount, weights, direction, digit)
        shown = [torch.cat([part, BRIGHTER * (part[1:] - part[:1]).abs()]) for part in parts.values()]
        return dict(zip(("picture x", "code z, 16 × 16", "restored x̂"), shown, strict=True))

    def gain(self, amount: float, weights: str, direction: str | int, digit: int) -> float:
        """Return ‖Δz‖ / ‖Δx‖; for a nudge of length 0 its limit, ‖J v‖ for the direction v."""
        if amount:
            z = self.nudged(amount, weights, direction, digit)["z"]
            return ((z[1] - z[0]).norm() / abs(amount)).item()
        model = self.models[weights]
        z = model.encode(self.images.x[digit][None])[0]
        return ((z * (1 - z)) * (model.encoder[0].weight @ self._nudge(weights, direction, digit))).norm().item()

    def numbers(self, amount: float, weights: str, direction: str | int, digit: int) -> dict[str, float]:
        """Return how far everything moves, and the singular values of J at this digit, here and without contraction.

        "place" is the rank of the direction of J that the code follows about as fast as this nudge.
        """
        parts = self.nudged(amount, weights, direction, digit)
        found = {f"‖Δ{name}‖": (after - before).norm().item() for name, (before, after) in parts.items()}
        sigma, free = self.jacobian(weights, digit)[0], self.jacobian(UNCONTRACTED, digit)[0]
        found["gain"] = gain = self.gain(amount, weights, direction, digit)
        near = (sigma.clamp(min=1e-9).log() - math.log(max(gain, 1e-9))).abs()
        found |= {"place": direction if direction in RANKS else int(near.argmin()) + 1, "‖J‖": sigma.norm().item()}
        for rank in RANKS:
            found |= {f"σ {rank}": sigma[rank - 1].item(), f"σ {rank}, λ = 0": free[rank - 1].item()}
        return found

    def draw_static(self, figure: Figure) -> None:
        """Draw the nine tiles and the singular values."""
        settings = self.settings()
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
        canvas = np.full((3 * TILE + 2 * GAP, 3 * TILE + 2 * GAP), 255, np.uint8)
        for i, row in enumerate(self.rows(**settings).values()):
            for j, image in enumerate(as_images(row)):
                scale, top, start = TILE // len(image), i * (TILE + GAP), j * (TILE + GAP)
                canvas[top : top + TILE, start : start + TILE] = image.repeat(scale, 0).repeat(scale, 1)
        left.imshow(canvas, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        centres = [i * (TILE + GAP) + TILE / 2 for i in range(3)]
        left.set_yticks(centres, ["picture x", "code z", "restored x̂"])
        left.set_xticks(centres, ["before", "after", f"change × {BRIGHTER}"])
        left.tick_params(length=0, labeltop=True, labelbottom=False)
        left.spines[:].set_visible(False)
        left.grid(False)
        for weights in dict.fromkeys((UNCONTRACTED, self.weights)):
            colour = BLACK if weights == UNCONTRACTED else BLUE
            sigma = self.jacobian(weights, self.digit)[0]
            sigma = sigma[sigma > SMALLEST]
            right.plot(range(1, len(sigma) + 1), sigma, color=colour, label=f"λ = {self.strengths[weights]}")
        numbers = self.numbers(**settings)
        right.plot(numbers["place"], max(numbers["gain"], SMALLEST), "o", color=VERMILION, label="this nudge")
        right.set(xscale="log", yscale="log", xlabel="direction, the fastest first", ylabel="singular value of J")
        right.set_title("How fast the code follows each direction")
        for axis in (right.xaxis, right.yaxis):
            plain_ticks(axis)
        right.legend()


def _checked(model: Autoencoder) -> ContractiveAutoencoder:
    """Return a network if its Jacobian and its code can be shown here."""
    if not isinstance(model, ContractiveAutoencoder):
        raise TypeError(f"model must be a ContractiveAutoencoder; got {name_of(model)}")
    if model.config.hidden or model.latent_dim != UNITS:
        came = f"{len(model.config.hidden) + 1} layers and {model.latent_dim} units"
        raise ValueError(f"model must have one layer and {UNITS} units, as ContractiveAutoencoder() has; got {came}")
    return model


def _gram(model: ContractiveAutoencoder) -> torch.Tensor:
    """Return W Wᵀ of a one-layer encoder, which together with z gives J Jᵀ; (k, k)."""
    W = model.encoder[0].weight.detach().double()
    return W @ W.T


@functools.cache
def _noises() -> dict[str, torch.Tensor]:
    """Directions that are the same for every picture, each of length 1; {name: (784,)}."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(PIXELS, generator=generator)
    smooth = gaussian_filter(torch.randn(SIDE, SIDE, generator=generator).numpy(), 1.5, mode="constant")
    return {"noise": F.normalize(noise, dim=0), "smooth": F.normalize(torch.from_numpy(smooth).flatten(), dim=0)}


def _next_of_another_class(y: torch.Tensor) -> torch.Tensor:
    """Return for each image the place of the next one with another label, or simply the next if all have one; (n,)."""
    ends = (y != y.roll(-1)).nonzero().flatten()  # after which a new label begins
    places = torch.arange(len(y))
    if len(ends):
        places = ends[torch.searchsorted(ends, places) % len(ends)]
    return ((places + 1) % len(y)).int()
