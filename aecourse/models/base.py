"""What every autoencoder of the course has in common."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from aecourse.checks import check_whole, scaling_hint
from aecourse.device import not_dense

MOST = 1_000_000  # units of a layer, images drawn at once
ACTIVATIONS = {"gelu": nn.GELU, "relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "linear": nn.Identity}


@dataclass(frozen=True, kw_only=True)
class Config:
    """The arguments a model is built from, which are saved with its weights; each family adds its own.

    A configuration validates itself: one that exists can be built.
    """

    latent_dim: int
    in_features: int = 784

    def __post_init__(self) -> None:
        self._keep(
            latent_dim=check_whole("latent_dim", self.latent_dim, maximum=MOST),
            in_features=check_whole("in_features", self.in_features, maximum=MOST),
        )

    def arguments(self) -> dict[str, object]:
        """Return the arguments with which the family's constructor builds an equal model."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.init}

    def _keep(self, **fields: object) -> None:
        """Replace fields by their validated values while the configuration is being created."""
        for name, value in fields.items():
            object.__setattr__(self, name, value)


class FromConfig:
    """An attribute of a model that is read from its configuration, so that the two cannot disagree.

    Parameters
    ----------
    adjustable : bool
        Whether it may be set on a built model, as β is for a warm-up; the configuration is then updated.
    """

    def __init__(self, *, adjustable: bool = False) -> None:
        self.adjustable = adjustable

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, model: Autoencoder | None, owner: type | None = None) -> Any:
        return self if model is None else getattr(model.config, self.name)

    def __set__(self, model: Autoencoder, value: object) -> None:
        if not self.adjustable:
            family = type(model).__name__
            raise AttributeError(
                f"{self.name} is settled when a model is built; build another: {family}(…, {self.name}={value!r})"
            )
        model._config = replace(model.config, **{self.name: value})


