"""One training loop for every family."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from tqdm.auto import tqdm

from aecourse.checks import check_choice, check_number, check_whole
from aecourse.device import check_seed, own_random_numbers
from aecourse.models import Autoencoder
from aecourse.models.base import check_model

LossTerms = dict[str, float]  # {name: value}, "total" among them


@dataclass
class History:
    """What happened during training, with one entry for each epoch.

    Attributes
    ----------
    train : list of dict
        {term: mean over the epoch's batches}; "total" is what was minimised.
    validation : list of dict
        {term: value on the validation images}; empty if there were none.
    seconds : list of float
        Time since training began, at the end of each epoch.
    stopped : str
        "" if all epochs ran, otherwise what ended the training: "Ctrl-C" or "Stop".
    """

    train: list[LossTerms] = field(default_factory=list)
    validation: list[LossTerms] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    stopped: str = ""

    @property
    def epochs(self) -> int:
        """How many epochs were completed."""
        return len(self.train)


def fit(
    model: Autoencoder,
    x: torch.Tensor,
    *,
    epochs: int = 5,
    validation: torch.Tensor | None = None,
    batch_size: int = 256,
    lr: float = 3e-3,
    schedule: str = "one-cycle",
    augment: Callable[[torch.Tensor], torch.Tensor] | None = None,
    seed: int = 0,
    on_epoch: Callable[[History], None] | None = None,
    on_step: Callable[[], None] | None = None,
    stop: threading.Event | None = None,
    progress: bool = True,
) -> History:
    """Train a model to minimise `model.loss(x)["total"]`, with Adam on shuffled batches.

    There is no argument for labels: an autoencoder's target is its input. Ctrl-C, the notebook's Stop button or a
    `stop` event ends the training early; the model keeps what it has learnt, and a partial History is returned. Taught
    in notebooks/01_compression.ipynb.

    Parameters
    ----------
    model : Autoencoder
        Trained in place, on the device of its parameters; left in evaluation mode.
    x : float tensor (n, in_features)
        The training images, on the same device.
    epochs : int
        How many times every image is seen.
    validation : float tensor (m, in_features), optional
        Images not trained on; their loss is recorded after each epoch.
    lr : float
        The learning rate; with the one-cycle schedule, its peak.
    schedule : {"one-cycle", "constant"}
        One-cycle rises to `lr` over the first 30 % of the steps and falls to nearly 0 (Smith & Topin 2018).
    augment : callable, optional
        Changes each batch before the model sees it, e.g. `aecourse.data.shift_images`.
    seed : int
        Decides the order of the images: same seed and machine, same numbers. The random numbers that the model itself
        draws follow `aecourse.device.seed_everything`.
    on_epoch : callable, optional
        Called with the History after each epoch, for live curves.
    on_step : callable, optional
        Called without arguments after each step (each batch), for live pictures; it must be fast.
    stop : threading.Event, optional
        Set it from another thread to end the training after the current step.
    progress : bool
        Show a progress bar.

    Returns
    -------
    History

    Raises
    ------
    TypeError, ValueError
        If an argument is not accepted; raised before any work.
    FloatingPointError
        If the loss becomes NaN or infinite, because the learning rate was too high.

    References
    ----------
    Kingma & Ba (2015), Adam: a method for stochastic optimization.
    """
    check_model(model)
    check_learns("model", model)
    settings = check_settings(epochs=epochs, batch_size=batch_size, lr=lr, schedule=schedule, seed=seed)
    check_callbacks(augment=augment, on_epoch=on_epoch, on_step=on_step, stop=stop)
    check_images(model, "x", x)
    check_batches(model, len(x), settings["batch_size"])
    if validation is not None:
        check_images(model, "validation", validation)

    def batch_loss(index: torch.Tensor) -> dict[str, torch.Tensor]:
        return model.loss(x[index] if augment is None else augment(x[index]))

    return training_loop(
        model,
        batch_loss,
        len(x),
        **settings,
        validate=None if validation is None else lambda: mean_loss(model, validation),
        on_epoch=on_epoch,
        on_step=on_step,
        stop=stop,
        progress=progress,
    )


def training_loop(
    model: torch.nn.Module,
    batch_loss: Callable[[torch.Tensor], dict[str, torch.Tensor]],
    count: int,
    *,
    epochs: int,
    batch_size: int,
    lr: float,
    schedule: str,
    seed: int,
    validate: Callable[[], LossTerms] | None = None,
    on_epoch: Callable[[History], None] | None = None,
    on_step: Callable[[], None] | None = None,
    stop: threading.Event | None = None,
    progress: bool = True,
) -> History:
    """Minimise with Adam the "total" of `batch_loss`, a function of the positions of a batch's images."""
    history = History()
    device = next(model.parameters()).device
    shuffler = torch.Generator(device).manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, fused=True)
    steps = -(-count // batch_size)
    scheduler = None
    if schedule == "one-cycle":
        scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=lr, total_steps=epochs * steps + 1)
    stopping = stop.is_set if stop is not None else lambda: False
    started = time.perf_counter()
    bar = tqdm(
        total=epochs, desc=f"training, {epochs} epochs", bar_format="{desc} {bar}{postfix}", disable=not progress
    )
    try:
        for _ in range(epochs):
            model.train()
            sums: dict[str, torch.Tensor] = {}  # on the device: reading a value would wait for it
            for index in torch.randperm(count, generator=shuffler, device=device).split(batch_size):
                terms = batch_loss(index)
                optimizer.zero_grad()
                terms["total"].backward()
                optimizer.step()
                if scheduler is not None:
                    scheduler.step()
                for name, value in terms.items():
                    sums[name] = sums.get(name, 0) + value.detach()
                if on_step is not None:
                    on_step()
                if stopping():
                    raise KeyboardInterrupt
            history.train.append({name: value.item() / steps for name, value in sums.items()})
            if not all(map(_is_finite, history.train[-1].values())):
                raise FloatingPointError(
                    f"the loss is no longer a number; the model is spoilt: build it anew and train with lr below {lr:g}"
                )
            if validate is not None:
                history.validation.append(validate())
            history.seconds.append(time.perf_counter() - started)
            bar.update()
            bar.set_postfix_str(f"epoch {history.epochs}, loss {history.train[-1]['total']:.5f}")
            if on_epoch is not None:
                on_epoch(history)
    except KeyboardInterrupt:
        history.stopped = "Stop" if stopping() else "Ctrl-C"
        kept = min(len(history.train), len(history.seconds))  # an epoch cut short in its validation does not count
        del history.train[kept:], history.validation[kept:]
    finally:
        bar.close()
        model.eval()
    return history


