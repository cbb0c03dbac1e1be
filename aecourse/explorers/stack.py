"""Step through a stack of autoencoders as it is built: its reconstructions, and how useful its code is."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure

from aecourse.bundle import bundle
from aecourse.checks import check_whole
from aecourse.data import PIXELS, SIDE, ImageSet
from aecourse.explorers.base.network import pack_network
from aecourse.explorers.base.page import Whole, check_setting
from aecourse.explorers.base.shown_images import shown_images
from aecourse.explorers.base.trainer import TrainableExplorer
from aecourse.explorers.training_setups import TrainingSetup, stack_setup
from aecourse.models import StackedAutoencoder
from aecourse.plotting import BLUE, VERMILION, plot_reconstructions
from aecourse.zoo.stack_steps import pixel_accuracy, shipped_stack_steps, stack_steps


class StackExplorer(TrainableExplorer):
    """A stack before training, after each greedily trained layer, and after fine-tuning.

    Taught in notebooks/04_deep_and_stacked.ipynb. The probe is ridge regression on the labels of 5,000 training
    digits, its penalty chosen on validation digits; it is solved in closed form, fast enough for any stack that is
    shown. Beside each error stands the error of PCA with as many components.

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
    step : the slider; set `explorer.step = 4`
    digits : which ten images are shown, a whole number from 0
    """

    _esm = bundle(Path(__file__).with_suffix(".js"))
    step = Whole(0).tag(sync=True)
    digits = Whole(0).tag(sync=True)

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
        step = check_whole("step", step, minimum=0, maximum=len(self.steps) - 1)
        self.images, self.pixel_accuracy = shown_images(images), pixel_accuracy()
        super().__init__(step=step, digits=self.images.first)
        pack_one = _packed if greedy is None else pack_network
        whole = {"random": self.steps[0].model, "greedy": self.steps[-2].model, "tuned": self.steps[-1].model}
        self.later |= {name: functools.partial(pack_one, model) for name, model in whole.items()}
        self.later |= self.images.far()
        shown = self._network(step)
        self.assets = {"images": self.images.near(), shown: self.later[shown]()}
        self.setup = {"images": self.images.in_words(), "pixels": self.pixel_accuracy, "steps": self._in_words()}
        self.resume()

    @traitlets.validate("step", "digits")
    def _among(self, proposal) -> int:
        return check_setting(proposal, range(len(self.steps) if proposal["trait"].name == "step" else self.images.sets))

    def training_setup(self) -> TrainingSetup:
        """A stack of one to three layers, trained all at once."""
        return stack_setup()

    def _network(self, step: int) -> str:
        """The network of a step: the greedy steps are the lowest layers of one."""
        return {0: "random", len(self.steps) - 1: "tuned"}.get(step, "greedy")

    def _in_words(self) -> list[dict[str, object]]:
        return [
            {
                "name": each.name, "size": each.model.latent_dim, "mse": each.test_mse, "pca": each.pca_mse,
                "probe": each.accuracy, "network": self._network(i), "depth": each.model.depth,
            }
            for i, each in enumerate(self.steps)
        ]  # fmt: skip

    def rows(self, step: int, digits: int) -> dict[str, torch.Tensor]:
        """Return the images, their codes with one gray square per number, and the reconstructions."""
        model = self.steps[step].model
        x = self.images.ten(digits)
        z = model.encode(x)
        return {"original": x, f"code: {z.shape[1]}": code_tiles(z), "restored": model.decode(z)}

    def numbers(self, step: int, digits: int) -> dict[str, float]:
        """Return the scores of a step on all test digits."""
        now = self.steps[step]
        return {
            "test MSE": now.test_mse, "PCA": now.pca_mse, "probe": now.accuracy, "probe on pixels": self.pixel_accuracy,
        }  # fmt: skip

    def draw_static(self, figure: Figure) -> None:
        """Draw the three rows, and the scores of all steps beside PCA's."""
        step = self.step
        left, right = figure.subplots(1, 2, width_ratios=(1.7, 1.3))
        plot_reconstructions(self.rows(**self.settings()), ax=left, title=f"Step {step}: {self.steps[step].name}")
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
    """Return codes as pictures in which one gray square is one number, black lowest, white highest; (n, d) → (n, 784).

    A code of d numbers fills d of the 784 squares, so that the size of the patch is the size of the code; of a longer
    code the first 784 numbers are shown.
    """
    z = z[:, :PIXELS] / z.abs().max().clamp(min=1e-6)
    count, size = z.shape
    width = min(SIDE, 2 ** max(0, int(np.ceil(np.log2(size) / 2))))
    height = -(-size // width)
    patch = torch.ones(count, height * width)
    patch[:, :size] = 0.5 + 0.5 * z
    tiles = torch.ones(count, SIDE, SIDE)
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    tiles[:, top : top + height, left : left + width] = patch.view(count, height, width)
    return tiles.view(count, SIDE * SIDE)


@functools.cache
def _packed(model: StackedAutoencoder) -> bytes:
    return pack_network(model)
