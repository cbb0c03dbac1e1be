"""A network and its pictures as bytes that the page can compute with: safetensors, and the layers in order."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from safetensors.torch import save
from torch import nn

from aecourse.data import PIXELS, load_mnist
from aecourse.device import own_random_numbers
from aecourse.evaluation.reconstruction import LOGITS, far_from_pixels
from aecourse.models import PCA, Autoencoder, SparseAutoencoder, StackedAutoencoder, VariationalAutoencoder
from aecourse.models.adopted import Adopted, adopt, cut, leaves
from aecourse.zoo.precision import SCALE, quantise
from aecourse.zoo.weights import shared_weights

ACTIVATIONS = {
    nn.ReLU: "relu", nn.GELU: "gelu", nn.Sigmoid: "sigmoid", nn.Tanh: "tanh", nn.SiLU: "silu", nn.Softplus: "softplus",
    nn.LeakyReLU: "leaky_relu", nn.ELU: "elu",
}  # fmt: skip
SILENT = (nn.Identity, nn.Flatten, nn.Unflatten, nn.Dropout, nn.Dropout2d)  # rows are kept flat in the page
TRIED = 20  # digits on which a network from outside is tried before it is shown
FOLDING = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)  # batch normalisation after them is worked into their weights
Layer = dict[str, object]


class Largest(nn.Module):
    """Keeps the k largest numbers of each row; stands for what `SparseAutoencoder` does with "topk"."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k


class UnknownLayerError(ValueError):
    """A network has a layer that the page cannot compute; the kernel computes it instead."""


def pack(tensors: Mapping[str, torch.Tensor | np.ndarray], layers: Mapping[str, list[Layer]] | None = None) -> bytes:
    """Return tensors by name as the bytes of a safetensors file; {part: its layers} makes it a network.

    What is float32 becomes float16 if that changes none of its numbers.
    """
    whole = {name: _shortest(torch.as_tensor(tensor).contiguous()) for name, tensor in tensors.items()}
    return save(whole, metadata={"layers": json.dumps(layers or {})})


def _shortest(tensor: torch.Tensor) -> torch.Tensor:
    short = tensor.half() if tensor.dtype == torch.float32 else tensor
    return short if torch.equal(short.to(tensor.dtype), tensor) else tensor


def pack_network(model: nn.Module, *, parts: Sequence[str] = (), exact: bool = False) -> bytes:
    """Return a network for the page, with the parts "encoder" and "decoder"; an `nn.Sequential` has one, "forward".

    A matrix that was shipped in bytes, with a scale for each row, stays so; all else is float16.

    Parameters
    ----------
    model : Autoencoder, another network with `encoder` and `decoder`, or an nn.Sequential
    parts : which of the parts, if not all
    exact : whether what is not in bytes stays float32, so that the page finds the numbers that Python finds

    Raises
    ------
    UnknownLayerError
        If a layer is none of those that the page can compute.
    """
    tensors: dict[str, torch.Tensor] = {}
    parts = parts or (("forward",) if isinstance(model, nn.Sequential) else ("encoder", "decoder"))
    with torch.no_grad():
        layers = {part: [*_layers(part, _part(model, part), tensors)] for part in parts}
    _share_tied(layers, tensors)
    kept: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        if tensor.ndim > 1 and (stored := in_bytes(tensor)):
            kept[name], kept[name + SCALE] = stored
        else:
            short = tensor.half()
            kept[name] = short if short.isfinite().all() and not exact else tensor
    return pack(kept, layers)