@torch.inference_mode()
def mean_loss(model: Autoencoder, x: torch.Tensor, *, batch_size: int = 5_000) -> LossTerms:
    """Return the mean over x of every term of `model.loss`, in evaluation mode.

    The loss draws the same noise at each call, and training does not lose these random numbers: measuring a model does
    not change how it trains.
    """
    was_training = model.training
    model.eval()
    sums: dict[str, torch.Tensor] = {}
    with own_random_numbers(seed=0):
        for batch in x.split(batch_size):
            for name, value in model.loss(batch).items():
                sums[name] = sums.get(name, 0) + value * len(batch)
    model.train(was_training)
    return {name: value.item() / len(x) for name, value in sums.items()}


def _is_finite(value: float) -> bool:
    return abs(value) < float("inf")  # False for NaN too


def check_images(model: Autoencoder, name: str, x: torch.Tensor) -> None:
    """Raise an error if the model cannot be trained on these images, or they lie on another device."""
    model.check_images(name, x)
    device = next(model.parameters()).device
    if x.device != device:
        raise ValueError(f"{name} is on {x.device} and the model on {device}; move one with .to(device)")


def check_batches(model: torch.nn.Module, count: int, batch_size: int) -> None:
    """Raise an error if a network with batch norm would receive a batch of a single image."""
    normed = any(isinstance(part, torch.nn.BatchNorm1d) for part in model.modules())
    if normed and (batch_size == 1 or count % batch_size == 1):
        raise ValueError(f"batch_size {batch_size} leaves a batch of one image, which batch norm cannot normalise")


def check_learns(name: str, model: torch.nn.Module) -> None:
    """Raise an error if the model has nothing to train, as PCA has not."""
    if not any(weight.requires_grad for weight in model.parameters()):
        raise ValueError(f"{name} must have weights that learn; those of this {type(model).__name__} are all fixed")


def check_callbacks(*, stop: object = None, **callbacks: object) -> None:
    """Raise an error if a callback is not callable, or `stop` is not an event."""
    for name, callback in callbacks.items():
        if callback is not None and not callable(callback):
            raise TypeError(f"{name} must be a function; got {callback!r}")
    if stop is not None and not isinstance(stop, threading.Event):
        raise TypeError(f"stop must be a threading.Event; got {stop!r}")


def check_settings(
    *, epochs: int, seed: int, batch_size: int = 256, lr: float = 3e-3, schedule: str = "one-cycle"
) -> dict[str, int | float | str]:
    """Return the settings of the training loop as plain numbers; raise an error if one is out of range."""
    return {
        "epochs": check_whole("epochs", epochs),
        "batch_size": check_whole("batch_size", batch_size),
        "lr": check_number("lr", lr, open_ends=True),
        "schedule": check_choice("schedule", schedule, ("one-cycle", "constant")),
        "seed": check_seed(seed),
    }
