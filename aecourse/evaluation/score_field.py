"""The score of a density: the direction and the rate at which its logarithm grows."""

from __future__ import annotations

import torch

from aecourse.checks import check_number
from aecourse.models.base import check_rows, check_same_device


def mixture_score(x: torch.Tensor, centres: torch.Tensor, sigma: float) -> torch.Tensor:
    """Return ∇ log p at x, the direction and rate of growth of log p; p is an equal mixture of N(centre, sigma² I).

    If the centres are the clean data, p is the density of the data with Gaussian noise added, and x + sigma² ∇ log
    p(x) is the best estimate of the clean point under squared error (Tweedie's formula).

    Parameters
    ----------
    x : float tensor (n, d)
    centres : float tensor (m, d)
    sigma : float
        The standard deviation of each Gaussian, above 0.

    Returns
    -------
    tensor (n, d)

    Raises
    ------
    TypeError, ValueError
        If the two do not fit together, or numbers are not finite or too large to be squared.

    References
    ----------
    Vincent (2011), A connection between score matching and denoising autoencoders; Robbins (1956), An empirical Bayes
    approach to statistics.
    """
    check_rows("centres", centres, least=1)
    check_rows("x", x, centres.shape[1], least=1)
    check_same_device("x", x, "centres", centres)
    sigma = check_number("sigma", sigma, maximum=1e15, open_ends=True)
    scores = []
    for part in x.split(max(1, 2_000_000 // max(1, centres.numel()))):  # 2 million differences at once
        offset = centres - part[:, None]  # (part, m, d); as exact far from 0 as near it, unlike ‖x‖² − 2 x·c + ‖c‖²
        weight = (-offset.square().sum(2) / (2 * sigma**2)).softmax(1)  # (part, m), p(centre | x)
        with torch.autocast(x.device.type, enabled=False):  # which would round the product
            scores.append((weight[:, None] @ offset)[:, 0] / sigma**2)
    score = torch.cat(scores)
    if not score.isfinite().all():
        raise ValueError(f"x, centres and 1 / sigma must be finite, and small enough to be squared in {score.dtype}")
    return score