def in_bytes(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
    """A matrix as int8 and a scale for each row, if it was shipped so; batch normalisation may be worked into it."""
    largest = matrix.abs().amax(tuple(range(1, matrix.ndim)), keepdim=True)
    for scale in (quantise(matrix)[1].float(), (largest / 127).clamp(min=1e-30)):
        whole = (matrix / scale).round()
        if torch.allclose(whole * scale, matrix, rtol=1e-6, atol=0):
            return whole.to(torch.int8), scale
    return None


@functools.cache
def pack_shipped(name: str, parts: tuple[str, ...] = ()) -> bytes:
    """Return a shipped network for the page, packed once."""
    return pack_network(shared_weights(name), parts=parts)


def for_display(net: nn.Module) -> Autoencoder:
    """Return a network with a code, adopted if need be, as a copy on the CPU in evaluation mode: explorers show these.

    Raises
    ------
    TypeError, ValueError
        If `adopt` cannot take the network as it is, its halves are not known, it takes no digits, or one of its weights
        or of the pixels that it gives is not finite.
    """
    try:
        model = copy.deepcopy(adopt(net)).cpu().float().eval()
    except (TypeError, ValueError, RuntimeError) as error:  # the last if it is on the meta device
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"model cannot be shown as it is: {error}") from error
    if isinstance(model, Adopted) and not model.both:
        name = type(model.net).__name__
        raise TypeError(f"model must have a code to show; say how {name} makes it: adopt(net, encode=…, decode=…)")
    if not all(weight.isfinite().all() for weight in model.parameters()):
        raise ValueError("model has weights that are NaN or infinite; train it anew with a smaller lr")
    if model.in_features != PIXELS:
        raise ValueError(f"model must take digits of {PIXELS} pixels; got in_features {model.in_features}")
    with torch.inference_mode(), own_random_numbers(seed=0):
        x_hat = model.decode(model.encode(load_mnist()[1].x[:TRIED]))
    if not x_hat.isfinite().all():
        raise ValueError("model must give finite images; it gives others: train it anew with a smaller lr")
    if far_from_pixels(x_hat):
        raise ValueError(f"model must give pictures: {LOGITS}")
    return model


def name_of(model: Autoencoder) -> str:
    """Return the name of a learner's network for captions, made from its class."""
    return f"your {type(model.net if isinstance(model, Adopted) else model).__name__}"


def pack_images(x: torch.Tensor) -> torch.Tensor:
    """Return images in [0, 1] as bytes, if they are grays of 256 levels; else as they are."""
    grays = (x * 255).round().to(torch.uint8)
    return grays if torch.equal(grays.float() / 255, x) else x


def _share_tied(layers: dict[str, list[Layer]], tensors: dict[str, torch.Tensor]) -> None:
    """Where a matrix is another one transposed, as in PCA, keep one of the two, the one in bytes if it is; in place."""
    for layer in (layer for part in layers.values() for layer in part if layer["op"] == "linear"):
        matrix = tensors[layer["weight"]]
        for name, other in tensors.items():
            tied = name != layer["weight"] and other.ndim == 2 and other.shape[::-1] == matrix.shape
            if tied and torch.equal(other.T, matrix) and (in_bytes(other) or not in_bytes(matrix)):
                del tensors[layer["weight"]]
                layer |= {"weight": name, "transposed": True}
                break


def _part(model: nn.Module, part: str) -> nn.Module:
    """A part of a network as layers one after the other."""
    if isinstance(model, PCA):
        W, mean = model.components, model.mean
        return _linear(W, -W @ mean) if part == "encoder" else _linear(W.T, mean)
    if isinstance(model, SparseAutoencoder):
        atoms, bias = model.decoder.atoms, model.decoder.bias
        if part == "decoder":
            return _linear(atoms, bias)
        activate = [nn.Sigmoid() if model.penalty == "kl" else nn.ReLU()]
        activate += [Largest(model.k)] if model.penalty == "topk" else []
        return nn.Sequential(_linear(atoms.T, model.encoder_bias - atoms.T @ bias), *activate)
    if isinstance(model, StackedAutoencoder):
        used = list(model.layers[: model.depth])
        return nn.Sequential(*(getattr(layer, part) for layer in (used if part == "encoder" else used[::-1])))
    if isinstance(model, VariationalAutoencoder) and part == "encoder":
        return nn.Sequential(model.trunk, model.head_mu)
    if isinstance(model, Adopted):
        return _adopted_part(model, part)
    found = model if part == "forward" else getattr(model, part, None)
    if not isinstance(found, nn.Sequential | nn.Linear):
        raise UnknownLayerError(f"the page cannot compute a {type(model).__name__}: its {part} is no nn.Sequential")
    return found


def _adopted_part(model: Adopted, part: str) -> nn.Module:
    """A half of somebody's network as layers from rows to rows, if it is made so and its method does no more."""
    net, encodes = model.net, part == "encoder"
    found = cut(net)[not encodes] if isinstance(net, nn.Sequential) else getattr(net, part, None)
    plain = model.scale == (0, 1) and not model.resized and model.shape[0] != 3
    if plain and isinstance(found, nn.Sequential | nn.Linear):
        shape = model.shape if encodes else model.code_shape
        whole = nn.Sequential(*([nn.Unflatten(1, shape)] if len(shape) > 1 else []), found, nn.Flatten()).eval()
        x = torch.linspace(0, 1, 2 * PIXELS).view(2, PIXELS)
        x, half = (x, model.encode) if encodes else (model.encode(x), model.decode)
        ours, theirs = whole(x), half(x)
        if ours.shape == theirs.shape and torch.allclose(ours, theirs, atol=1e-5):
            return whole
    raise UnknownLayerError(f"the page cannot compute the {part} of a {type(net).__name__}: it is more than its layers")


