"""How well damage is repaired: by a median filter, which learns nothing, and by a denoising network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from scipy.ndimage import median_filter

from aecourse.data import PIXELS, SIDE, corrupt
from aecourse.device import to_numpy
from aecourse.evaluation.reconstruction import mse, reconstruct
from aecourse.models import Autoencoder
from aecourse.models.base import check_finite, check_images_of, check_network, check_rows


def median_filtered(x: torch.Tensor) -> torch.Tensor:
    """Return each pixel's median over its 3×3 neighbourhood; (n, 784) → (n, 784)."""
    check_rows("x", x, PIXELS, least=1)
    check_finite("x", x)
    filtered = median_filter(to_numpy(x.cpu().double()).reshape(-1, SIDE, SIDE), size=(1, 3, 3))
    return torch.from_numpy(filtered).view(len(x), -1).to(x)


@torch.inference_mode()
def errors_by_strength(
    model: Autoencoder, x: torch.Tensor, noise: str, strengths: Sequence[float]
) -> dict[str, list[float]]:
    """Return the mean squared error at each strength of a corruption, as {"damaged", "median filter", "repaired"}.

    Parameters
    ----------
    model : Autoencoder
        Trained to repair.
    x : float tensor (n, 784)
        Clean digits.
    noise, strengths
        As in `aecourse.data.corrupt`.
    """
    check_network("model", model)
    check_images_of(model, "x", x)
    if isinstance(strengths, str) or not isinstance(strengths, Iterable):
        raise TypeError(f"strengths must be a list of numbers; got {strengths!r}")
    curves: dict[str, list[float]] = {"damaged": [], "median filter": [], "repaired": []}
    for strength in strengths:
        damaged = corrupt(x, noise, strength, seed=0)
        for curve, images in zip(
            curves.values(), (damaged, median_filtered(damaged), reconstruct(model, damaged)), strict=True
        ):
            curve.append(mse(x, images))
    return curves
