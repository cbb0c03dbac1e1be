"""A training run beside an explorer: the kernel trains in its own thread, the page shows the progress."""

from __future__ import annotations

import copy
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import traitlets

from aecourse.data import load_mnist
from aecourse.device import one_thread, own_random_numbers
from aecourse.evaluation import reconstruction_mse
from aecourse.explorers.base.background import interrupted_later
from aecourse.explorers.base.page import Explorer
from aecourse.explorers.base.shown_images import ShownImages
from aecourse.explorers.training_setups import TrainingSetup
from aecourse.models import Autoencoder
from aecourse.plotting import as_images
from aecourse.training import History, fit
from aecourse.zoo import load_split

BATCH_SIZE = 64
FEW = 500  # validation digits whose loss is drawn between epochs
PAUSE = 0.25  # seconds between pictures while training: four a second are enough for the eye
RATES = (0.0003, 0.001, 0.003, 0.01, 0.03)
MOST_EPOCHS = 20
SEEDS = 100
REPEATS = 320  # how often a small set is seen in an epoch: ten rows give fifty steps


@dataclass(frozen=True)
class TrainedNetwork:
    """A network that the learner has trained, with its mean squared error on the test digits."""

    model: Autoencoder
    test_mse: float


class Trainer:
    """Builds, trains and stops a network, and tells a page about it a few times a second.

    Attributes
    ----------
    setting, epochs, lr, seed : what the next run trains, and how
    training : whether a run is under way
    model : the network being trained, or trained last
    history : its History so far
    trained : TrainedNetwork, the same network after a run; None before
    """

    def __init__(
        self,
        setup: TrainingSetup,
        images: ShownImages,
        tell: Callable[[dict], None],
        on_done: Callable[[TrainedNetwork], None] | None = None,
    ) -> None:
        self.setup, self.tell, self.on_done = setup, tell, on_done
        self.shown = images.ten(images.first) if setup.things is None else setup.things
        self.setting, self.epochs, self.lr, self.seed = setup.value, setup.epochs, setup.lr, 0
        self.training = False
        self._thread: threading.Thread | None = None
        self._stopping, self._closing, self._error = threading.Event(), False, ""
        self._swapping, self._telling = threading.Lock(), threading.RLock()
        self._new_model()

    def choose(self, **settings: object) -> None:
        """Set `setting`, `epochs`, `lr` or `seed`, all that are given or none; a run under way keeps its own."""
        accepted = {
            "setting": tuple(self.setup.options), "epochs": range(1, MOST_EPOCHS + 1), "lr": RATES,
            "seed": range(SEEDS),
        }  # fmt: skip
        for name, value in settings.items():
            if name not in accepted:
                raise ValueError(f"what is chosen must be one of {', '.join(accepted)}; got {name!r}")
            if isinstance(value, bool) or value not in accepted[name]:
                raise ValueError(f"{name} must be one of {', '.join(map(str, accepted[name]))}; got {value!r}")
        for name, value in settings.items():  # the value of the list: a page sends 1 for 1.0
            setattr(self, name, accepted[name][accepted[name].index(value)])
        if {"setting", "seed"} & settings.keys() and not self.training:
            self._new_model()
        self.show()

    def train(self) -> None:
        """Start a training run from fresh weights, in the background; does nothing while one is under way."""
        if self.training:
            return
        self._stopping.clear()
        self._new_model()
        thread = threading.Thread(target=self._run, args=(self.epochs, self.lr), daemon=True)
        with interrupted_later():
            self.training = True
            try:
                thread.start()
            except RuntimeError:  # no room for one more
                self.training = False
                raise
            self._thread = thread
        self.show()

    def stop(self) -> None:
        """End the run under way after its present step; what was learnt is kept."""
        self._stopping.set()

    def wait(self, timeout: float | None = None) -> None:
        """Block until the run under way has ended; for scripts and tests, never for a notebook cell."""
        end = time.monotonic() + (math.inf if timeout is None else timeout)
        while self.training and time.monotonic() < end:  # a join cut short by Ctrl-C takes the thread for ended
            time.sleep(0.01)
        if self._thread is not None and not self.training:
            self._thread.join()

    def close(self) -> None:
        """Stop a run under way, and wait for its end."""
        self._closing = True
        self.stop()
        self.wait()

    def memory(self) -> dict:
        """Return the settings, and the network as far as it is trained."""
        settings = {"setting": self.setting, "epochs": self.epochs, "lr": self.lr, "seed": self.seed}
        return {"settings": settings, "network": (self.model, self.history, self.trained, self._live)}

    def remember(self, memory: dict) -> None:
        """Restore what another trainer remembered; a run under way was stopped."""
        self.choose(**memory["settings"])
        self.model, self.history, self.trained, self._live = memory["network"]
        self._view = copy.deepcopy(self.model).eval()
        self.show()

    def _new_model(self) -> None:
        with own_random_numbers(seed=self.seed):  # the same start each time
            self.model = self.setup.build(self.setting)
        self.history, self.trained, self._built, self._error = History(), None, self.setting, ""
        self._live: list[tuple[float, float]] = []  # (epochs so far, loss on a few validation digits)
        self._view = copy.deepcopy(self.model).eval()

    def _run(self, epochs: int, lr: float) -> None:
        try:
            with one_thread():
                trained = self.trained = self._learn(self.model, epochs, lr)
        except Exception as wrong:
            trained = None
            self._say(wrong)
        finally:
            self.training = False
        self.show()
        if trained is not None and self.on_done is not None:
            try:
                self.on_done(trained)
            except Exception as wrong:
                self._say(wrong)
                self.show()

    def _say(self, wrong: Exception) -> None:
        """Keep an error for the page: an error in a thread would be lost."""
        self._error = f"{type(wrong).__name__}: {wrong}"

    def _learn(self, model: Autoencoder, epochs: int, lr: float) -> TrainedNetwork | None:
        fitting, valid, test = self._rows_to_learn()  # kept only while the run lasts
        self._few = None if valid is None else valid[:FEW]
        self._steps, self._per_epoch, self._seen_at = 0, -(-len(fitting) // BATCH_SIZE), 0.0
        try:
            self.history = fit(
                model, fitting, epochs=epochs, lr=lr, seed=self.seed, batch_size=BATCH_SIZE, validation=valid,
                stop=self._stopping, on_epoch=self._epoch_done, on_step=self._step_done, progress=False,
            )  # fmt: skip
        finally:
            self._swap_view(model)  # also what is left of a training that failed
        return None if self._closing else TrainedNetwork(model, reconstruction_mse(model, test))

    def _rows_to_learn(self) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]:
        """Return the rows to fit, to validate on and to test on: digits, or a small set that is repeated."""
        if (things := self.setup.things) is not None:
            return things.repeat(REPEATS, 1), None, things
        fitting, valid = load_split()
        return fitting.x, valid.x, load_mnist()[1].x

    def _epoch_done(self, history: History) -> None:
        self.history = history
        self._seen_at = 0.0

    def _step_done(self) -> None:
        """Refresh what the page shows if it is old enough."""
        self._steps += 1
        if time.monotonic() - self._seen_at > PAUSE:
            self._seen_at = time.monotonic()
            self._swap_view(self.model)
            if self._few is not None:
                with torch.inference_mode():
                    self._live.append((self._steps / self._per_epoch, float(self._view.loss(self._few)["total"])))
            self.show()

    def _swap_view(self, model: Autoencoder) -> None:
        with self._swapping:
            self._view.load_state_dict(model.state_dict())

    def rows(self) -> dict[str, torch.Tensor]:
        """Return ten images as the network sees them, and their present reconstructions; {name: (n, 784)}."""
        damaged = self.setup.damaged
        seen = self.shown if damaged is None else damaged(self.shown, self._built)
        with self._swapping, torch.inference_mode():
            rows = {"original" if damaged is None else "damaged": seen, "restored": self._view(seen)}
        return rows if self.setup.paint is None else {name: self.setup.paint(row) for name, row in rows.items()}

    def show(self) -> None:
        """Tell the page how far the training is; the last message is the newest."""
        with self._telling:
            if not self._closing:
                self.tell(self._state())

    def _state(self) -> dict[str, object]:
        setup, history, epochs = self.setup, self.history, list(range(1, self.history.epochs + 1))
        live = [point for point in self._live if math.isfinite(point[1])]
        series = {
            "training": (epochs, [terms["total"] for terms in history.train]),
            "validation": (epochs, [terms["total"] for terms in history.validation]),
            f"{FEW} of them, live": ([x for x, _ in live], [y for _, y in live]),
        }
        rows = self.rows()
        return {
            "label": setup.label, "options": list(setup.options), "rates": list(RATES), "most": MOST_EPOCHS,
            "setting": self.setting, "epochs": self.epochs, "lr": self.lr, "seed": self.seed, "running": self.training,
            "names": list(rows), "rows": b"".join(as_images(row.nan_to_num()).tobytes() for row in rows.values()),
            "loss": setup.loss, "caption": self._error or self.describe(), "error": bool(self._error),
            "series": {name: line for name, line in series.items() if line[1]},
        }  # fmt: skip

    def describe(self) -> str:
        """Return in words how far the training is."""
        name, history = self.setup.name(self._view), self.history
        if not history.epochs and not self.training:
            return f"An untrained network, {name}. Press Train."
        sentence = f"{name}, epoch {history.epochs}"
        if history.epochs:
            sentence += f": training loss {_in_few(history.train[-1]['total'])}"
        if history.validation:
            sentence += f", validation {_in_few(history.validation[-1]['total'])}"
        if self.setup.verdict is not None:
            sentence += f". {self.setup.verdict(self._view)}"
        elif self.trained is not None:
            sentence += f". Test MSE {self.trained.test_mse:.4f}"
        if history.died:
            return sentence + ". The training has died: every digit comes back as the same picture. Try a lower rate."
        return sentence + (f". Ended early by {history.stopped}; what was learnt is kept." if history.stopped else ".")