class Autoencoder(nn.Module):
    """An encoder f and a decoder g, trained so that g(f(x)) ≈ x.

    A family builds two modules, `encoder` and `decoder`, and inherits the rest. Families differ mostly in their
    `loss`, which may ask for more than a good copy. A batch of images or codes is a dense float tensor with a row for
    each, at least one, of the model's precision and on its device; a TypeError or ValueError names what is not. Taught
    in notebooks/02_encoder_and_decoder.ipynb.

    Parameters
    ----------
    config : Config, optional
        What the family is built from; a family without settings of its own passes latent_dim and in_features instead.

    Attributes
    ----------
    in_features : int
        The size of one input.
    latent_dim : int
        The size of its code (the bottleneck).
    config : Config
        The arguments that build an equal model.
    """

    in_features: int = FromConfig()
    latent_dim: int = FromConfig()
    pixels_in_unit_range = True  # whether it ends in a sigmoid and so expects pixels in [0, 1]
    ordered = False  # whether the first k code numbers alone give an image, for every k; `encode` then takes k

    encoder: nn.Module  # (n, in_features) → (n, latent_dim)
    decoder: nn.Module  # (n, latent_dim) → (n, in_features)

    def __init__(self, config: Config | None = None, **settings: int) -> None:
        super().__init__()
        if config is not None and not isinstance(config, Config):
            raise TypeError(f"config must be a Config; got {config!r}. Write latent_dim=…, in_features=…")
        self._config = Config(**settings) if config is None else config

    @property
    def config(self) -> Config:
        """The arguments this model was built from, which are saved with its weights."""
        return self._config

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Return the code z of each image; (n, in_features) → (n, latent_dim)."""
        check_rows("x", x, self.in_features, model=self)
        return self.encoder(x)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """Return the image x_hat of each code; (n, latent_dim) → (n, in_features)."""
        check_rows("z", z, self.latent_dim, model=self)
        return self.decoder(z)

    def squeeze(self, x: torch.Tensor, k: int) -> torch.Tensor:
        """Reconstruct x from only k code numbers; (n, in_features) → (n, in_features).

        Unless the code is ordered, k must be latent_dim.
        """
        if self.ordered:
            return self.decode(self.encode(x, k))
        check_whole("k", k, minimum=self.latent_dim, maximum=self.latent_dim)
        return self(x)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Encode and decode; (n, in_features) → (n, in_features)."""
        return self.decode(self.encode(x))

    def loss(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the terms of the loss by name, each a scalar; training minimises "total"."""
        return {"total": F.mse_loss(self(x), x)}

    @torch.no_grad()  # images of inference mode can be looked at
    def check_images(self, name: str, x: torch.Tensor) -> None:
        """Raise an error if this model cannot be trained or evaluated on x.

        Raises
        ------
        TypeError
            If x is not a dense floating-point tensor of the model's precision.
        ValueError
            If x is empty, on another device, not (n, in_features), not finite, or outside [0, 1] for a model that ends
            in a sigmoid.
        """
        check_rows(name, x, self.in_features, model=self)
        low, high = check_finite(name, x)
        if self.pixels_in_unit_range and not (low >= 0 and high <= 1):
            hint = f"{scaling_hint(low, high)}, or take a dense model with output='linear'"
            raise ValueError(f"{name} must hold pixels in [0, 1]; got values from {low:.3g} to {high:.3g}: {hint}")

    @property
    def parameter_count(self) -> int:
        """The number of parameters."""
        return sum(p.numel() for p in self.parameters())


def stack_layers(sizes: Sequence[int], activation: str, *, batch_norm: bool = False) -> list[nn.Module]:
    """Return linear layers from sizes[0] to sizes[-1], each followed by its activation."""
    layers: list[nn.Module] = []
    for size_in, size_out in itertools.pairwise(sizes):
        layers.append(nn.Linear(size_in, size_out))
        if batch_norm:
            layers.append(nn.BatchNorm1d(size_out))
        layers.append(ACTIVATIONS[activation]())
    return layers


def check_network(name: str, model: nn.Module) -> None:
    """Raise an error if `model` is not a network, of the course or of anybody else."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"{name} must be an nn.Module, such as a DenseAutoencoder; got {type(model).__name__}")


def check_images_of(model: nn.Module, name: str, x: torch.Tensor) -> None:
    """Raise an error if a network, the course's or anybody's, cannot be trained or evaluated on x.

    An Autoencoder of the course knows the shape and the range it takes; the images of another network need only be a
    batch of finite numbers of its precision.
    """
    if isinstance(model, Autoencoder):
        model.check_images(name, x)
        return
    check_batch(name, x, model)
    check_finite(name, x)


@torch.no_grad()  # as above
def check_batch(name: str, x: torch.Tensor, model: nn.Module) -> None:
    """Raise an error unless x is a batch that a network takes: (n, in_features), or (n, …)."""
    if isinstance(model, Autoencoder):
        check_rows(name, x, model.in_features, model=model)
    else:
        dense = isinstance(x, torch.Tensor) and x.layout == torch.strided and not x.is_nested
        check_rows(name, x.flatten(1) if dense and x.ndim > 2 and len(x) else x, model=model)


def check_finite(name: str, x: torch.Tensor) -> tuple[float, float]:
    """Return the smallest and the largest number of x; raise an error if one is not finite."""
    low, high = x.min().item(), x.max().item()  # NaN spreads through both
    if not (low > float("-inf") and high < float("inf")):
        raise ValueError(f"{name} must hold finite numbers only; it contains NaN or infinity")
    return low, high


def set_training(model: nn.Module) -> None:
    """Put a network into training mode, but parts whose weights are all frozen into evaluation mode.

    So the means and variances of a frozen batch normalisation stay as they are.
    """
    model.train()
    for part in model.modules():
        weights = list(part.parameters())
        if weights and not any(weight.requires_grad for weight in weights):
            part.eval()


@contextmanager
def in_evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode for the block, and every part of it back into the mode it was in."""
    modes = {part: part.training for part in model.modules()}
    try:
        model.eval()
        yield
    finally:
        for part, mode in modes.items():
            part.training = mode


def check_model(model: Autoencoder) -> Autoencoder:
    """Return `model` if it is an Autoencoder; raise an error otherwise."""
    if not isinstance(model, Autoencoder):
        raise TypeError(f"model must be an Autoencoder; got {type(model).__name__}")
    return model


def check_sizes(name: str, sizes: Sequence[int], *, max_layers: int | None = None) -> tuple[int, ...]:
    """Return `sizes` as a tuple if each is a whole number above 0; raise an error otherwise."""
    if isinstance(sizes, str | bytes) or not isinstance(sizes, Sequence):
        raise TypeError(f"{name} must be a sequence of layer sizes such as (512,); got {sizes!r}")
    if max_layers is not None and not 1 <= len(sizes) <= max_layers:
        raise ValueError(f"{name} must name 1 to {max_layers} layers; got {len(sizes)}")
    return tuple(check_whole(f"{name}[{i}]", size, maximum=MOST) for i, size in enumerate(sizes))


def check_rows(
    name: str, rows: torch.Tensor, features: int | None = None, *, model: nn.Module | None = None, least: int = 0
) -> None:
    """Raise an error unless `rows` is a dense float tensor of shape (n, features); without `features`, of any width.

    A model takes a batch: at least one row, of the model's precision and on its device. The values are not checked,
    which would make each training step wait.
    """
    shape = f"(n, {'d' if features is None else features})"
    check_dense(name, rows, shape)
    if rows.ndim != 2 or features not in (None, rows.shape[1]) or rows.shape[1] == 0:
        raise ValueError(f"{name} must have shape {shape}; got {tuple(rows.shape)}")
    if len(rows) < (least if model is None else 1):
        raise ValueError(f"{name} must hold at least one row, {shape}; got none")
    weight = None if model is None else next(model.parameters(), None)
    if weight is None:
        return
    check_same_device(name, rows, "the model", weight)
    if rows.dtype != weight.dtype and not torch.is_autocast_enabled(rows.device.type):
        dtype = weight.dtype
        raise TypeError(f"{name} must hold {dtype} like the model; got {rows.dtype} (convert with .to({dtype}))")
    if torch.compiler.is_compiling() or not (torch.is_grad_enabled() and rows.is_inference()):
        return
    if any(weight.requires_grad for weight in model.parameters()):
        raise ValueError(
            f"{name} comes from torch.inference_mode, nothing can be learnt through it: take {name}.clone(), or call "
            "this under torch.no_grad()"
        )


def check_dense(name: str, x: torch.Tensor, shape: str) -> None:
    """Raise an error unless x is a dense tensor of floating-point numbers; `shape` is only for the message."""
    if not isinstance(x, torch.Tensor):
        hint = f"; pass its images, {name}.x" if hasattr(x, "x") else ""
        raise TypeError(f"{name} must be a torch.Tensor of shape {shape}; got {type(x).__name__}{hint}")
    if got := not_dense(x):
        raise TypeError(f"{name} must be a dense tensor of shape {shape}; got {got}")
    if not x.is_floating_point() or x.itemsize < 2:
        raise TypeError(f"{name} must hold floating-point numbers of 16 bits or more; got {x.dtype}")


def check_pair(x: torch.Tensor, x_hat: torch.Tensor) -> None:
    """Raise an error if two batches of images cannot be compared pixel by pixel."""
    check_rows("x", x, least=1)
    check_rows("x_hat", x_hat, x.shape[1])
    check_alike(x, x_hat)


def check_alike(x: torch.Tensor, x_hat: torch.Tensor) -> None:
    """Raise an error unless x_hat has the shape, the device and, but for autocast, the precision of x."""
    precise = x_hat.dtype == x.dtype or torch.is_autocast_enabled(x.device.type)
    if x_hat.shape != x.shape or not precise or x_hat.device != x.device:
        same = f"{tuple(x.shape)}, {x.dtype} on {x.device}"
        raise ValueError(f"x_hat must be like x, {same}; got {tuple(x_hat.shape)}, {x_hat.dtype} on {x_hat.device}")


def check_same_device(name: str, x: torch.Tensor, other_name: str, other: torch.Tensor) -> None:
    """Raise an error if two tensors lie on different devices."""
    if x.device != other.device:
        raise ValueError(f"{name} is on {x.device} and {other_name} on {other.device}; move one with .to(device)")


def cross_entropy(x_hat: torch.Tensor, x: torch.Tensor, *, reduction: str = "mean") -> torch.Tensor:
    """Return the binary cross-entropy of probabilities x_hat and pixels x; an error names the one that is invalid.

    Raises
    ------
    ValueError
        If a pixel or a probability is outside [0, 1].
    FloatingPointError
        If a probability is NaN, because a weight is NaN or too large.
    """
    if x_hat.device.type != "cpu":
        return _cross_entropy_of_any(x_hat, x, reduction)
    try:
        return F.binary_cross_entropy(x_hat, x, reduction=reduction)
    except RuntimeError as error:  # looked for only now, since each look would make a training wait
        low, high = check_finite("x", x)
        if not (low >= 0 and high <= 1):
            raise ValueError(f"x must hold pixels in [0, 1]; got values from {low:.3g} to {high:.3g}") from error
        if x_hat.isnan().any():
            message = "x_hat holds NaN: a weight of the model is NaN or too large; train it with a smaller lr"
            raise FloatingPointError(message) from error
        if x_hat.min() < 0 or x_hat.max() > 1:
            raise ValueError("x_hat must hold probabilities, in [0, 1]; got others") from error
        raise


def _cross_entropy_of_any(x_hat: torch.Tensor, x: torch.Tensor, reduction: str) -> torch.Tensor:
    """Return the cross-entropy on a GPU, with NaN where a pixel or a probability is outside [0, 1].

    CUDA's own check ends the whole use of the card, weights included, and to look at the values first would make each
    step of a training wait. `fit` finds the NaN at the end of the epoch and puts the weights back.
    """
    with torch.autocast(x_hat.device.type, enabled=False):  # which refuses this loss
        x_hat = x_hat.to(x.dtype)
        wrong = (x_hat.clamp(0, 1) != x_hat) | (x.clamp(0, 1) != x)  # NaN too
        each = F.binary_cross_entropy(x_hat.masked_fill(wrong, 0.5), x.masked_fill(wrong, 0.5), reduction="none")
    each = each.masked_fill(wrong, float("nan"))
    return each if reduction == "none" else each.mean()