def _linear(weight: torch.Tensor, bias: torch.Tensor) -> nn.Linear:
    layer = nn.utils.skip_init(nn.Linear, weight.shape[1], weight.shape[0])
    layer.weight.copy_(weight), layer.bias.copy_(bias)
    return layer


def _layers(part: str, module: nn.Module, tensors: dict[str, torch.Tensor]) -> Iterator[Layer]:
    """One part of a network, layer by layer; its weights go into `tensors`."""
    size: tuple[int, ...] = ()
    steps = [*leaves(part, module)]
    for i, (name, layer) in enumerate(steps):
        if type(layer) in ACTIVATIONS and _is_usual(layer):
            value = getattr(layer, "negative_slope", getattr(layer, "alpha", None))
            yield {"op": ACTIVATIONS[type(layer)]} | ({} if value is None else {"value": value})
        elif isinstance(layer, Largest):
            yield {"op": "largest", "value": layer.k}
        elif type(layer) in FOLDING:
            weight, bias = _folded(layer, steps[i + 1][1] if i + 1 < len(steps) else None)
            words = {"weight": f"{name}.weight"} | ({} if bias is None else {"bias": f"{name}.bias"})
            tensors |= {words[kind]: tensor for kind, tensor in (("weight", weight), ("bias", bias)) if kind in words}
            if isinstance(layer, nn.Linear):
                yield {"op": "linear"} | words
            else:
                before, size = size, _after(layer, size)
                op = "convolution" if isinstance(layer, nn.Conv2d) else "transposed convolution"
                yield {
                    "op": op,
                    "size": before,
                    "to": size,
                    "stride": layer.stride[0],
                    "padding": layer.padding[0],
                } | words
        elif isinstance(layer, nn.Unflatten):
            size = tuple(layer.unflattened_size)
        elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) and i and type(steps[i - 1][1]) in FOLDING:
            pass  # worked into the layer before
        elif not isinstance(layer, SILENT):
            raise UnknownLayerError(f"the page cannot compute a {type(layer).__name__} here")


def _is_usual(activation: nn.Module) -> bool:
    """Whether an activation is the one that the page has under its name."""
    return getattr(activation, "approximate", "none") == "none" and getattr(activation, "beta", 1) == 1


def _folded(layer: nn.Module, norm: nn.Module | None) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Weight and bias of a layer, with the batch normalisation after it worked into them."""
    weight, bias = layer.weight.float().cpu(), None if layer.bias is None else layer.bias.float().cpu()
    if not isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
        return weight, bias
    if norm.running_var is None:
        raise UnknownLayerError("the page cannot compute a batch normalisation that keeps no statistics")
    scale = ((1 if norm.weight is None else norm.weight) / (norm.running_var + norm.eps).sqrt()).float().cpu()
    shift = (0 if norm.bias is None else norm.bias.float().cpu()) - norm.running_mean.cpu() * scale
    along = 1 if isinstance(layer, nn.ConvTranspose2d) else 0  # which axis counts what comes out
    shape = [-1 if axis == along else 1 for axis in range(weight.ndim)]
    return weight * scale.view(shape), shift if bias is None else bias * scale + shift


def _after(layer: nn.Conv2d | nn.ConvTranspose2d, size: tuple[int, ...]) -> tuple[int, int, int]:
    """The size of what a convolution gives; (channels, height, width) → (channels, height, width)."""
    square = len({*layer.stride}) == len({*layer.padding}) == len({*layer.kernel_size}) == 1
    if len(size) != 3 or not square or layer.groups != 1 or set(layer.dilation) != {1} or layer.padding_mode != "zeros":
        raise UnknownLayerError("the page computes convolutions of square kernels over pictures only")
    kernel, stride, padding = layer.kernel_size[0], layer.stride[0], layer.padding[0]
    if isinstance(layer, nn.Conv2d):
        sides = [(side + 2 * padding - kernel) // stride + 1 for side in size[1:]]
    else:
        sides = [(side - 1) * stride - 2 * padding + kernel + layer.output_padding[0] for side in size[1:]]
    return (layer.out_channels, *sides)
