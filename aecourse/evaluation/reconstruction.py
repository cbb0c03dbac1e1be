"""How well images are reconstructed: mean squared error, PSNR and SSIM."""

from __future__ import annotations

import math
import warnings

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from aecourse.checks import check_number, check_whole
from aecourse.models.base import (
    Autoencoder,
    check_batch,
    check_dense,
    check_images_of,
    check_network,
    check_pair,
    check_rows,
    in_evaluation_mode,
)

LOGITS = "most of it lies outside [-1, 2]; if these are logits, adopt(net, decode=lambda net, z: torch.sigmoid(…))"


@torch.no_grad()
def reconstruct(model: nn.Module, x: torch.Tensor, *, batch_size: int = 5_000) -> torch.Tensor:
    """Encode and decode x in evaluation mode, without gradients; (n, …) → (n, …).

    Parameters
    ----------
    model : nn.Module
        An autoencoder of the course, or any network whose output has the shape of its input.
    x : float tensor (n, in_features), or (n, …) for a network of your own
    """
    check_network("model", model)
    check_batch("x", x, model)
    batch_size = min(check_whole("batch_size", batch_size), len(x))
    with in_evaluation_mode(model):
        try:
            batches = [model(batch.clone()) for batch in x.split(batch_size)]
        except RuntimeError as error:  # a network from outside does not say what it takes
            if isinstance(model, Autoencoder):
                raise
            raise ValueError(f"model cannot take x of shape {tuple(x.shape)}: {error}") from error
    x_hat = batches[0]
    if not isinstance(x_hat, torch.Tensor) or x_hat.shape[1:] != x.shape[1:]:
        got = f"shape {tuple(x_hat.shape)}" if isinstance(x_hat, torch.Tensor) else type(x_hat).__name__
        shape = f"(n, {', '.join(map(str, x.shape[1:]))})"
        raise TypeError(
            f"model must give back images of shape {shape}; got {got}; adopt(model, …) says how another network takes "
            "and returns its pictures"
        )
    x_hat = torch.cat(batches)
    if far_from_pixels(x_hat) and not far_from_pixels(x):
        warnings.warn(f"the network's output is no picture: {LOGITS}", UserWarning, stacklevel=2)
    return x_hat


def far_from_pixels(x_hat: torch.Tensor) -> bool:
    """Return whether most values lie so far outside [0, 1] that they are no pixels, as logits do."""
    return bool(((x_hat < -1) | (x_hat > 2)).sum() > x_hat.numel() / 2)


def reconstruction_mse(model: nn.Module, x: torch.Tensor) -> float:
    """Return the mean squared error of the model's reconstructions, per pixel.

    Multiply by the number of pixels (784) for the summed squared error per image (SSE) that Hinton and Salakhutdinov
    (2006) report.

    Parameters
    ----------
    model, x
        As in `reconstruct`.
    """
    check_network("model", model)
    check_images_of(model, "x", x)
    error = F.mse_loss(reconstruct(model, x), x).item()
    if not math.isfinite(error):
        raise ValueError(
            "model must give finite images, and x numbers small enough to be squared; if the weights are spoilt, build "
            "it anew and train it with a smaller lr"
        )
    return error


def mse(x: torch.Tensor, x_hat: torch.Tensor) -> float:
    """Return the mean squared error between two batches of images, over all their pixels.

    Parameters
    ----------
    x, x_hat : float tensors (n, d)

    Raises
    ------
    TypeError, ValueError
        If the two differ in shape or type, are empty, or hold numbers that are not finite or too large to be squared.
    """
    check_pair(x, x_hat)
    return _finite(F.mse_loss(x_hat, x).item(), x.dtype)


def psnr(x: torch.Tensor, x_hat: torch.Tensor, *, peak: float = 1.0) -> float:
    """Return the peak signal-to-noise ratio of two batches of images in decibels; 10 dB more is a tenth of the error.

    It is computed from one mean squared error over all images; equal images give infinity.

    Parameters
    ----------
    x, x_hat : float tensors (n, d)
    peak : float
        The range of the pixels: 1 for [0, 1], 2 for [-1, 1], 255 for bytes.
    """
    peak = check_number("peak", peak, open_ends=True)
    error = mse(x, x_hat)
    _check_range(x, x_hat, peak)
    return math.inf if error == 0 else 20 * math.log10(peak) - 10 * math.log10(error)


