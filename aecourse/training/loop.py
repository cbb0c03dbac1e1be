"""One training loop for every network, the learner's own included."""

from __future__ import annotations

import math
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import torch
from torch import nn
from tqdm.auto import tqdm

from aecourse.checks import check_whole
from aecourse.device import own_random_numbers
from aecourse.models import Autoencoder
from aecourse.models.base import check_images_of, check_network, in_evaluation_mode, set_training
from aecourse.training.objective import check_learns, has_died, objective
from aecourse.training.settings import WARM_UP, check_batches, check_callbacks, check_settings, trapezoid

LossTerms = dict[str, float]  # {name: value}, "total" among them

NARROW = 0.1  # pixels that span less of [0, 1] than this are suspect
BETAS = (0.9, 0.95)  # Adam's; .95 forgets the large gradients of the first steps sooner than the usual .999
_LOCKS: WeakKeyDictionary[nn.Module, threading.RLock] = WeakKeyDictionary()  # held by the thread that trains it


@dataclass
class History:
    """What happened during training, with one entry for each epoch.

    Attributes
    ----------
    train : list of dict
        {term: mean over the epoch's batches}; "total" is what was minimised. The network changes during an epoch, so
        the first epoch's mean lies far above the loss at its end.
    validation : list of dict
        {term: value on the validation images after the epoch}; empty if there were none.
    seconds : list of float
        Time since training began, at the end of each epoch.
    stopped : str
        "" if all epochs ran, otherwise what ended the training: "Ctrl-C" or "Stop".
    died : bool
        Whether the network now gives the same output for every image, and a worse one than the mean image.
    """

    train: list[LossTerms] = field(default_factory=list)
    validation: list[LossTerms] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    stopped: str = ""
    died: bool = False

    @property
    def epochs(self) -> int:
        """How many epochs were completed."""
        return len(self.train)


