"""Anomaly detection: how unusual an image is to a model of normal images, and the threshold of the alarm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from aecourse.checks import check_number, check_whole
from aecourse.evaluation.arrays import check_array
from aecourse.models.base import check_rows, check_same_device


def anomaly_scores(x: torch.Tensor, x_hat: torch.Tensor, *, ink_power: float = 0.0) -> torch.Tensor:
    """Score how badly each image was restored: ‖x − x̂‖² / (‖x‖²)^ink_power; (n, d) twice → (n,).

    A higher score is more unusual: a model fitted to normal images only restores others badly. With `ink_power` 0 the
    score is the squared error, summed over the pixels. An image with little ink has little to get wrong: with 0.5 the
    error is divided by the length of x, with 1 it is the share of the image that was lost. Taught in
    notebooks/09_applications.ipynb.

    Parameters
    ----------
    x : float tensor (n, d)
        The images.
    x_hat : float tensor (n, d)
        Their reconstructions.
    ink_power : float
        From 0 to 1.

    Raises
    ------
    TypeError, ValueError
        If the two do not fit together, or hold numbers that are not finite or too large to be squared.

    References
    ----------
    Japkowicz, Myers & Gluck (1995), A novelty detection approach to classification; Sakurada & Yairi (2014), Anomaly
    detection using autoencoders with nonlinear dimensionality reduction. One class against all others is the protocol
    of Ruff et al. (2018), Deep one-class classification.
    """
    check_rows("x", x)
    check_rows("x_hat", x_hat, x.shape[1])
    check_same_device("x_hat", x_hat, "x", x)
    if len(x_hat) != len(x):
        raise ValueError(f"x_hat must hold one picture for each of x; got {len(x_hat)} for {len(x)}")
    ink_power = check_number("ink_power", ink_power, maximum=1)
    scores = (x - x_hat).norm(dim=1) ** 2 / ink_of(x, ink_power)
    if not scores.isfinite().all():
        raise ValueError(f"x and x_hat must hold finite numbers, small enough to be squared in {scores.dtype}")
    return scores


def ink_of(x: torch.Tensor, ink_power: float) -> torch.Tensor:
    """What the error of each image is divided by: (‖x‖²)^ink_power; a black image counts as one white pixel."""
    return x.norm(dim=1).clamp(min=1) ** (2 * ink_power)


def threshold_at(normal_scores: torch.Tensor | np.ndarray, false_alarm_rate: float) -> float:
    """Return the lowest threshold that at most this share of normal scores exceeds; an alarm is a score above it.

    Taught in notebooks/09_applications.ipynb.

    Parameters
    ----------
    normal_scores : tensor or array (n,)
        Scores of normal images that the model was not fitted to.
    false_alarm_rate : float
        From 0 (no alarm on any of them) to 1.
    """
    scores = check_array("normal_scores", normal_scores, "(n,)", kinds="iuf")
    rate = check_number("false_alarm_rate", false_alarm_rate, maximum=1)
    alarms = int(rate * len(scores) * (1 + 2**-50))  # 0.07 · 100 and 0.7 · 10 round to either side of 7
    return float(np.sort(scores)[max(len(scores) - 1 - alarms, 0)])


@dataclass(frozen=True, eq=False)
class DetectionResult:
    """How well the scores of one detector separate the images of the normal label from all others.

    Attributes
    ----------
    auroc : float
        On the test set.
    valid_normal : array (v,)
        Sorted scores of normal images that the detector was not fitted to; they set the threshold.
    normal, abnormal : arrays (n,) and (m,)
        Sorted scores of the test images.
    normal_places, abnormal_places : int arrays (n,) and (m,)
        The positions of these images in the test set.
    """

    auroc: float
    valid_normal: np.ndarray
    normal: np.ndarray
    abnormal: np.ndarray
    normal_places: np.ndarray
    abnormal_places: np.ndarray


def detection_result(
    scores: np.ndarray, labels: np.ndarray, valid_normal: np.ndarray, *, normal: int
) -> DetectionResult:
    """Sort the test images of the normal label, and all others, by their scores.

    Parameters
    ----------
    scores, labels : arrays (n,)
        Of the test images.
    valid_normal : array (v,)
        Scores of normal images that the detector was not fitted to.
    normal : int
        The label of the normal images.
    """
    from sklearn.metrics import roc_auc_score  # here: scikit-learn takes a second to import

    scores = check_array("scores", scores, "(n,)", kinds="iuf")
    labels = check_array("labels", labels, "(n,)", kinds="biu")
    valid_normal = check_array("valid_normal", valid_normal, "(v,)", kinds="iuf")
    normal = check_whole("normal", normal, minimum=0)
    if len(scores) != len(labels):
        raise ValueError(f"labels must hold one for each of the {len(scores)} scores; got {len(labels)}")
    abnormal = labels != normal
    if abnormal.all() or not abnormal.any():
        raise ValueError(f"labels must hold the label of normal images, {normal}, and others; got {np.unique(labels)}")
    order = np.argsort(scores, kind="stable")
    places = order[~abnormal[order]], order[abnormal[order]]
    auroc = float(roc_auc_score(abnormal, scores))
    return DetectionResult(auroc, np.sort(valid_normal), *(scores[at] for at in places), *places)