def ssim(x: torch.Tensor, x_hat: torch.Tensor, *, peak: float = 1.0) -> float:
    """Return the mean structural similarity of two batches of images: 1 for equal images, about 0 for unrelated ones.

    Compares brightness, contrast and structure in windows of 11×11 pixels with Gaussian weights of width 1.5, where
    PSNR only adds up errors. Windows lie wholly inside the image; the mean is over windows, then over images.

    Parameters
    ----------
    x, x_hat : float tensors (n, side²)
        Side at least 11.
    peak : float
        The range of the pixels: 1 for [0, 1], 2 for [-1, 1], 255 for bytes.

    References
    ----------
    Wang, Bovik, Sheikh & Simoncelli (2004), Image quality assessment: from error visibility to structural similarity.
    """
    peak = check_number("peak", peak, maximum=1e9, open_ends=True)
    check_rows("x", x)
    side = math.isqrt(x.shape[1])
    if side * side != x.shape[1] or side < 11 or len(x) == 0:
        raise ValueError(f"x must hold square pictures of at least 11×11 pixels, (n, side²); got {tuple(x.shape)}")
    mse(x, x_hat)  # refuses what cannot be compared
    _check_range(x, x_hat, peak)
    kernel = torch.exp(-((torch.arange(11, dtype=x.dtype, device=x.device) - 5) ** 2) / (2 * 1.5**2))
    kernel = kernel / kernel.sum()
    steps = range(side - 10)  # the positions of the window
    slide = torch.stack([F.pad(kernel, (step, side - 11 - step)) for step in steps])  # (side - 10, side)

    def window_mean(images: torch.Tensor) -> torch.Tensor:  # (n, side, side) → (n, side - 10, side - 10)
        with torch.autocast(images.device.type, enabled=False):  # which would round them
            return slide @ images @ slide.T  # a convolution with a separable window, as two matrix products

    level_x, level_y = x.mean(1)[:, None, None], x_hat.mean(1)[:, None, None]
    # centred, because squares of numbers far from 0 lose digits
    x, y = x.reshape(-1, side, side) - level_x, x_hat.reshape(-1, side, side) - level_y
    mean_x, mean_y = window_mean(x), window_mean(y)
    var_x, var_y = window_mean(x * x) - mean_x**2, window_mean(y * y) - mean_y**2
    covariance = window_mean(x * y) - mean_x * mean_y
    mean_x, mean_y = mean_x + level_x, mean_y + level_y
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2  # keep flat windows from dividing 0 by 0
    similarity = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    similarity = similarity / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))
    return _finite(similarity.mean().item(), x.dtype)


def _finite(measure: float, dtype: torch.dtype) -> float:
    """Return a measure of two batches of images; raise an error if NaN, infinity or an overflow has spoilt it."""
    if not math.isfinite(measure):
        raise ValueError(f"x and x_hat must hold finite numbers, small enough to be squared in {dtype}")
    return measure


def _check_range(x: torch.Tensor, x_hat: torch.Tensor, peak: float) -> None:
    """Raise an error if pixels clearly span more than the range in which an error is to be counted."""
    for name, part, least, most in (("x", x, 0.02, 1.5), ("x_hat", x_hat, 0, 20)):  # restored pixels may lie outside
        low, high = part.min().item(), part.max().item()
        if low < high and not least * peak <= high - low <= most * peak:
            told = f"{name} spans {low:.3g} to {high:.3g}, not {peak:g}"
            raise ValueError(f"peak must be the range of the pixels, 2 for [-1, 1]; {told}")


def pca_mse(components: torch.Tensor, mean: torch.Tensor, x: torch.Tensor) -> np.ndarray:
    """Return the mean squared error per pixel when x is rebuilt from its first k principal components, for every k.

    Parameters
    ----------
    components : tensor (k_max, features)
        Orthonormal rows, as in scikit-learn's `PCA.components_`.
    mean : tensor (features,)
    x : tensor (n, features)

    Returns
    -------
    array (k_max,)
        No value below 0; entry k - 1 belongs to k components.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, numbers are not finite, or the rows of components are not orthonormal.
    """
    check_dense("mean", mean, "(features,)")
    check_rows("mean", mean[None])
    check_rows("x", x, len(mean), least=1)
    check_rows("components", components, len(mean), least=1)
    components, mean, x = (part.detach().cpu().double() for part in (components, mean, x))  # no float64 on "mps"
    if not (components @ components.T - torch.eye(len(components), device="cpu")).abs().max() < 1e-3:
        raise ValueError("components must hold orthonormal rows of finite numbers, as in scikit-learn's PCA")
    centred = x - mean
    scores = centred @ components.T  # (n, k_max)
    outside = (centred - scores @ components).square().sum(1).mean()
    kept = scores.square().mean(0)  # (k_max,), by each component
    lost = outside + F.pad(kept[1:], (0, 1)).flip(0).cumsum(0).flip(0)  # sums only: no digits cancel
    if not lost.isfinite().all():
        raise ValueError("components, mean and x must hold finite numbers, small enough to be squared")
    return (lost / x.shape[1]).numpy()
