"""Step through a stack of autoencoders as it is built: what comes back, and what its code is worth."""

from __future__ import annotations

import html

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.figure import Figure

from aecourse.checks import check_whole
from aecourse.data import PIXELS, SIDE, ImageSet
from aecourse.explorers.base.controls import with_number_box
from aecourse.explorers.base.shown_images import shown_images
from aecourse.explorers.base.training_panel import TrainingPanel
from aecourse.explorers.base.view import Explorer
from aecourse.explorers.training import TrainingExplorer
from aecourse.explorers.training_setups import stack_setup
from aecourse.models import StackedAutoencoder
from aecourse.plotting import BLUE, VERMILION, mosaic, plot_reconstructions
from aecourse.zoo.stack_steps import pixel_accuracy, shipped_stack_steps, stack_steps


class StackExplorer(Explorer):
    """A stack before training, after each greedily trained layer, and after fine-tuning.

    Taught in notebooks/04_deep_and_stacked.ipynb. The probe is ridge regression on the labels of 5,000 training
    digits, its penalty chosen on validation digits; in closed form, so that it is measured anew for whatever stack is
    shown. Beside each error stands that of PCA with as many numbers.

    Parameters
    ----------
    step : int, where the slider starts: 0 is a random stack, the last step the fine-tuned one
    greedy : StackedAutoencoder, optional
        After greedy pretraining, before fine-tuning; default the shipped "stacked-greedy".
    tuned : StackedAutoencoder, optional
        The same stack after fine-tuning; default the shipped "stacked-tuned".
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        What to show instead of the test digits.

    Attributes
    ----------
    steps : list of `aecourse.zoo.stack_steps.StackStep`
    pixel_accuracy : float, what the same probe reaches on the pixels, without any stack
    step : the slider; set `explorer.step.value`
    digits : which ten images are shown, a whole number from 0
    """

    def __init__(
        self,
        step: int = 3,
        *,
        greedy: StackedAutoencoder | None = None,
        tuned: StackedAutoencoder | None = None,
        images: ImageSet | torch.Tensor | None = None,
    ) -> None:
        if (greedy is None) != (tuned is None):
            raise ValueError("greedy and tuned must be given together: one stack before and after its fine-tuning")
        self.steps = shipped_stack_steps() if greedy is None else stack_steps(greedy, tuned)
        last = len(self.steps) - 1
        step = check_whole("step", step, minimum=0, maximum=last)
        self.images = shown_images(images)
        self.pixel_accuracy = pixel_accuracy()
        self.step = widgets.IntSlider(step, 0, last, layout={"width": "100%"})
        self.digits = self.images.set_box()
        super().__init__({"step": self.step, "digits": self.digits})
        self.table = widgets.HTML(layout={"flex": "3 1 420px", "min_width": "400px", "margin": "0 0 0 18px"})
        self.picture.layout.flex = "5 1 460px"
        self.training_panel = TrainingPanel(lambda: TrainingExplorer(setup=stack_setup(), images=self.images))
        self.children = [
            self.accessibility,
            widgets.HBox(
                [with_number_box(self.step, f"step, 0 to {last}"), self.digits, self.training_panel.button],
                layout={"flex_flow": "row wrap", "align_items": "center"},
            ),
            widgets.HBox([self.picture, self.table], layout={"flex_flow": "row wrap", "align_items": "center"}),
            self.caption,
            self.training_panel,
        ]
        self.refresh()

    def _rows(self, step: int, digits: int) -> dict[str, torch.Tensor]:
        model = self.steps[step].model
        x = self.images.ten(digits)
        z = model.encode(x)
        return {"original": x, f"code: {z.shape[1]}": code_tiles(z), "restored": model.decode(z)}

    def render(self, step: int, digits: int) -> np.ndarray:
        """Three rows: the digits, their codes with one gray square a number, and what comes back."""
        rows = self._rows(step, digits)
        self.row_names = list(rows)
        return mosaic(list(rows.values()))

    def describe(self, step: int, digits: int) -> str:
        """What has been trained, how small the code is, and both scores."""
        now = self.steps[step]
        return (
            f"Step {step}, {now.name}: {PIXELS} pixels → {now.model.latent_dim} numbers. Test MSE {now.test_mse:.4f} "
            f"(PCA with as many numbers {now.pca_mse:.4f}); a linear probe on the code names {now.accuracy:.1%} of the "
            f"test digits rightly (on the pixels themselves {self.pixel_accuracy:.1%})."
        )

    def decorate(self, step: int, digits: int) -> None:
        """The scores of all steps, this one marked."""
        cell = 'style="padding:3px 7px;text-align:{};white-space:nowrap"'
        left, right = cell.format("left"), cell.format("right")
        heads = ((left, "step"), (right, "code"), (right, "test MSE"), (right, "PCA"), (right, "probe"))
        lines = ["<tr>" + "".join(f'<th {side} scope="col">{head}</th>' for side, head in heads) + "</tr>"]
        for i, each in enumerate(self.steps):
            here = i == step
            look = "background:rgba(86,180,233,.28);font-weight:bold" if here else ""
            lines.append(
                f'<tr style="{look};border-top:1px solid rgba(128,128,128,.35)"{" aria-current=step" if here else ""}>'
                f"<td {left}>{i} · {html.escape(each.name)}</td><td {right}>{each.model.latent_dim}</td>"
                f"<td {right}>{each.test_mse:.4f}</td><td {right}>{each.pca_mse:.4f}</td>"
                f"<td {right}>{each.accuracy:.1%}</td></tr>"
            )
        self.table.value = (
            '<table style="border-collapse:collapse;font-size:14px;line-height:1.4;width:100%">'
            + "".join(lines)
            + "</table>"
        )

    def draw_static(self, figure: Figure) -> None:
        """The three rows, and the scores of all steps beside PCA's."""
        settings = self.settings()
        step = settings["step"]
        left, right = figure.subplots(1, 2, width_ratios=(1.7, 1.3))
        plot_reconstructions(self._rows(**settings), ax=left, title=f"Step {step}: {self.steps[step].name}")
        places, errors = range(len(self.steps)), [each.test_mse for each in self.steps]
        linear = [each.pca_mse for each in self.steps]
        right.plot(linear, places, "D", color=VERMILION, markerfacecolor="none", label="PCA, as many numbers")
        right.plot(errors, places, "o", color=BLUE, markersize=8, label="this stack")
        right.plot(errors[step], step, "o", color=BLUE, markerfacecolor="none", markersize=16)
        edge = max(errors + linear) * 2.2
        for i, each in enumerate(self.steps):
            right.annotate(f"{each.test_mse:.4f} · probe {each.accuracy:.1%}", (edge, i), va="center", fontsize=9)
        right.set_yticks(places, [f"{i} · {each.name}" for i, each in enumerate(self.steps)])
        right.set(xlabel="test MSE per pixel (log scale)", xscale="log", xlim=(min(errors + linear) / 1.7, edge * 45))
        right.set_ylim(len(errors) - 0.4, -0.6)
        right.set_xticks([tick for tick in (0.001, 0.01, 0.1) if tick > min(errors) / 2])
        right.set_xticks([], minor=True)
        right.xaxis.set_major_formatter("{x:g}")
        right.legend(loc="upper center", bbox_to_anchor=(0.4, -0.22), ncols=2, fontsize=9, frameon=False)
        right.set_title("What each step is worth", loc="left")


def code_tiles(z: torch.Tensor) -> torch.Tensor:
    """Codes as pictures in which one gray square is one number, black lowest and white highest; (n, d) → (n, 784).

    A code of d numbers fills d of the 784 squares, so that the size of the patch is the size of the code.
    """
    count, size = z.shape
    width = min(SIDE, 2 ** max(0, int(np.ceil(np.log2(size) / 2))))
    height = -(-size // width)
    shades = 0.5 + 0.5 * z / z.abs().max().clamp(min=1e-6)
    patch = torch.ones(count, height * width)
    patch[:, :size] = shades
    tiles = torch.ones(count, SIDE, SIDE)
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    tiles[:, top : top + height, left : left + width] = patch.view(count, height, width)
    return tiles.view(count, SIDE * SIDE)
