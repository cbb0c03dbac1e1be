"""Nudge a picture and watch whether its code moves; a slider says how much contraction the encoder was trained with."""

from __future__ import annotations

import functools

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter

from aecourse.checks import check_number
from aecourse.data import PIXELS, SIDE, ImageSet
from aecourse.explorers.base.chart import svg_curve
from aecourse.explorers.base.controls import with_number_box
from aecourse.explorers.base.shown_images import shown_images
from aecourse.explorers.base.training_panel import TrainingPanel
from aecourse.explorers.base.view import Explorer
from aecourse.explorers.training import TrainingExplorer
from aecourse.explorers.training_setups import contraction_setup
from aecourse.plotting import BLACK, BLUE, VERMILION, as_images, plain_ticks
from aecourse.zoo import CONTRACTIVE
from aecourse.zoo.shipped import encoder_gram
from aecourse.zoo.weights import shared_weights

STRENGTHS = {name: f"{strength:g}" for strength, name in CONTRACTIVE.items()}  # λ of each network, in words
UNCONTRACTED = CONTRACTIVE[0]
DIRECTIONS = {
    "random noise": "noise",
    "a shift to the right": "shift",
    "another digit's shift": "other",
    "smooth noise": "smooth",
    "the way the code follows most": 1,  # the rank of a singular vector of the Jacobian
    "… second most": 2,
    "… third most": 3,
    "… tenth most": 10,
    "… 200th": 200,
}
BRIGHTER = 5  # differences are shown this many times as bright, or most would look black
RANKS = tuple(way for way in DIRECTIONS.values() if isinstance(way, int))
TILE = 112  # 4 × 28 for a picture, 7 × 16 for a code
GAP = 8
SMALLEST = 1e-4  # what is slower than this is not drawn


