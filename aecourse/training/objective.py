"""What a network minimises, and what it can be trained on: the course's autoencoders and all other networks."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import nn

from aecourse.device import own_random_numbers
from aecourse.models import Autoencoder
from aecourse.models.adopted import TRIED, Adopted
from aecourse.models.base import check_network, in_evaluation_mode

Terms = dict[str, torch.Tensor]  # {name: scalar}, "total" among them


def objective(
    model: nn.Module, loss: Callable | None = None, x: torch.Tensor | None = None
) -> Callable[[torch.Tensor], Terms]:
    """Return the function of a batch that training minimises, as a dict of terms with "total" among them.

    Parameters
    ----------
    model : nn.Module
    loss : callable (model, batch), optional
        Without it, the network's own method `loss(batch)`.
    x : float tensor (n, …), optional
        Images on which a network from outside the course is tried once, so that an error comes before any work; its
        weights and the random numbers stay as they are.

    Raises
    ------
    TypeError, ValueError
        If there is no loss, or it takes or returns something else.
    """
    own = getattr(model, "loss", None)
    if loss is None and not callable(own):
        raise TypeError(
            f"model must have a method loss(x), or pass loss=…, a function of the model and a batch such as "
            f"lambda model, x: ((model(x) - x) ** 2).mean(); {type(model).__name__} has none"
        )
    function = own if loss is None else functools.partial(loss, model)
    if x is not None and (loss is not None or not isinstance(model, Autoencoder) or isinstance(model, Adopted)):
        with in_evaluation_mode(model), own_random_numbers(seed=0), torch.inference_mode(False):
            try:
                found = function(x[:TRIED].clone())  # a plain tensor, also of images of inference mode
            except (TypeError, ValueError, RuntimeError, IndexError, AttributeError) as error:
                shape = ", ".join(map(str, x.shape[1:]))
                hint = "; the output is not in [0, 1]: end with a sigmoid" if "between 0 and 1" in str(error) else ""
                raise type(error)(f"loss cannot be computed for images of shape (n, {shape}): {error}{hint}") from error
        total, weights = _as_terms(found)["total"], [weight for weight in model.parameters() if weight.requires_grad]
        if not total.requires_grad:
            raise ValueError("loss must depend on the weights of the model; this one has no gradient")
        if all(gradient is None for gradient in torch.autograd.grad(total, weights, allow_unused=True)):
            raise ValueError("loss must depend on the weights of the model; this one is another network's")
    return lambda batch: _as_terms(function(batch))


def _as_terms(loss: object) -> Terms:
    """Return a loss as a dict with the entry "total"."""
    terms = dict(loss) if isinstance(loss, dict) else {"total": loss}
    if "total" not in terms and "loss" in terms:
        terms["total"] = terms.pop("loss")
    for name in ("total", *terms):
        value = terms.get(name)
        if not isinstance(value, torch.Tensor) or value.numel() != 1:
            got = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, torch.Tensor) else repr(value)
            raise TypeError(
                f"loss must return a tensor with one number, or a dict of them with the entry 'total' or 'loss'; "
                f"its {name!r} is {got}"
            )
    return terms


def check_learns(name: str, model: nn.Module) -> None:
    """Raise an error if `model` is not a network, or has nothing to train, such as PCA."""
    check_network(name, model)
    if any(weight.is_inference() for weight in model.parameters()):
        raise ValueError(f"{name} was built under torch.inference_mode, where nothing learns: build it outside")
    if not any(weight.requires_grad for weight in model.parameters()):
        raise ValueError(f"{name} must have weights that learn; those of this {type(model).__name__} are all fixed")


@torch.inference_mode()
def has_died(model: nn.Module, x: torch.Tensor) -> bool:
    """Return whether the network gives the same output for every image, and a worse one than the mean image."""
    x = x[:1_000]
    try:
        with in_evaluation_mode(model), own_random_numbers(seed=0):
            x_hat = model(x.clone())
    except Exception:  # a network whose forward takes something else
        return False
    if not isinstance(x_hat, torch.Tensor) or x_hat.shape != x.shape or len(x) < 2:
        return False  # it does not give back images
    alike = x_hat.var(0).mean() < 1e-8 * x.var(0).mean()
    return bool(alike and (x_hat - x).square().mean() > 1.05 * x.var(0).mean())
