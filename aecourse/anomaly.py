"""The odd one out: how strange a picture is to a model of the normal ones, and from where on to raise an alarm."""

from __future__ import annotations

import numpy as np
import torch

from aecourse.checks import check_number
from aecourse.models.base import check_rows


def anomaly_scores(x: torch.Tensor, x_hat: torch.Tensor, *, ink_power: float = 0.0) -> torch.Tensor:
    """how badly each picture was restored: ‖x − x̂‖² / (‖x‖²)^ink_power; (n, d) twice → (n,), higher is stranger

    Whatever was fitted to normal pictures only restores the others badly. With `ink_power` 0 the score is the squared
    error, summed over the pixels. A picture with little ink has little to get wrong: with 0.5 the error is divided by
    the length of x, with 1 it is the share of the picture that was lost. Taught in notebooks/09_applications.ipynb.

    Parameters
    ----------
    x : float tensor (n, d), the pictures
    x_hat : float tensor (n, d), what came back of them
    ink_power : from 0 to 1

    References
    ----------
    Japkowicz, Myers & Gluck (1995), A novelty detection approach to classification; Sakurada & Yairi (2014), Anomaly
    detection using autoencoders with nonlinear dimensionality reduction. One class against all others is the protocol
    of Ruff et al. (2018), Deep one-class classification.
    """
    check_rows("x", x)
    check_rows("x_hat", x_hat, x.shape[1])
    if len(x_hat) != len(x):
        raise ValueError(f"x_hat must hold one picture for each of x; got {len(x_hat)} for {len(x)}")
    ink_power = check_number("ink_power", ink_power, most=1)
    length = x.norm(dim=1).clamp(min=1)  # a black picture is taken to hold one white pixel
    return (x - x_hat).norm(dim=1) ** 2 / length ** (2 * ink_power)


def threshold_at(normal_scores: torch.Tensor | np.ndarray, false_alarm_rate: float) -> float:
    """the lowest threshold that at most this share of normal scores exceeds; an alarm is a score above it

    Taught in notebooks/09_applications.ipynb.

    Parameters
    ----------
    normal_scores : (n,), scores of normal pictures that the scorer was not fitted to
    false_alarm_rate : from 0 (no alarm on any of them) to 1
    """
    scores = np.asarray(normal_scores.detach().cpu() if isinstance(normal_scores, torch.Tensor) else normal_scores)
    if scores.ndim != 1 or scores.size == 0 or scores.dtype.kind not in "fiu" or not np.isfinite(scores).all():
        raise ValueError(
            f"normal_scores must be a row of finite numbers, (n,); got shape {scores.shape}, {scores.dtype}"
        )
    rate = check_number("false_alarm_rate", false_alarm_rate, most=1)
    alarms = int(rate * len(scores) * (1 + 2**-50))  # 0.07 · 100 and 0.7 · 10 round to either side of 7
    return float(np.sort(scores)[max(len(scores) - 1 - alarms, 0)])