class ContractionExplorer(Explorer):
    """Nudge a digit in some direction; see if code and reconstruction hold; taught in notebooks/07_contractive.ipynb.

    Parameters
    ----------
    strength : where the λ slider starts, one of `aecourse.zoo.CONTRACTION_STRENGTHS`
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        What to show instead of the test digits.

    Attributes
    ----------
    weights : the λ slider; its value is the name of the shipped weights
    direction : which way the nudge goes: "noise", "shift", "other" (the shift of the next image of another class),
        "smooth" (blurred noise), or the rank of a singular vector of the Jacobian
    amount : ‖Δx‖, the length of the nudge; below 0 it goes the other way
    digit : which image, a whole number from 0
    """

    row_names = ("picture x", "code z, 16 × 16", "restored x_hat")
    column_names = ("before", "after the nudge", f"change × {BRIGHTER}")

    def __init__(self, strength: float = 0.1, *, images: ImageSet | torch.Tensor | None = None) -> None:
        if check_number("strength", strength) not in CONTRACTIVE:
            raise ValueError(f"strength must be one of the shipped {', '.join(STRENGTHS.values())}; got {strength!r}")
        self.models = {name: shared_weights(name) for name in STRENGTHS}
        self.images = shown_images(images)
        generator = torch.Generator().manual_seed(0)
        self.noise = torch.nn.functional.normalize(torch.randn(PIXELS, generator=generator), dim=0)
        noise = torch.randn(SIDE, SIDE, generator=generator).numpy()
        smooth = torch.from_numpy(gaussian_filter(noise, 1.5, mode="constant")).flatten()
        self.smooth = torch.nn.functional.normalize(smooth, dim=0)
        self._jacobian = functools.lru_cache(maxsize=32)(self._fresh_jacobian)
        self._free = functools.lru_cache(maxsize=32)(self._fresh_free)
        self.weights = widgets.SelectionSlider(
            options=[(words, name) for name, words in STRENGTHS.items()],
            value=CONTRACTIVE[float(strength)],
            description="contraction λ",
            style={"description_width": "initial"},
            layout={"width": "330px"},
        )
        self.direction = widgets.Dropdown(
            options=DIRECTIONS, description="nudge by", style={"description_width": "initial"},
            layout={"width": "310px"},
        )  # fmt: skip
        self.digit = self.images.box("…", width=170)
        self.amount = widgets.FloatSlider(2, min=-4, max=4, step=0.1, layout={"width": "100%"})
        super().__init__(
            {"amount": self.amount, "weights": self.weights, "direction": self.direction, "digit": self.digit}
        )
        self.curve = widgets.HTML(layout={"flex": "4 1 330px", "min_width": "300px"})
        self.picture.layout.flex = "5 1 460px"
        wrap = {"flex_flow": "row wrap", "align_items": "center"}
        self.training_panel = TrainingPanel(lambda: TrainingExplorer(setup=contraction_setup(), images=self.images))
        self.children = [
            self.accessibility,
            widgets.HBox([self.weights, self.direction, self.digit], layout=wrap),
            widgets.HBox(
                [with_number_box(self.amount, "length of the nudge, ‖Δx‖"), self.training_panel.button], layout=wrap
            ),
            widgets.HBox([self.picture, self.curve], layout={**wrap, "grid_gap": "20px"}),
            self.caption,
            self.training_panel,
        ]
        self.refresh()

    def prepare_for_board(self) -> None:
        """Narrow the tall picture."""
        super().prepare_for_board()
        self.picture.layout.max_width = "460px"

    def _small(self, weights: str, digit: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The slopes z(1 − z) of the sigmoids and J Jᵀ, where J = diag(z(1 − z)) W; (k,), (k, k)."""
        z = self.models[weights].encode(self.images.x[digit][None])[0].double()
        slopes = z * (1 - z)
        return slopes, slopes[:, None] * encoder_gram(weights) * slopes

    def _fresh_jacobian(self, weights: str, digit: int) -> tuple[torch.Tensor, dict[int, torch.Tensor]]:
        """Singular values of J at this digit, largest first, and the right singular vectors on the menu, by rank."""
        slopes, small = self._small(weights, digit)
        squares, left = torch.linalg.eigh(small)
        picked = left[:, [-rank for rank in RANKS]]  # (k, ranks): left singular vectors
        right = (picked.T * slopes).float() @ self.models[weights].encoder[0].weight  # (ranks, 784), scaled by sigma
        largest = right.gather(1, right.abs().argmax(1, keepdim=True))  # a singular vector has no sign of its own
        right = torch.nn.functional.normalize(right * largest.sign(), dim=1)
        return _roots(squares), dict(zip(RANKS, right, strict=True))

    def _fresh_free(self, digit: int) -> torch.Tensor:
        """Singular values of J at this digit without contraction, largest first."""
        return _roots(torch.linalg.eigvalsh(self._small(UNCONTRACTED, digit)[1]))

    def _nudge(self, weights: str, direction: str | int, digit: int) -> torch.Tensor:
        """The direction of the nudge, of length 1; (784,)."""
        if direction == "noise":
            return self.noise
        if direction == "smooth":
            return self.smooth
        if direction not in ("shift", "other"):
            return self._jacobian(weights, digit)[1][direction]
        if direction == "other":
            later = self.images.y.roll(-digit)
            others = (later != later[0]).nonzero()  # none if all have one label: then simply the next
            digit = (digit + (int(others[0]) if len(others) else 1)) % len(later)
        x = self.images.x[digit].view(SIDE, SIDE)
        moved = torch.nn.functional.pad(x, (1, 0))[:, :-1]  # one pixel to the right, black coming in
        return torch.nn.functional.normalize((moved - x).flatten(), dim=0)

    def nudged(self, amount: float, weights: str, direction: str | int, digit: int) -> dict[str, torch.Tensor]:
        """Picture, code and reconstruction before and after; {"x": (2, 784), "z": (2, k), "x_hat": (2, 784)}."""
        x = self.images.x[digit]
        x = torch.stack([x, x + amount * self._nudge(weights, direction, digit)])  # not clipped: Δx stays what it is
        z = self.models[weights].encode(x)
        return {"x": x, "z": z, "x_hat": self.models[weights].decode(z)}

    def gain(self, amount: float, weights: str, direction: str | int, digit: int) -> float:
        """‖Δz‖ / ‖Δx‖; for a nudge of length 0 its limit, ‖J v‖ for the direction v."""
        if amount:
            z = self.nudged(amount, weights, direction, digit)["z"]
            return ((z[1] - z[0]).norm() / abs(amount)).item()
        model = self.models[weights]
        z = model.encode(self.images.x[digit][None])[0]
        return ((z * (1 - z)) * (model.encoder[0].weight @ self._nudge(weights, direction, digit))).norm().item()

    def render(self, amount: float, weights: str, direction: str | int, digit: int) -> np.ndarray:
        """Three rows, picture, code and reconstruction; three columns, before, after and the change."""
        canvas = np.full((3 * TILE + 2 * GAP, 3 * TILE + 2 * GAP), 255, np.uint8)
        for i, (before, after) in enumerate(self.nudged(amount, weights, direction, digit).values()):
            shown = as_images(torch.stack([before, after, BRIGHTER * (after - before).abs()]))
            for j, image in enumerate(shown):
                scale = TILE // len(image)
                top, left = i * (TILE + GAP), j * (TILE + GAP)
                canvas[top : top + TILE, left : left + TILE] = image.repeat(scale, 0).repeat(scale, 1)
        return canvas

    def describe(self, amount: float, weights: str, direction: str | int, digit: int) -> str:
        """How far code and reconstruction moved, and ‖J‖ at this digit."""
        parts = self.nudged(amount, weights, direction, digit)
        moved = {name: (after - before).norm().item() for name, (before, after) in parts.items()}
        gain = self.gain(amount, weights, direction, digit)
        sigma = self._jacobian(weights, digit)[0]
        name = next(name for name, way in DIRECTIONS.items() if way == direction).strip("… ")
        return (
            f"λ = {STRENGTHS[weights]}, nudge of length {moved['x']:.1f} by {name}: the code moves by "
            f"{moved['z']:.2f}, so ‖Δz‖/‖Δx‖ = {gain:.3f}; the reconstruction moves by {moved['x_hat']:.2f}. "
            f"At this {self.images.noun} ‖J‖ = {sigma.norm():.2f}."
        )

    def _place(self, amount: float, weights: str, direction: str | int, digit: int) -> tuple[int, float]:
        """The direction of J that the code follows about as fast as this nudge, and how fast it follows the nudge."""
        sigma, gain = self._jacobian(weights, digit)[0], self.gain(amount, weights, direction, digit)
        if isinstance(direction, int):
            return direction, gain
        return int((sigma.clamp(min=1e-9).log() - np.log(max(gain, 1e-9))).abs().argmin()) + 1, gain

    def _curves(self, weights: str, digit: int) -> dict[str, tuple[str, list[int], list[float]]]:
        """{name: (colour, ranks, singular values)} for no contraction and for the λ chosen."""
        chosen = {"λ = 0": (BLACK, self._free(digit))}
        if weights != UNCONTRACTED:
            chosen[f"λ = {STRENGTHS[weights]}"] = (BLUE, self._jacobian(weights, digit)[0])
        curves = {}
        for label, (colour, sigma) in chosen.items():
            ranks = [k for k in range(1, len(sigma) + 1) if k < 16 or k % 8 == 0]  # as many points as the eye needs
            ranks = [k for k in ranks if sigma[k - 1] > SMALLEST]
            curves[label] = (colour, ranks, [sigma[k - 1].item() for k in ranks])
        return curves

    def decorate(self, amount: float, weights: str, direction: str | int, digit: int) -> None:
        """How fast the code follows each direction: the singular values of J, and this nudge among them."""
        place, gain = self._place(amount, weights, direction, digit)
        self.curve.value = svg_curve(
            self._curves(weights, digit),
            title="How fast the code follows: ● this nudge",
            x_label="direction, the fastest first (log scale)",
            y_label="singular value of J (log scale)",
            x_log=True,
            points=[(place, max(gain, SMALLEST), VERMILION)],
            legend_low=True,
        )

    def draw_static(self, figure: Figure) -> None:
        """The nine tiles and the singular values."""
        settings = self.settings()
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
        left.imshow(self.render(**settings), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        centres = [i * (TILE + GAP) + TILE / 2 for i in range(3)]
        left.set_yticks(centres, ["picture x", "code z", "restored x̂"])
        left.set_xticks(centres, ["before", "after", f"change × {BRIGHTER}"])
        left.tick_params(length=0, labeltop=True, labelbottom=False)
        left.spines[:].set_visible(False)
        left.grid(False)
        for label, (colour, ranks, sigma) in self._curves(settings["weights"], settings["digit"]).items():
            right.plot(ranks, sigma, color=colour, label=label)
        right.plot(*self._place(**settings), "o", color=VERMILION, label="this nudge")
        right.set(xscale="log", yscale="log", xlabel="direction, the fastest first", ylabel="singular value of J")
        right.set_title("How fast the code follows each direction")
        for axis in (right.xaxis, right.yaxis):
            plain_ticks(axis)
        right.legend()


def _roots(squares: torch.Tensor) -> torch.Tensor:
    """Eigenvalues of J Jᵀ, smallest first, as singular values of J, largest first."""
    return squares.flip(0).clamp(min=0).sqrt().float()