def fit(
    model: nn.Module,
    x: torch.Tensor,
    *,
    loss: Callable[[nn.Module, torch.Tensor], torch.Tensor | dict[str, torch.Tensor]] | None = None,
    epochs: int = 5,
    validation: torch.Tensor | None = None,
    batch_size: int = 64,
    lr: float = 3e-3,
    schedule: str = "trapezoid",
    augment: Callable[[torch.Tensor], torch.Tensor] | None = None,
    seed: int = 0,
    on_epoch: Callable[[History], None] | None = None,
    on_step: Callable[[], None] | None = None,
    stop: threading.Event | None = None,
    progress: bool = True,
) -> History:
    """Train a network to minimise its loss, with Adam on shuffled batches.

    There is no argument for labels: an autoencoder's target is its input. Ctrl-C, the notebook's Stop button or a
    `stop` event ends the training early; the network keeps what it has learnt, and a partial History is returned.
    Calling `fit` again goes on from the weights it left; Adam, the schedule and the order of the images begin anew, so
    that two calls of three epochs are not one of six. Taught in notebooks/01_compression.ipynb.

    Parameters
    ----------
    model : nn.Module
        An autoencoder of the course, or any network of your own. Trained in place, on the device of its parameters;
        left in evaluation mode.
    x : float tensor (n, in_features), or (n, …) for a network of your own
        The training images, on the same device.
    loss : callable (model, batch) → scalar tensor or dict of them, optional
        What is minimised: the number, or the entry "total" or "loss" of the dict. Without it, `model.loss(batch)`.
    epochs : int
        How many times every image is seen.
    validation : float tensor (m, …), optional
        Images not trained on; their loss is recorded after each epoch.
    lr : float
        The learning rate; with the trapezoid schedule, its largest value.
    schedule : {"trapezoid", "constant"}
        The trapezoid rises linearly to `lr` over the first 100 steps (a fifth of the run, if that is less), stays
        there, and falls linearly to 0 over the second half (Xing et al. 2018; Hägele et al. 2024).
    augment : callable, optional
        Changes each batch before the model sees it, e.g. `aecourse.data.shift_images`; its pixels keep their range.
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
        Show a progress bar with the time that is left.

    Returns
    -------
    History

    Raises
    ------
    TypeError, ValueError
        If an argument is not accepted, or another thread is training the network; raised before any work.
    FloatingPointError
        If the loss or a weight becomes NaN or infinite, because the learning rate was too high. It is found at the end
        of the epoch, or when the training is ended; the network then has the weights from before that epoch.

    Warns
    -----
    RuntimeWarning
        If the training has died: see `History.died`.
    UserWarning
        If the pixels span less than a tenth of their range.

    Notes
    -----
    The defaults were chosen on validation digits, for all families at 1, 3, 5, 10 and 20 epochs:
    tests/controls/training_default.py compares them with the loops that others use, and they lose to none. Of the
    families, three times the rate kills deep networks of tanh units trained all at once, in two starts of three
    (a warm-up of 300 steps saved them), and denoisers trained for 3 epochs, in one of three. In long trainings of
    sparse and variational networks a third of the default rate leaves more units in use.

    References
    ----------
    Kingma & Ba (2015), Adam: a method for stochastic optimization. Xing, Arpit, Tsirigotis & Bengio (2018), A walk with
    SGD. Hägele et al. (2024), Scaling laws and compute-optimal training beyond fixed training durations.
    """
    check_learns("model", model)
    settings = check_settings(epochs=epochs, batch_size=batch_size, lr=lr, schedule=schedule, seed=seed)
    check_callbacks(loss=loss, augment=augment, on_epoch=on_epoch, on_step=on_step, stop=stop)
    check_images_of(model, "x", x)
    check_batches(model, len(x), settings["batch_size"])
    if validation is not None:
        check_images_of(model, "validation", validation)
    if isinstance(model, Autoencoder) and model.pixels_in_unit_range and 0 < x.max() - x.min() < NARROW:
        warnings.warn(
            f"x spans only {x.min():.3g} to {x.max():.3g} of the pixel range 0 to 1: was it divided by 255 twice?",
            UserWarning,
            stacklevel=2,
        )
    x = x.detach()  # codes of another network are data, too
    terms = objective(model, loss, x)
    unchecked = augment is not None

    def batch_loss(index: torch.Tensor) -> dict[str, torch.Tensor]:
        nonlocal unchecked
        batch = x[index] if augment is None else augment(x[index])
        if unchecked:  # the first one, before any weight has changed
            check_images_of(model, "what augment returns", batch)
            unchecked = False
        return terms(batch)

    history = training_loop(
        model,
        batch_loss,
        len(x),
        **settings,
        validate=None if validation is None else lambda: mean_loss(model, validation, loss=loss),
        on_epoch=on_epoch,
        on_step=on_step,
        stop=stop,
        progress=progress,
    )
    steps = history.epochs * -(-len(x) // settings["batch_size"])
    history.died = steps > 2 * WARM_UP and has_died(model, x)  # before that it may have learnt nothing yet
    if history.died and threading.current_thread() is threading.main_thread():  # from others it lands in a wrong cell
        warnings.warn(
            f"the training has died: the network answers every image alike, and worse than the mean image would; "
            f"build it anew and train with lr below {settings['lr']:g}",
            RuntimeWarning,
            stacklevel=2,
        )
    return history


class _Bar(tqdm):
    """The progress bar of a training, which gives its lock back when Ctrl-C meets it while it draws.

    tqdm's own keeps it, and every later bar of another thread waits for ever. Python releases an RLock of its own in
    any case, and without a monitor no thread is begun under it.
    """

    monitor_interval = 0

    def __init__(self, epochs: int, steps: int, *, progress: bool) -> None:
        super().__init__(
            total=epochs * steps,
            desc=f"training, {epochs} epoch{'s'[: epochs > 1]}",
            bar_format="{desc} {bar}{postfix}",
            mininterval=0.5,
            miniters=1,
            smoothing=0,  # the mean speed so far
            disable=not progress,
        )
        self.bar_format = "{desc} {bar} {remaining} left{postfix}"  # from now on: what is stored has no time in it

    def refresh(self, nolock: bool = False, lock_args: tuple | None = None) -> None:
        """Draw the bar."""
        with self.get_lock():
            super().refresh(nolock=True)


_Bar.set_lock(threading.RLock())


@torch.inference_mode(False)  # with gradients, also where the caller has switched them off
def training_loop(
    model: nn.Module,
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
    if not _is_sound(model):
        raise ValueError("model must have finite weights; some are NaN or infinite: build it anew")
    history, batch_size = History(), min(batch_size, count)
    device = next(model.parameters()).device
    shuffler = torch.Generator(device).manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, betas=BETAS, fused=True)
    steps = -(-count // batch_size)  # an epoch
    share = trapezoid(epochs * steps) if schedule == "trapezoid" else lambda step: 1.0
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, share)
    stopping = stop.is_set if stop is not None else lambda: False
    lock = _LOCKS.setdefault(model, threading.RLock())
    if not lock.acquire(blocking=False):
        raise ValueError("model is being trained by another thread: wait for its end, or train copy.deepcopy(model)")
    started = time.perf_counter()
    try:
        with _Bar(epochs, steps, progress=progress) as bar:
            for epoch in range(1, epochs + 1):
                set_training(model)
                if _is_sound(model):  # `on_epoch` may have changed it
                    good = {name: value.clone() for name, value in model.state_dict().items()}
                sums: dict[str, torch.Tensor] = {}  # on the device: reading a value would wait for it
                for index in torch.randperm(count, generator=shuffler, device=device).split(batch_size):
                    torch.clear_autocast_cache()  # else weights that autocast has rounded stay as they were a step ago
                    terms = batch_loss(index)
                    if not terms["total"].requires_grad:
                        raise ValueError("model must have weights that learn; all on which its loss depends are fixed")
                    optimizer.zero_grad()
                    terms["total"].backward()
                    optimizer.step()
                    scheduler.step()
                    bar.update()
                    for name, value in terms.items():
                        sums[name] = sums.get(name, 0) + value.detach()
                    if on_step is not None:
                        on_step()
                    if stopping():
                        raise KeyboardInterrupt
                history.train.append({name: value.item() / steps for name, value in sums.items()})
                if not (all(map(math.isfinite, history.train[-1].values())) and _is_sound(model)):
                    raise _spoilt(epoch, lr)
                if validate is not None:
                    history.validation.append(validate())
                history.seconds.append(time.perf_counter() - started)
                bar.set_postfix_str(f"epoch {history.epochs}, loss {history.train[-1]['total']:.5f}")
                if on_epoch is not None:
                    on_epoch(history)
    except BaseException as error:
        if isinstance(error, FloatingPointError) or not _is_sound(model):  # the loss itself may raise one, too
            model.load_state_dict(good)
            if not isinstance(error, FloatingPointError):
                raise _spoilt(epoch, lr) from error
        if not isinstance(error, KeyboardInterrupt):
            raise
        history.stopped = "Stop" if stopping() else "Ctrl-C"
    finally:
        kept = len(history.seconds)  # an epoch that was interrupted, even in its validation, does not count
        del history.train[kept:], history.validation[kept:]
        model.eval()
        torch.clear_autocast_cache()
        lock.release()
    return history


@torch.inference_mode()
def mean_loss(model: nn.Module, x: torch.Tensor, *, loss: Callable | None = None, batch_size: int = 5_000) -> LossTerms:
    """Return the mean over x of every term of the loss, in evaluation mode.

    The loss draws the same noise at each call, and training does not lose these random numbers: measuring a model does
    not change how it trains. `loss` is as in `fit`.
    """
    check_network("model", model)
    check_callbacks(loss=loss)
    terms = objective(model, loss)
    check_images_of(model, "x", x)
    batch_size = min(check_whole("batch_size", batch_size), len(x))
    sums: dict[str, torch.Tensor] = {}
    with in_evaluation_mode(model), own_random_numbers(seed=0):
        for batch in x.split(batch_size):
            for name, value in terms(batch.clone()).items():  # a network may change what it is given
                sums[name] = sums.get(name, 0) + value * len(batch)
    return {name: value.item() / len(x) for name, value in sums.items()}


def _spoilt(epoch: int, lr: float) -> FloatingPointError:
    return FloatingPointError(
        f"the loss is no longer a number in epoch {epoch}; the weights are put back to those before it: train with lr "
        f"below {lr:g}"
    )


@torch.no_grad()
def _is_sound(model: nn.Module) -> bool:
    """Whether all parameters and buffers of a network are finite."""
    return all(value.isfinite().all() for value in model.state_dict().values() if value.is_floating_point())
