"""Many units, few of them active: what each draws, which digits use it, and which atoms build a digit."""

from __future__ import annotations

import functools
import math

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.figure import Figure

from aecourse.checks import check_choice, check_whole
from aecourse.data import ImageSet, load_mnist
from aecourse.explorers.base.canvases import PointPicker
from aecourse.explorers.base.chart import svg_curve
from aecourse.explorers.base.controls import number_box, with_number_box
from aecourse.explorers.base.shown_images import shown_images
from aecourse.explorers.base.training_panel import TrainingPanel
from aecourse.explorers.base.view import Explorer, png
from aecourse.explorers.training import TrainingExplorer
from aecourse.explorers.training_setups import sparse_setup
from aecourse.models.sparse import PENALTIES
from aecourse.plotting import BLUE, as_images, mosaic, plot_reconstructions
from aecourse.zoo import SPARSE
from aecourse.zoo.shipped import SPARSE_SAMPLE, USERS, SparseNet, load_sparse_net

POSITIONS = {penalty: tuple(networks) for penalty, networks in SPARSE.items()}  # the slider's, ever stricter
SYMBOLS = {"l1": "L1, λ", "kl": "KL, ρ", "topk": "top-k, k"}
MENU = {"L1 activity penalty": "l1", "KL to a target activity": "kl", "top-k": "topk"}
SHOWN = 10  # atoms that build a digit
ROWS, COLUMNS = 5, 10  # atoms on the map at once
PAGE = ROWS * COLUMNS


def atom_images(atoms: torch.Tensor) -> np.ndarray:
    """Atoms, rows of positive and negative numbers, as images whose mid-gray is 0; (n, 784) → (n, 28, 28) uint8."""
    return as_images(0.5 + 0.5 * atoms / atoms.abs().amax(1, keepdim=True).clamp(min=1e-9))