def _in_few(loss: float) -> str:
    """Return a loss with four decimals, or as 1e-06 if they would all be 0; train_here.js writes the same."""
    return f"{loss:.0e}" if 0 < loss < 0.0001 else f"{loss:.4f}"


class TrainableExplorer(Explorer):
    """An explorer with a panel in which a network can be trained.

    A subclass gives `training_setup`, what its panel trains.

    Attributes
    ----------
    trainer : the Trainer, once the panel was opened
    """

    training = traitlets.Dict().tag(sync=True)  # what the page shows of the trainer; empty before the panel is opened
    trainer: Trainer | None = None
    _open = False

    def training_setup(self) -> TrainingSetup:
        """Return what the panel trains, for what the explorer shows now."""
        raise NotImplementedError

    def adopt(self, trained: TrainedNetwork) -> None:
        """Take a network that the learner has trained."""

    def open_training(self, *, fresh: bool = False) -> Trainer:
        """Open the panel, as it was left, or with a new network; a run under way goes on."""
        self._open = True
        if self.trainer is None or (fresh and not self.trainer.training):
            self.trainer = Trainer(self.training_setup(), self.images, self._tell, self.adopt)
        self.trainer.show()
        return self.trainer

    def fold_training(self) -> None:
        """Fold the panel away; a run under way goes on."""
        self._open, self.training = False, {}

    def _tell(self, training: dict) -> None:
        if self._open:
            self.training = training

    def _hear(self, message: Mapping, buffers: Sequence[bytes] = ()) -> None:
        super()._hear(message, buffers)
        try:
            if message.get("open"):
                self.open_training()
            if message.get("fold"):
                self.fold_training()
            if {"choose", "train", "stop"} & message.keys() and self.trainer is None:
                raise ValueError("the panel must be open before a network is trained in it")
            if not isinstance(message.get("choose") or {}, Mapping):
                raise ValueError(f"what is chosen must be values by name; got {message['choose']!r}")
            if message.get("choose"):
                self.trainer.choose(**message["choose"])
            if message.get("train"):
                self.trainer.train()
            if message.get("stop"):
                self.trainer.stop()
        except ValueError as error:
            self.notice = str(error)

    def memory(self) -> dict:
        """Return the settings, and the network in the panel."""
        return super().memory() | {"trainer": self.trainer and self.trainer.memory(), "open": self._open}

    def remember(self, memory: dict) -> None:
        """Restore what the explorer of an earlier run of the cell remembered."""
        super().remember(memory)
        if memory["trainer"]:
            self.open_training().remember(memory["trainer"])
        if not memory["open"]:
            self.fold_training()

    def close(self) -> None:
        """Stop a run under way, and take the explorer off the page."""
        if self.trainer is not None:
            self.trainer.close()
        super().close()
        self.trainer, self.training = None, {}
