"""Stacked autoencoders: a deep autoencoder built out of shallow ones, and a classifier on top of its code."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import nn
from torch.nn import functional as F

from aecourse.checks import check_choice, check_whole
from aecourse.device import not_dense
from aecourse.models.base import (
    ACTIVATIONS,
    MOST,
    Autoencoder,
    Config,
    check_model,
    check_rows,
    check_same_device,
    check_sizes,
    in_evaluation_mode,
)


@dataclass(frozen=True, kw_only=True)
class ShallowConfig(Config):
    """See `ShallowAutoencoder`."""

    activation: str
    output: str

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("activation", self.activation, tuple(ACTIVATIONS))
        check_choice("output", self.output, tuple(ACTIVATIONS))


@dataclass(frozen=True, kw_only=True)
class StackedConfig(Config):
    """See `StackedAutoencoder`."""

    hidden: tuple[int, ...]
    activation: str
    depth: int

    def __post_init__(self) -> None:
        super().__post_init__()
        hidden = check_sizes("hidden", self.hidden)
        self._keep(hidden=hidden, depth=check_whole("depth", self.depth, minimum=0, maximum=len(hidden) + 1))
        check_choice("activation", self.activation, tuple(ACTIVATIONS))


class ShallowAutoencoder(Autoencoder):
    """One layer to encode, one to decode: in_features → latent_dim → in_features; the building block of a stack.

    Taught in notebooks/04_deep_and_stacked.ipynb.

    Parameters
    ----------
    latent_dim, in_features : int
    activation : {"gelu", "relu", "sigmoid", "tanh", "linear"}
        Follows the encoder's layer.
    output : {"gelu", "relu", "sigmoid", "tanh", "linear"}
        Follows the decoder's layer.
    """

    def __init__(
        self, latent_dim: int = 256, *, in_features: int = 784, activation: str = "tanh", output: str = "sigmoid"
    ) -> None:
        config = ShallowConfig(latent_dim=latent_dim, in_features=in_features, activation=activation, output=output)
        super().__init__(config)
        self.encoder = nn.Sequential(nn.Linear(self.in_features, self.latent_dim), ACTIVATIONS[activation]())
        self.decoder = nn.Sequential(nn.Linear(self.latent_dim, self.in_features), ACTIVATIONS[output]())

    @property
    def pixels_in_unit_range(self) -> bool:
        """Whether x_hat, and therefore x, lies in [0, 1]."""
        return self.config.output == "sigmoid"


class StackedAutoencoder(Autoencoder):
    """Shallow autoencoders on top of each other: each encodes the code of the one below.

    Together they are the deep autoencoder 784 → hidden → latent_dim → hidden reversed → 784.
    `aecourse.training.fit_layerwise` trains one layer after the other; `fit` then fine-tunes them together. Taught in
    notebooks/04_deep_and_stacked.ipynb.

    Parameters
    ----------
    latent_dim : int
        Size of the topmost code.
    hidden : sequence of int
        Sizes of the layers between input and code, input side first.
    activation : {"gelu", "relu", "sigmoid", "tanh", "linear"}
        Follows every hidden layer; the topmost code is linear. A bounded activation keeps the codes of all layers on
        one scale; without it, greedy training loses more with each layer.
    depth : int
        How many layers are in use, from 0 to len(hidden) + 1. With 0, none is trained yet and nothing can be encoded;
        give the full number to train all layers at once from their random initial weights.

    Attributes
    ----------
    layers : ModuleList of ShallowAutoencoder
        Input side first.
    depth : int
        How many layers encode and decode; `latent_dim` is the size of the topmost code in use.

    References
    ----------
    Bengio, Lamblin, Popovici & Larochelle (2007), Greedy layer-wise training of deep networks; Vincent et al. (2010),
    Stacked denoising autoencoders.
    """

    def __init__(
        self,
        latent_dim: int = 32,
        *,
        hidden: Sequence[int] = (256, 128),
        in_features: int = 784,
        activation: str = "tanh",
        depth: int = 0,
    ) -> None:
        config = StackedConfig(
            latent_dim=latent_dim, hidden=hidden, in_features=in_features, activation=activation, depth=depth
        )
        super().__init__(config)
        self.sizes = (config.in_features, *config.hidden, config.latent_dim)
        last = len(config.hidden)
        self.layers = nn.ModuleList(
            ShallowAutoencoder(
                size_out,
                in_features=size_in,
                activation="linear" if i == last else activation,
                output="sigmoid" if i == 0 else activation,
            )
            for i, (size_in, size_out) in enumerate(itertools.pairwise(self.sizes))
        )

    @classmethod
    def from_layers(cls, layers: Sequence[ShallowAutoencoder]) -> StackedAutoencoder:
        """Build a stack from autoencoders that were trained one by one, each on the codes of the one below.

        Raises
        ------
        ValueError
            If the input size of a layer is not the code size of the one below, or an activation does not fit.
        """
        if not isinstance(layers, Sequence) or not layers:
            raise TypeError(f"layers must be a sequence of at least one ShallowAutoencoder; got {layers!r}")
        for i, layer in enumerate(layers):
            if not isinstance(layer, ShallowAutoencoder):
                raise TypeError(f"layers[{i}] must be a ShallowAutoencoder; got {type(layer).__name__}")
        for i, (below, above) in enumerate(itertools.pairwise(layers)):
            if above.in_features != below.latent_dim:
                raise ValueError(
                    f"layers must chain: layers[{i}] gives {below.latent_dim} numbers, "
                    f"layers[{i + 1}] takes {above.in_features}"
                )
        stack = cls(
            layers[-1].latent_dim,
            hidden=tuple(layer.latent_dim for layer in layers[:-1]),
            in_features=layers[0].in_features,
            activation=layers[0].config.activation if len(layers) > 1 else "tanh",
        )
        for i, (expected, layer) in enumerate(zip(stack.layers, layers, strict=True)):
            for name in ("activation", "output"):
                if (came := getattr(layer.config, name)) != (accepted := getattr(expected.config, name)):
                    raise ValueError(f"layers[{i}] must have {name} {accepted!r} in this stack; got {came!r}")
            expected.load_state_dict(layer.state_dict())
        stack.depth = len(layers)
        weight = next(layers[0].parameters())
        return stack.to(weight.device, weight.dtype)

    @property
    def depth(self) -> int:
        """How many layers, counted from the input, encode and decode."""
        return self.config.depth

    @depth.setter
    def depth(self, depth: int) -> None:
        self._config = replace(self.config, depth=depth)

    @property
    def latent_dim(self) -> int:
        """The size of the topmost code in use."""
        return self.sizes[self.depth or -1]

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Encode x with the layers in use, from the first up; (n, in_features) → (n, latent_dim)."""
        check_rows("x", x, self.in_features, model=self)
        self._check_in_use()
        for layer in self.layers[: self.depth]:
            x = layer.encoder(x)
        return x

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """Decode z with the layers in use, from the top down; (n, latent_dim) → (n, in_features)."""
        self._check_in_use()
        check_rows("z", z, self.latent_dim, model=self)
        for layer in reversed(self.layers[: self.depth]):
            z = layer.decoder(z)
        return z

    def _check_in_use(self) -> None:
        if self.depth == 0:
            raise ValueError(
                "depth is 0: no layer of this stack is trained; call fit_layerwise(stack, x), or build it with "
                f"depth={len(self.layers)} to train all layers at once"
            )


