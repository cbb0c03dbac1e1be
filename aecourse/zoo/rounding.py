"""Rounding the matrices of a network to bytes so that what it computes hardly changes."""

from __future__ import annotations

import torch
from torch import nn

from aecourse.evaluation import reconstruct
from aecourse.models import Autoencoder
from aecourse.zoo.precision import quantise

DAMPING = 0.01  # share of the inputs' mean square that is added to all squares: some pixels are always 0


@torch.no_grad()
def round_to_bytes(model: Autoencoder, x: torch.Tensor) -> None:
    """Round every matrix of a network's linear layers, in place, to whole steps of its rows.

    The columns are rounded one after the other. Those that follow compensate for the error as well as they can, on the
    inputs that the layers rounded before give for `x` (Frantar et al. 2023, GPTQ). The test error of the bottleneck
    networks rises by 0.0 to 0.4 %; with plain rounding it rises by 0.1 to 3.5 %.

    Parameters
    ----------
    model : Autoencoder
        Each of its linear layers must take part in its reconstruction.
    x : float (n, features), training images, about 2,000 of them
    """
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            came: list[torch.Tensor] = []
            hook = layer.register_forward_pre_hook(lambda _, given, came=came: came.append(given[0]))
            reconstruct(model, x)
            hook.remove()
            layer.weight.copy_(_compensated(layer.weight.double(), came[0].double()))


def _compensated(W: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Round W (out, in) column by column for inputs x (n, in)."""
    whole, scale = quantise(W.float())
    largest = whole.abs() == 127  # stays: the step of a row is read from it
    step = scale.double()
    squares = x.T @ x / len(x)
    squares += DAMPING * squares.diag().mean() * torch.eye(len(squares), dtype=x.dtype, device=x.device)
    order = squares.diag().argsort(descending=True)  # the inputs that matter most come first
    W, largest, squares = W[:, order].clone(), largest[:, order], squares[order][:, order]
    inverse = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(squares)), upper=True)
    for column in range(W.shape[1]):
        exact = W[:, column : column + 1].clone()
        rounded = (exact / step).round().clamp(-127, 127)
        rounded = torch.where(largest[:, column : column + 1], whole[:, order[column]][:, None].double(), rounded)
        W[:, column : column + 1] = rounded * step
        W[:, column + 1 :] -= (
            (exact - rounded * step) / inverse[column, column] @ inverse[column : column + 1, column + 1 :]
        )
    return W[:, order.argsort()].float()
