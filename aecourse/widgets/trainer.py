"""Train a small autoencoder live: choose, start, watch, stop."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.figure import Figure

from aecourse.checks import check_whole
from aecourse.data import load_mnist
from aecourse.device import use_threads
from aecourse.evaluation import mse
from aecourse.models import Autoencoder, DenseAutoencoder
from aecourse.plotting import BLUE, VERMILION, mosaic, plot_reconstructions
from aecourse.training import History, fit
from aecourse.widgets.curve import svg_curve
from aecourse.widgets.explorer import Explorer, with_number_box

PAUSE = 0.25  # seconds between pictures while training: four a second are plenty for an eye


class TrainingExplorer(Explorer):
    """a training run with a Start and a Stop button; taught in notebooks/01_compression.ipynb

    The training runs in a thread of its own, so that sliders still answer; the picture shows a copy of the model,
    refreshed a few times a second.

    Parameters
    ----------
    latent_dim : int from 1 to 64, where the slider starts
    on_done : callable, optional
        Called with the trained model, which carries its `test_mse`.

    Attributes
    ----------
    model : the network being trained, or trained last
    history : its History so far
    """

    row_names = ("original", "restored")

    def __init__(self, latent_dim: int = 16, *, on_done: Callable[[Autoencoder], None] | None = None) -> None:
        check_whole("latent_dim", latent_dim, most=64)
        train, self.test = load_mnist()
        self.fitting, self.valid = train.split(5_000, seed=0)
        self.on_done = on_done
        self.shown = self.test.one_of_each()
        self.latent_dim = widgets.IntSlider(latent_dim, 1, 64)
        self.epochs = widgets.IntSlider(5, 1, 20)
        self.lr = widgets.SelectionSlider(
            options=[0.0003, 0.001, 0.003, 0.01, 0.03], value=0.003, description="learning rate",
            style={"description_width": "initial"}, layout={"flex": "1 1 240px"},
        )  # fmt: skip
        self.start = widgets.Button(description="Train", icon="play", button_style="primary")
        self.stop = widgets.Button(description="Stop", icon="stop", disabled=True)
        self.curve = widgets.HTML(layout={"flex": "1 1 300px", "min_width": "260px"})
        self.history = History()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._swapping = threading.Lock()
        self._new_model()
        super().__init__({})
        self.latent_dim.observe(lambda change: self._new_size(), "value")
        self.start.on_click(lambda _: self.train())
        self.stop.on_click(lambda _: self._stopping.set())
        self.picture.layout.flex = "2 1 420px"
        wrap = {"flex_flow": "row wrap", "align_items": "center"}
        self.children = [
            self.style_sheet,
            widgets.HBox(
                [with_number_box(self.latent_dim, "numbers in the code, k"), with_number_box(self.epochs, "epochs")],
                layout=wrap,
            ),
            widgets.HBox([self.lr, self.start, self.stop], layout=wrap),
            widgets.HBox([self.picture, self.curve], layout=wrap),
            self.caption,
        ]
        self.refresh()

    @property
    def training(self) -> bool:
        """whether a training run is under way"""
        return self._thread is not None and self._thread.is_alive()

    def _new_model(self) -> None:
        with torch.random.fork_rng(devices=[]):  # the same start each time; the notebook's own numbers go on
            torch.manual_seed(0)
            self.model = DenseAutoencoder(self.latent_dim.value, hidden=(256,))
        self.history = History()
        self._view = copy.deepcopy(self.model).eval()

    def _new_size(self) -> None:
        if not self.training:  # a run under way keeps its size; the slider counts for the next one
            self._new_model()
            self.refresh()

    def train(self) -> None:
        """start a training run from fresh weights, in the background; does nothing while one is under way"""
        if self.training:
            return
        self._stopping.clear()
        self._new_model()
        self.start.disabled, self.stop.disabled = True, False
        self._thread = threading.Thread(target=self._run, args=(self.epochs.value, self.lr.value), daemon=True)
        self._thread.start()

    def wait(self, timeout: float | None = None) -> None:
        """block until the run under way has ended; for scripts and tests, never for a notebook cell"""
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self, epochs: int, lr: float) -> None:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # leaves a core to the sliders
        model, self._seen_at = self.model, 0.0
        try:
            self.history = fit(
                model, self.fitting.x, epochs=epochs, lr=lr, validation=self.valid.x, stop=self._stopping,
                on_epoch=self._epoch_done, augment=self._look_in, progress=False,
            )  # fmt: skip
            self._swap_view(model)
            model.test_mse = mse(model, self.test.x)
            self.refresh()
            if self.on_done is not None:
                self.on_done(model)
        except Exception as error:  # in a thread nobody else would say so
            self.say(f"{type(error).__name__}: {error}", error=True)
        finally:
            use_threads(threads)
            self.start.disabled, self.stop.disabled = False, True

    def _epoch_done(self, history: History) -> None:
        self.history = history
        self._seen_at = 0.0

    def _look_in(self, batch: torch.Tensor) -> torch.Tensor:
        """called before each step: refresh the picture if it is old enough"""
        if time.monotonic() - self._seen_at > PAUSE:
            self._seen_at = time.monotonic()
            self._swap_view(self.model)
            self.refresh()
        return batch

    def _swap_view(self, model: Autoencoder) -> None:
        with self._swapping:
            self._view.load_state_dict(model.state_dict())

    def render(self) -> np.ndarray:
        """ten test digits above what the network makes of them now"""
        with self._swapping:
            return mosaic([self.shown, self._view(self.shown)])

    def describe(self) -> str:
        """where the training stands"""
        k, history = self._view.latent_dim, self.history
        if not history.epochs and not self.training:
            return f"An untrained network, 784 → 256 → {k} → 256 → 784. Press Train."
        sentence = f"k = {k}, epoch {history.epochs}"
        if history.epochs:
            sentence += (
                f": training loss {history.train[-1]['total']:.4f}, validation {history.validation[-1]['total']:.4f}"
            )
        if (test_mse := getattr(self.model, "test_mse", None)) is not None:
            sentence += f". Test MSE {test_mse:.4f}"
        return sentence + (f". Ended early by {history.stopped}; what was learnt is kept." if history.stopped else ".")

    def decorate(self) -> None:
        """the loss after each epoch"""
        history, epochs = self.history, list(range(1, self.history.epochs + 1))
        series = {
            "training": (BLUE, epochs, [terms["total"] for terms in history.train]),
            "validation": (VERMILION, epochs, [terms["total"] for terms in history.validation]),
        }
        self.curve.value = svg_curve(
            series if epochs else {},
            title="Loss after each epoch" if epochs else "The loss will appear here",
            x_label="epoch",
            y_label="MSE per pixel (log scale)",
            x_range=(1, max(2, self.epochs.value, len(epochs))),
        )

    def draw_static(self, figure: Figure) -> None:
        """the ten digits and what the network makes of them now"""
        state = "trained" if self.history.epochs else "an untrained network: press Train"
        plot_reconstructions(
            {"original": self.shown, "restored": self._view(self.shown)},
            ax=figure.subplots(),
            title=f"Ten digits and {state}",
        )
