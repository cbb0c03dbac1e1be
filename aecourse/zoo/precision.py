"""How a weights file stores tensors, in half precision or bytes, and how large the rounding errors may be."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch
from torch import nn

from aecourse.data import PIXELS, load_mnist
from aecourse.evaluation import reconstruction_mse
from aecourse.models import Autoencoder
from aecourse.models.adopted import Adopted

SCALE = ".scale"  # the suffix for the step sizes of a matrix stored as int8
NEGLIGIBLE = 1e-3  # an rms error of a tensor that has no effect on pixels in [0, 1]
ROUNDING = {torch.float32: 1e-3, torch.float16: 0.01, torch.int8: 0.1}  # rms error allowed, in standard deviations


def quantise(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Round each row to whole numbers from -127 to 127; return them and the size of one step of each row."""
    scale = matrix.abs().amax(tuple(range(1, matrix.ndim)), keepdim=True) / 127
    scale = scale.to(torch.float16).clamp(min=torch.finfo(torch.float16).smallest_normal)
    return (matrix / scale.float()).round().clamp(-127, 127).to(torch.int8).contiguous(), scale.contiguous()


def to_half(values: np.ndarray) -> np.ndarray:
    """Round numbers to half precision, enough to draw them, in which they take half the bytes; same shape and type."""
    return values.astype(np.float16).astype(values.dtype)


def rounded(name: str, value: torch.Tensor, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Return one tensor by name as it is stored, with its scale if it becomes int8."""
    if not value.is_floating_point():
        return {name: value.contiguous()}
    if dtype == torch.int8 and value.ndim > 1:
        whole, scale = quantise(value)
        if not scale.isfinite().all():
            raise ValueError(f"model's {name} cannot be stored in bytes: it is too large, or not finite; try float32")
        return {name: whole, name + SCALE: scale}
    return {name: value.to(torch.float32 if dtype == torch.float32 else torch.float16).contiguous()}


def restore(stored: dict[str, torch.Tensor], name: str | Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a weights file with those in bytes multiplied by their scales."""
    tensors = dict(stored)
    for key in [key for key in tensors if key.endswith(SCALE)]:
        whole = tensors.get(key.removesuffix(SCALE))
        if whole is None or whole.dtype != torch.int8:
            continue  # another network may have a parameter of this name
        scale = tensors.pop(key)
        if whole.ndim < 2 or scale.shape != (len(whole), *[1] * (whole.ndim - 1)):
            raise ValueError(f"weights {str(name)!r} hold a scale {key!r} that fits none of their matrices")
        if not (scale.isfinite() & (scale > 0)).all():
            raise ValueError(f"weights {str(name)!r} are damaged: the scale {key!r} must be finite and above 0")
        tensors[key.removesuffix(SCALE)] = whole.float() * scale.float()
    for key, tensor in tensors.items():
        if tensor.dtype == torch.int8:
            raise ValueError(f"weights {str(name)!r} are damaged: {key + SCALE!r} is missing, {key} is stored in bytes")
    return tensors


def check_rounding(model: nn.Module, net: nn.Module, restored: dict[str, torch.Tensor], dtype: torch.dtype) -> None:
    """Raise an error if storing changes a tensor or the test error of the network too much."""
    for name, value in net.state_dict().items():
        if not value.is_floating_point() or not value.numel():
            continue
        value, kept = value.detach().cpu().double(), restored[name].double()
        if not kept.isfinite().all():
            why = "it is NaN or infinite" if not value.isfinite().all() else f"{dtype} makes it infinite"
            raise ValueError(f"model's {name} cannot be stored: {why}; float32 keeps what is finite")
        size = value.std() if value.numel() > 1 and value.std() > 0 else value.abs().max()
        if (kept - value).square().mean().sqrt() > max(ROUNDING[dtype] * size, NEGLIGIBLE):
            raise ValueError(f"{dtype} is too coarse for model's {name}; pass dtype=torch.float32")
    if isinstance(model, Autoencoder) and model.in_features == PIXELS and dtype != torch.float32:
        rounded, x = copy.deepcopy(model).cpu().float(), load_mnist()[1].x[:200]
        before = reconstruction_mse(rounded, x)
        (rounded.net if isinstance(model, Adopted) else rounded).load_state_dict(restored)
        after = reconstruction_mse(rounded, x)
        if not after <= 1.1 * before:
            raise ValueError(
                f"dtype {dtype} raises the MSE of 200 digits from {before:.4f} to {after:.4f}; pass dtype=torch.float32"
            )
