"""Train a small autoencoder live: choose, start, watch, stop."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from matplotlib.figure import Figure

from aecourse.bundle import bundle
from aecourse.checks import check_choice, check_whole
from aecourse.data import ImageSet
from aecourse.explorers.base.page import check_preset
from aecourse.explorers.base.shown_images import shown_images
from aecourse.explorers.base.trainer import TrainableExplorer
from aecourse.explorers.training_setups import TrainingSetup, dense_setup, matchstick_setup
from aecourse.plotting import plot_reconstructions

TO_LEARN = {
    "digits": (dense_setup, 16, 64),
    "matchsticks": (matchstick_setup, 3, 7),
}  # with the usual and the largest k


class TrainingExplorer(TrainableExplorer):
    """A training run with a Start and a Stop button; taught in notebooks/01_compression.ipynb.

    The training runs in a thread of its own, so that sliders still answer; the picture shows a copy of the model,
    refreshed a few times a second.

    Parameters
    ----------
    latent_dim : int from 1 to 64, or to 7 for matchsticks, where the slider starts; None: 16, or 3
    data : "digits", for a dense autoencoder; or "matchsticks", for the smallest one, with ten digits of a calculator
    setup : TrainingSetup, optional
        What to train instead.
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        Whose first ten to show instead of ten test digits; the training and its test stay with the digits.

    Attributes
    ----------
    trainer : Trainer, with the network (`model`), its `history`, and `train()`, `stop()`, `wait()`
    """

    _esm = bundle(Path(__file__).with_suffix(".js"))

    def __init__(
        self,
        latent_dim: int | None = None,
        *,
        data: str = "digits",
        setup: TrainingSetup | None = None,
        images: ImageSet | torch.Tensor | None = None,
    ) -> None:
        build, usual, largest = TO_LEARN[check_choice("data", data, TO_LEARN)]
        if setup is not None and not isinstance(setup, TrainingSetup):
            raise TypeError(f"setup must be a TrainingSetup; got {setup!r}")
        latent_dim = check_whole("latent_dim", usual if latent_dim is None else latent_dim, maximum=largest)
        self._setup, self.images = build(latent_dim) if setup is None else setup, shown_images(images)
        super().__init__()
        self.open_training()
        self.resume()

    def training_setup(self) -> TrainingSetup:
        """What was asked for."""
        return self._setup

    def apply(self, preset: Mapping[str, object]) -> None:
        """Choose `setting`, `epochs`, `lr`, `seed`, and press the buttons "train" and "stop"."""
        check_preset(preset)
        buttons = {"train", "stop"}
        self._hear({"choose": {name: value for name, value in preset.items() if name not in buttons}})
        self._hear({name: value for name, value in preset.items() if name in buttons})

    def draw_static(self, figure: Figure) -> None:
        """Draw the ten digits and what the network makes of them now."""
        state = "trained" if self.trainer.history.epochs else "an untrained network: press Train"
        plot_reconstructions(self.trainer.rows(), ax=figure.subplots(), title=f"Ten digits and {state}")
