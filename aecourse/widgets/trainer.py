"""Train a small autoencoder live: choose, start, watch, stop."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.figure import Figure

from aecourse.checks import check_whole
from aecourse.data import load_mnist
from aecourse.device import own_random_numbers, use_threads
from aecourse.evaluation import mse
from aecourse.models import Autoencoder, DenseAutoencoder
from aecourse.plotting import BLUE, VERMILION, mosaic, plot_reconstructions
from aecourse.training import History, fit
from aecourse.widgets.curve import svg_curve
from aecourse.widgets.explorer import Explorer, with_number_box
from aecourse.zoo import load_split

PAUSE = 0.25  # seconds between pictures while training: four a second are plenty for an eye


@dataclass(frozen=True)
class Bench:
    """what a TrainingExplorer trains: a network for every place of one control

    Attributes
    ----------
    setting : the control, a widget with a `value`
    control : what to show of it, the setting itself or a box around it
    build : the untrained network for a value of the setting
    name : what to call a network, by its settings
    loss : what its loss measures, with the unit
    seen : what the network is shown of the ten digits, and what its row is called
    """

    setting: widgets.Widget
    control: widgets.Widget
    build: Callable[..., Autoencoder]
    name: Callable[[Autoencoder], str]
    loss: str = "MSE per pixel"
    seen: tuple[str, Callable[[torch.Tensor], torch.Tensor]] = ("original", lambda x: x)


def dense_bench(latent_dim: int) -> Bench:
    """dense autoencoders with a slider for the size of the code"""
    slider = widgets.IntSlider(latent_dim, 1, 64)
    return Bench(
        setting=slider,
        control=with_number_box(slider, "numbers in the code, k"),
        build=lambda k: DenseAutoencoder(k, hidden=(256,)),
        name=lambda model: f"784 → 256 → {model.latent_dim} → 256 → 784",
    )


class TrainingExplorer(Explorer):
    """a training run with a Start and a Stop button; taught in notebooks/01_compression.ipynb

    The training runs in a thread of its own, so that sliders still answer; the picture shows a copy of the model,
    refreshed a few times a second.

    Parameters
    ----------
    latent_dim : int from 1 to 64, where the slider starts
    bench : Bench, optional
        What to train instead of a dense autoencoder of `latent_dim` numbers.
    on_done : callable, optional
        Called with the trained model, which carries its `test_mse`.

    Attributes
    ----------
    model : the network being trained, or trained last
    history : its History so far
    """

    def __init__(
        self, latent_dim: int = 16, *, bench: Bench | None = None, on_done: Callable[[Autoencoder], None] | None = None
    ) -> None:
        latent_dim = check_whole("latent_dim", latent_dim, most=64)
        self.bench = dense_bench(latent_dim) if bench is None else bench
        self.test = load_mnist()[1]
        self.on_done = on_done
        self.shown = self.test.one_of_each()
        self.row_names = (self.bench.seen[0], "restored")
        self.setting = self.bench.setting
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
            self.style_sheet,
            widgets.HBox(
                [self.bench.control, with_number_box(self.epochs, "epochs")],
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
        with own_random_numbers(seed=0):  # the same start each time
            self.model = self.bench.build(self.setting.value)
        self.history = History()
        self._view = copy.deepcopy(self.model).eval()

    def _new_setting(self) -> None:
        if not self.training:  # a run under way keeps its setting; the slider counts for the next one
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

    def close(self) -> None:
        """stop a run under way, take the panel off the page and give back its memory"""
        self._closing = True
        if (thread := vars(self).get("_thread")) is not None:  # not so in a panel that is closed already
            self._stopping.set()
            thread.join()
        super().close()

    def wait(self, timeout: float | None = None) -> None:
        """block until the run under way has ended; for scripts and tests, never for a notebook cell"""
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self, epochs: int, lr: float) -> None:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # leaves a core to the sliders
        model, self._seen_at = self.model, 0.0
        try:
            fitting, valid = load_split()  # held no longer than the run
            self.history = fit(
                model, fitting.x, epochs=epochs, lr=lr, validation=valid.x, stop=self._stopping,
                on_epoch=self._epoch_done, augment=self._look_in, progress=False,
            )  # fmt: skip
            if self._closing:
                return
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
            return mosaic(list(self._rows().values()))

    def _rows(self) -> dict[str, torch.Tensor]:
        shown = self.bench.seen[1](self.shown)
        return dict(zip(self.row_names, (shown, self._view(shown)), strict=True))

    def describe(self) -> str:
        """where the training stands"""
        name, history = self.bench.name(self._view), self.history
        if not history.epochs and not self.training:
            return f"An untrained network, {name}. Press Train."
        sentence = f"{name}, epoch {history.epochs}"
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
            y_label=f"{self.bench.loss} (log scale)",
            x_range=(1, max(2, self.epochs.value, len(epochs))),
        )

    def draw_static(self, figure: Figure) -> None:
        """the ten digits and what the network makes of them now"""
        state = "trained" if self.history.epochs else "an untrained network: press Train"
        plot_reconstructions(
            self._rows(),
            ax=figure.subplots(),
            title=f"Ten digits and {state}",
        )


class Workshop(widgets.VBox):
    """a place below an explorer to train its network yourself; its `button` opens it and may stand elsewhere

    Parameters
    ----------
    make : builds the TrainingExplorer, when the workshop is first opened

    Attributes
    ----------
    button : the toggle
    trainer : the TrainingExplorer, once it was opened
    """

    def __init__(self, make: Callable[[], TrainingExplorer]) -> None:
        super().__init__([], layout={"display": "none", "border": "1px solid #BBBBBB", "padding": "8px"})
        self.button = widgets.ToggleButton(value=False, description="train it yourself", icon="play")
        self.button.observe(lambda change: self._show(), "value")
        self._make = make

    def _show(self) -> None:
        if self.button.value and not self.children:
            self.trainer = self._make()
            self.children = [self.trainer]
        self.layout.display = "flex" if self.button.value else "none"

    def renew(self) -> None:
        """build the trainer again, for what the explorer shows now; a run under way goes on"""
        if self.children and not self.trainer.training:
            self.trainer.close()
            self.children = []
            self._show()
