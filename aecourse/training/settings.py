"""The settings of the training loop: the schedule of the learning rate, and what each of them accepts."""

from __future__ import annotations

import threading
from collections.abc import Callable

import torch

from aecourse.checks import check_choice, check_number, check_whole
from aecourse.device import check_seed

SCHEDULES = ("trapezoid", "constant")
WARM_UP = 100  # steps in which the learning rate rises


def trapezoid(steps: int) -> Callable[[int], float]:
    """Return the share of the learning rate at each step, counted from 0, of a training of so many steps."""
    warm_up = min(WARM_UP, steps // 5)

    def share(step: int) -> float:
        rise = 0.01 + 0.99 * step / warm_up if step < warm_up else 1.0
        return min(rise, 2 * (steps - step) / steps)

    return share


def check_batches(model: torch.nn.Module, count: int, batch_size: int) -> None:
    """Raise an error if a network with batch norm would receive a batch of a single image."""
    normed = any(isinstance(part, torch.nn.BatchNorm1d) for part in model.modules())
    if normed and (batch_size == 1 or count % batch_size == 1):
        raise ValueError(f"batch_size {batch_size} leaves a batch of one image, which batch norm cannot normalise")


def check_callbacks(*, stop: object = None, **callbacks: object) -> None:
    """Raise an error if a callback is not callable, or `stop` is not an event."""
    for name, callback in callbacks.items():
        if callback is not None and not callable(callback):
            raise TypeError(f"{name} must be a function; got {callback!r}")
    if stop is not None and not isinstance(stop, threading.Event):
        raise TypeError(f"stop must be a threading.Event; got {stop!r}")


def check_settings(
    *, epochs: int, seed: int, batch_size: int = 64, lr: float = 3e-3, schedule: str = "trapezoid"
) -> dict[str, int | float | str]:
    """Return the settings of the training loop as plain numbers; raise an error if one is out of range."""
    return {
        "epochs": check_whole("epochs", epochs),
        "batch_size": check_whole("batch_size", batch_size),
        "lr": check_number("lr", lr, open_ends=True),
        "schedule": check_choice("schedule", schedule, SCHEDULES),
        "seed": check_seed(seed),
    }
