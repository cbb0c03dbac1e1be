"""Train a small autoencoder live: choose, start, watch, stop."""

from __future__ import annotations

import copy
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.figure import Figure

from aecourse.checks import check_whole
from aecourse.data import ImageSet, load_mnist
from aecourse.device import own_random_numbers, use_threads
from aecourse.evaluation import reconstruction_mse
from aecourse.explorers.base.chart import svg_curve
from aecourse.explorers.base.controls import with_number_box
from aecourse.explorers.base.shown_images import shown_images
from aecourse.explorers.base.view import Explorer
from aecourse.explorers.training_setups import TrainingSetup, dense_setup
from aecourse.models import Autoencoder
from aecourse.plotting import BLACK, BLUE, VERMILION, mosaic, plot_reconstructions
from aecourse.training import History, fit
from aecourse.zoo import load_split

BATCH_SIZE = 64
FEW = 500  # validation digits whose loss is drawn between epochs
PAUSE = 0.25  # seconds between pictures while training: four a second are plenty for an eye


@dataclass(frozen=True)
class TrainedNetwork:
    """A network that the learner has trained, with its mean squared error on the test digits."""

    model: Autoencoder
    test_mse: float


class TrainingExplorer(Explorer):
    """A training run with a Start and a Stop button; taught in notebooks/01_compression.ipynb.

    The training runs in a thread of its own, so that sliders still answer; the picture shows a copy of the model,
    refreshed a few times a second.

    Parameters
    ----------
    latent_dim : int from 1 to 64, where the slider starts
    setup : TrainingSetup, optional
        What to train instead of a dense autoencoder of `latent_dim` numbers.
    on_done : callable, optional
        Called with the TrainedNetwork after each run.
    images : ImageSet or float tensor (n, 784) in [0, 1], optional
        Whose first ten to show instead of ten test digits; the training and its test stay with the digits.

    Attributes
    ----------
    model : the network being trained, or trained last
    history : its History so far
    trained : TrainedNetwork, the same network after a run; None before
    """

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        setup: TrainingSetup | None = None,
        on_done: Callable[[TrainedNetwork], None] | None = None,
        images: ImageSet | torch.Tensor | None = None,
    ) -> None:
        latent_dim = check_whole("latent_dim", latent_dim, maximum=64)
        self.setup = dense_setup(latent_dim) if setup is None else setup
        self.test = load_mnist()[1]
        self.on_done = on_done
        self.shown = (shown := shown_images(images)).ten(shown.first)
        self.row_names = (self.setup.seen[0], "restored")
        self.setting = self.setup.setting
        self.epochs = widgets.IntSlider(5, 1, 20)
        self.lr = widgets.SelectionSlider(
            options=[0.0003, 0.001, 0.003, 0.01, 0.03], value=0.003, description="learning rate",
            style={"description_width": "initial"}, layout={"flex": "1 1 240px"},
        )  # fmt: skip
        self.start = widgets.Button(description="Train", icon="play", button_style="primary")
        self.stop = widgets.Button(description="Stop", icon="stop", disabled=True)
        self.curve = widgets.HTML(layout={"flex": "1 1 300px", "min_width": "260px"})
        self._thread: threading.Thread | None = None
        self._stopping, self._closing = threading.Event(), False
        self._swapping = threading.Lock()
        self._new_model()
        super().__init__({})
        self.setting.observe(lambda change: self._new_setting(), "value")
        self.start.on_click(lambda _: self.train())
        self.stop.on_click(lambda _: self._stopping.set())
        self.picture.layout.flex = "2 1 420px"
        wrap = {"flex_flow": "row wrap", "align_items": "center"}
        self.children = [
            self.accessibility,
            widgets.HBox([self.setup.control or self.setting, with_number_box(self.epochs, "epochs")], layout=wrap),
            widgets.HBox([self.lr, self.start, self.stop], layout=wrap),
            widgets.HBox([self.picture, self.curve], layout=wrap),
            self.caption,
        ]
        self.refresh()

    @property
    def training(self) -> bool:
        """Whether a training run is under way."""
        return self._thread is not None and self._thread.is_alive()

    def _new_model(self) -> None:
        with own_random_numbers(seed=0):  # the same start each time
            self.model = self.setup.build(self.setting.value)
        self.history, self.trained = History(), None
        self._live: list[tuple[float, float]] = []  # (epochs so far, loss on a few validation digits)
        self._view = copy.deepcopy(self.model).eval()

    def _new_setting(self) -> None:
        if not self.training:  # a run under way keeps its setting; the slider counts for the next one
            self._new_model()
            self.refresh()

    def train(self) -> None:
        """Start a training run from fresh weights, in the background; does nothing while one is under way."""
        if self.training:
            return
        self._stopping.clear()
        self._new_model()
        self.start.disabled, self.stop.disabled = True, False
        self._thread = threading.Thread(target=self._run, args=(self.epochs.value, self.lr.value), daemon=True)
        self._thread.start()

    def memory(self) -> dict:
        """The settings of the buttons and sliders, and the network as far as it is trained."""
        settings = {name: self.presettable()[name].value for name in ("setting", "epochs", "lr")}
        return {"settings": settings, "network": (self.model, self.history, self.trained, self._live)}

    def remember(self, memory: dict) -> None:
        """Go on where the explorer of an earlier run of the cell stood; a run under way was stopped."""
        for name, value in memory["settings"].items():
            self.presettable()[name].value = value
        self.model, self.history, self.trained, self._live = memory["network"]
        self._view = copy.deepcopy(self.model).eval()
        self.refresh()

    def presettable(self) -> dict[str, widgets.Widget]:
        """What is to be trained and how, and the two buttons."""
        return {"setting": self.setting, "epochs": self.epochs, "lr": self.lr, "start": self.start, "stop": self.stop}

    def close(self) -> None:
        """Stop a run under way, take the panel off the page and give back its memory."""
        self._closing = True
        if (thread := vars(self).get("_thread")) is not None:  # not so in a panel that is closed already
            self._stopping.set()
            thread.join()
        super().close()

    def wait(self, timeout: float | None = None) -> None:
        """Block until the run under way has ended; for scripts and tests, never for a notebook cell."""
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self, epochs: int, lr: float) -> None:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # leaves a core to the sliders
        model, self._seen_at = self.model, 0.0
        try:
            fitting, valid = load_split()  # held no longer than the run
            self._few, self._steps, self._per_epoch = valid.x[:FEW], 0, -(-len(fitting.x) // BATCH_SIZE)
            self.history = fit(
                model, fitting.x, epochs=epochs, lr=lr, batch_size=BATCH_SIZE, validation=valid.x, stop=self._stopping,
                on_epoch=self._epoch_done, on_step=self._step_done, progress=False,
            )  # fmt: skip
            if self._closing:
                return
            self._swap_view(model)
            self.trained = TrainedNetwork(model, reconstruction_mse(model, self.test.x))
            self.refresh()
            if self.on_done is not None:
                self.on_done(self.trained)
        except Exception as error:  # in a thread nobody else would say so
            self.say(f"{type(error).__name__}: {error}", error=True)
        finally:
            use_threads(threads)
            self.start.disabled, self.stop.disabled = False, True

    def _epoch_done(self, history: History) -> None:
        self.history = history
        self._seen_at = 0.0

    def _step_done(self) -> None:
        """Refresh the picture and the curve if they are old enough."""
        self._steps += 1
        if time.monotonic() - self._seen_at > PAUSE:
            self._seen_at = time.monotonic()
            self._swap_view(self.model)
            with torch.inference_mode():
                self._live.append((self._steps / self._per_epoch, float(self._view.loss(self._few)["total"])))
            self.refresh()

    def _swap_view(self, model: Autoencoder) -> None:
        with self._swapping:
            self._view.load_state_dict(model.state_dict())

    def render(self) -> np.ndarray:
        """Ten test digits above what the network makes of them now."""
        with self._swapping:
            return mosaic(list(self._rows().values()))

    def _rows(self) -> dict[str, torch.Tensor]:
        shown = self.setup.seen[1](self.shown)
        return dict(zip(self.row_names, (shown, self._view(shown)), strict=True))

    def describe(self) -> str:
        """Where the training stands."""
        name, history = self.setup.name(self._view), self.history
        if not history.epochs and not self.training:
            return f"An untrained network, {name}. Press Train."
        sentence = f"{name}, epoch {history.epochs}"
        if history.epochs:
            sentence += (
                f": training loss {history.train[-1]['total']:.4f}, validation {history.validation[-1]['total']:.4f}"
            )
        if self.trained is not None:
            sentence += f". Test MSE {self.trained.test_mse:.4f}"
        if history.died:
            return sentence + ". The training has died: every digit comes back as the same picture. Try a lower rate."
        return sentence + (f". Ended early by {history.stopped}; what was learnt is kept." if history.stopped else ".")

    def decorate(self) -> None:
        """The loss after each epoch, and of a few digits while it runs."""
        history, epochs = self.history, list(range(1, self.history.epochs + 1))
        live = [point for point in self._live if math.isfinite(point[1])]
        series = {
            "training": (BLUE, epochs, [terms["total"] for terms in history.train]),
            "validation": (VERMILION, epochs, [terms["total"] for terms in history.validation]),
            f"{FEW} of them, live": (BLACK, [x for x, _ in live], [y for _, y in live]),
        }
        series = {name: line for name, line in series.items() if line[1]}
        self.curve.value = svg_curve(
            series,
            title="Loss after each epoch" if series else "The loss will appear here",
            x_label="epoch",
            y_label=f"{self.setup.loss} (log scale)",
            x_range=(0, max(1, self.epochs.value, len(epochs))),
        )

    def draw_static(self, figure: Figure) -> None:
        """The ten digits and what the network makes of them now."""
        state = "trained" if self.history.epochs else "an untrained network: press Train"
        plot_reconstructions(self._rows(), ax=figure.subplots(), title=f"Ten digits and {state}")