class SparsityExplorer(Explorer):
    """Choose a penalty and how strict it is; look at the atoms, their users, and a digit as a sum of atoms.

    Taught in notebooks/05_sparse.ipynb.

    Parameters
    ----------
    penalty : "l1", "kl" or "topk"
    strictness : 1, 2 or 3
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        What to show instead of the test digits.

    Attributes
    ----------
    penalty, strictness : which shipped network
    digits : which ten images, a whole number from 0
    digit : which of the ten is taken apart, 0 to 9
    atom : which unit is looked at, 0 to 1023, numbered by how often they are used
    """

    def __init__(
        self, penalty: str = "l1", strictness: int = 2, *, images: ImageSet | torch.Tensor | None = None
    ) -> None:
        check_choice("penalty", penalty, PENALTIES)
        strictness = check_whole("strictness", strictness, maximum=3)
        self.nets = {kind: [load_sparse_net(kind, place) for place in POSITIONS[kind]] for kind in POSITIONS}
        self.images, self.test = shown_images(images), load_mnist()[1]
        self._seen = functools.lru_cache(maxsize=4)(self._freshly_seen)
        self.digits = self.images.set_box()
        last = min(10, len(self.images)) - 1
        self.digit = number_box(3, last, f"{self.images.noun} to take apart")
        net, z = self.nets[penalty][strictness - 1], self._seen(penalty, strictness, self.digits.value)[1]
        start = int(self._take_apart(net, z[self.digit.value])[0][0])
        self.penalty = widgets.Dropdown(options=MENU, value=penalty, description="penalty", layout={"width": "300px"})
        self.strictness = widgets.IntSlider(strictness, 1, 3)
        self.atom = number_box(start, len(net.atoms) - 1, "atom to look at")
        super().__init__(
            {"penalty": self.penalty, "strictness": self.strictness, "digits": self.digits, "digit": self.digit}
            | {"atom": self.atom}
        )
        self.picker = PointPicker(
            label="Map of atoms: click one, or use the arrow keys", hover=False, marked=False,
            steps=[1 / COLUMNS, 1 / ROWS],
        )  # fmt: skip
        self.picker.observe(self._point, "value")
        self.curve = widgets.HTML(layout={"width": "100%"})
        self.legend = widgets.HTML()
        row = {"flex_flow": "row wrap", "align_items": "center"}
        left = widgets.VBox([self.picture, self.caption], layout={"flex": "5 1 520px", "min_width": "0"})
        right = widgets.VBox([self.legend, self.picker, self.curve], layout={"flex": "3 1 300px", "min_width": "280px"})
        self.training_panel = TrainingPanel(
            lambda: TrainingExplorer(setup=sparse_setup(self.penalty.value), images=self.images)
        )
        self.penalty.observe(lambda change: self.training_panel.renew(), "value")
        self.children = [
            self.accessibility,
            widgets.HBox([self.penalty, with_number_box(self.strictness, "strictness, 1 to 3")], layout=row),
            widgets.HBox([self.digits, self.digit, self.atom, self.training_panel.button], layout=row),
            widgets.HBox([left, right], layout={"flex_flow": "row wrap", "grid_gap": "0 18px"}),
            self.training_panel,
        ]
        self.refresh()

    def prepare_for_board(self) -> None:
        """Leave the histogram out."""
        super().prepare_for_board()
        self.curve.layout.display = "none"

    def _point(self, change) -> None:
        """Look at the atom that was clicked on the map."""
        right, down = change.new
        place = min(int(down * ROWS), ROWS - 1) * COLUMNS + min(int(right * COLUMNS), COLUMNS - 1)
        self.atom.value = min(self.atom.value // PAGE * PAGE + place, self.atom.max)

    @torch.inference_mode()
    def _freshly_seen(self, penalty: str, strictness: int, digits: int) -> tuple[torch.Tensor, ...]:
        """Ten images, their codes in the order of the atoms, what comes back; (10, 784), (10, 1024), (10, 784)."""
        net, x = self.nets[penalty][strictness - 1], self.images.ten(digits)
        z = net.model.encode(x)
        return x, z[:, net.order], net.model.decode(z)

    def _one(self, digit: int) -> str:
        """One of the ten in words."""
        return f"the {digit}" if self.images.are_digits else f"picture {digit} of the ten"

    def _take_apart(self, net: SparseNet, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The units that add most to one digit, and the picture after each is added; (units,) → (10,), (10, 784)."""
        strongest = (z * net.atoms.norm(dim=1)).topk(SHOWN).indices
        parts = z[strongest, None] * net.atoms[strongest]  # (10, 784)
        return strongest, net.model.decoder.bias + parts.cumsum(0)

    def _rows(self, penalty: str, strictness: int, digits: int, digit: int, atom: int) -> dict[str, np.ndarray]:
        net = self.nets[penalty][strictness - 1]
        x, z, x_hat = self._seen(penalty, strictness, digits)
        strongest, sums = self._take_apart(net, z[digit])
        users = self.test.x[net.users[: int(net.counts[atom]), atom]]
        look = np.concatenate([atom_images(net.atoms[[atom]]), *([as_images(users)] if len(users) else [])])
        return {
            f"ten {self.images.noun}s": as_images(x),
            "restored": as_images(x_hat),
            f"strongest atoms of {self._one(digit)}": atom_images(net.atoms[strongest]),
            "their sum so far": as_images(sums),
            f"atom {atom}, and who uses it": look,
        }

    def render(self, penalty: str, strictness: int, digits: int, digit: int, atom: int) -> np.ndarray:
        """Five rows: the digits, restored, one digit's strongest atoms, their sums, one atom with its users."""
        rows = self._rows(penalty, strictness, digits, digit, atom)
        self.row_names = list(rows)
        return mosaic(list(rows.values()))

    def describe(self, penalty: str, strictness: int, digits: int, digit: int, atom: int) -> str:
        """The network's three scores, how many atoms build the digit and which, how often the atom is used."""
        net = self.nets[penalty][strictness - 1]
        x, z, _ = self._seen(penalty, strictness, digits)
        strongest, sums = self._take_apart(net, z[digit])
        active, uses = int(net.model.active(z[digit]).sum()), int(net.counts[atom])
        alone = (sums[-1] - x[digit]).square().mean()
        return (
            f"{SYMBOLS[penalty]} = {POSITIONS[penalty][strictness - 1]:g}: test MSE {net.scores['test_mse']:.4f}, "
            f"{net.scores['test_awake']:.1%} of {len(net.atoms)} units awake for a digit"
            f"{' (activity above 0.1; below, they whisper)' if penalty == 'kl' else ''}, "
            f"{net.scores['test_dead']:.1%} dead. {self._one(digit).capitalize()} wakes {active}; the ten strongest, "
            f"from the left, are {', '.join(map(str, strongest.tolist()))} (MSE with these alone {alone:.4f}). "
            f"Atom {atom} is awake for {uses / SPARSE_SAMPLE:.1%} of {SPARSE_SAMPLE:,} test digits"
            + (f"; beside it the {min(USERS, uses)} that use it most." if uses else ": nobody uses it.")
        )

    def decorate(self, penalty: str, strictness: int, digits: int, digit: int, atom: int) -> None:
        """The page of the map of atoms on which the chosen one lies, framed, and the histogram of activities."""
        net = self.nets[penalty][strictness - 1]
        first = atom // PAGE * PAGE
        held = atom_images(net.atoms[first : first + PAGE])
        page = np.full((PAGE, *held.shape[1:]), 255, np.uint8)  # the last page is not full
        page[: len(held)] = held
        row, column = divmod(atom - first, COLUMNS)
        self.picker.background = png(framed(mosaic(page.reshape(ROWS, COLUMNS, *page.shape[1:])), row, column))
        self.picker.value = [(column + 0.5) / COLUMNS, (row + 0.5) / ROWS]
        self.legend.value = (
            f"<b>What the units draw</b>, the most used first: atoms {first} to {first + len(held) - 1}, row by row. "
            f"Click one: atom {atom} is framed."
        )
        self.curve.value = svg_curve(
            {"all units": (BLUE, net.activity, net.share)},
            title="Most units are silent, or nearly",
            x_label="activity of a unit, z",
            x_range=(0, math.ceil(net.activity[-1])),
            y_label="share of activities (log scale)",
        )

    def draw_static(self, figure: Figure) -> None:
        """The five rows."""
        rows = self._rows(**self.settings())
        plot_reconstructions(rows, ax=figure.subplots(), title="A digit, and the few atoms that build it")


def framed(picture: np.ndarray, row: int, column: int, *, side: int = 28, gap: int = 2) -> np.ndarray:
    """A mosaic with a black frame around one of its images: in the gap, and inside it at the outer edges."""
    height, width = picture.shape
    top, left = row * (side + gap), column * (side + gap)
    outer = picture[max(0, top - gap) : top + side + gap, max(0, left - gap) : left + side + gap]
    inner = picture[top : min(height, top + side), left : min(width, left + side)].copy()
    outer[:] = 0
    picture[top : top + side, left : left + side] = inner
    for edge in (0, -1):
        inside = picture[top : top + side, left : left + side]
        inside[edge], inside[:, edge] = 0, 0
    return picture