class Classifier(nn.Module):
    """The encoder of an autoencoder with one linear layer on top that gives a score for each class.

    The encoder is copied, so that fine-tuning the classifier leaves the autoencoder unchanged. Taught in
    notebooks/04_deep_and_stacked.ipynb.

    Parameters
    ----------
    autoencoder : Autoencoder
        Trained or not.
    classes : int
        At least 2.
    """

    def __init__(self, autoencoder: Autoencoder, *, classes: int = 10) -> None:
        super().__init__()
        check_model(autoencoder)
        self.classes = check_whole("classes", classes, minimum=2, maximum=MOST)
        self.in_features = autoencoder.in_features
        self.body = _encoder_only(copy.deepcopy(autoencoder))
        self.head = nn.Linear(autoencoder.latent_dim, classes)
        weight = next(autoencoder.parameters())
        self.head.to(weight.device, weight.dtype)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return one score (logit) for each class; (n, in_features) → (n, classes)."""
        return self.head(self.body.encode(x))

    def loss(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return {"total": cross-entropy in nats, averaged over images}."""
        scores = self(x)
        self._check_kind(labels, len(x))
        check_same_device("labels", labels, "the model", scores)
        if scores.device.type == "cpu":
            self.check_labels(labels, len(x))
            return {"total": F.cross_entropy(scores, labels.clone())}  # they may be of inference mode
        # On a GPU such a check would make each step wait, and CUDA's own makes the GPU unusable: give NaN instead.
        wrong = labels.clamp(0, self.classes - 1) != labels
        each = F.cross_entropy(scores, labels.masked_fill(wrong, 0), reduction="none")
        return {"total": each.masked_fill(wrong, float("nan")).mean()}

    @torch.inference_mode()
    def accuracy(self, x: torch.Tensor, labels: torch.Tensor, *, batch_size: int = 5_000) -> float:
        """Return the share of images whose label has the highest score."""
        self.body.check_images("x", x)
        self.check_labels(labels, len(x))
        check_same_device("labels", labels, "x", x)
        batch_size = min(check_whole("batch_size", batch_size), len(x))
        with in_evaluation_mode(self):
            right = sum(
                (self(images).argmax(1) == truth).sum().item()
                for images, truth in zip(x.split(batch_size), labels.split(batch_size), strict=True)
            )
        return right / len(x)

    def check_labels(self, labels: torch.Tensor, count: int) -> None:
        """Raise an error unless the labels hold one class number for each of `count` images."""
        self._check_kind(labels, count)
        if count and not (labels.min() >= 0 and labels.max() < self.classes):
            raise ValueError(f"labels must be from 0 to {self.classes - 1}; got {labels.min()} to {labels.max()}")

    def _check_kind(self, labels: torch.Tensor, count: int) -> None:
        """Raise an error unless the labels have the right type and shape; their values are not checked."""
        tensor = isinstance(labels, torch.Tensor)
        if tensor and (got := not_dense(labels)):
            raise TypeError(f"labels must be a dense tensor that holds numbers; got {got}")
        if not tensor or labels.dtype != torch.int64 or labels.shape != (count,):
            got = f"{labels.dtype}, {tuple(labels.shape)}" if tensor else type(labels).__name__
            raise TypeError(f"labels must be an int64 tensor of shape ({count},), one class for each image; got {got}")


def _encoder_only(model: Autoencoder) -> Autoencoder:
    """Remove the layers that `encode` never uses, so that no optimiser keeps their weights."""
    weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    if not weights or getattr(model, "depth", 1) == 0:  # PCA, or a stack of depth 0, whose encode explains itself
        return model
    was_training = model.training
    with torch.inference_mode(False), torch.enable_grad():
        z = model.eval().encode(next(iter(weights.values())).new_zeros(1, model.in_features))
        reached = torch.autograd.grad(z.sum(), list(weights.values()), allow_unused=True)
    unused = {name for name, grad in zip(weights, reached, strict=True) if grad is None}
    for name, layer in list(model.named_modules()):
        own = {f"{name}.{key}" for key, _ in layer.named_parameters(recurse=False)}
        if own and own <= unused:
            model.set_submodule(name, nn.Identity())
    return model.train(was_training)
