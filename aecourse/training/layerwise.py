"""Training in stages: a stack layer by layer, and a classifier on top of it."""

from __future__ import annotations

import inspect

import torch

from aecourse.models import Classifier, StackedAutoencoder
from aecourse.models.base import check_images_of
from aecourse.training.loop import History, fit, training_loop
from aecourse.training.objective import check_learns
from aecourse.training.settings import check_batches, check_callbacks, check_settings


def fit_layerwise(
    stack: StackedAutoencoder,
    x: torch.Tensor,
    *,
    epochs: int = 5,
    validation: torch.Tensor | None = None,
    seed: int = 0,
    progress: bool = True,
    **options,
) -> list[History]:
    """Pretrain a stack greedily: train each layer as an autoencoder of the codes of the layers below it.

    The layers below stay fixed meanwhile, and no layer sees a label. Afterwards the whole stack is in use, and
    `fit(stack, x)` fine-tunes it. Taught in notebooks/04_deep_and_stacked.ipynb.

    Parameters
    ----------
    stack : StackedAutoencoder
        Trained in place; `stack.depth` grows by one with each finished layer.
    x : float tensor (n, in_features)
    epochs : int
        For each layer.
    validation : float tensor (m, in_features), optional
        Each layer is evaluated on the codes of these images.
    options
        Further options of `fit`, the same for each layer, except `augment`: only the first layer sees images.

    Returns
    -------
    list of History
        One for each layer; fewer if Ctrl-C or Stop ended the training.

    Raises
    ------
    TypeError, ValueError
        If an argument is not accepted; raised before any training.

    References
    ----------
    Bengio, Lamblin, Popovici & Larochelle (2007), Greedy layer-wise training of deep networks.
    """
    if not isinstance(stack, StackedAutoencoder):
        raise TypeError(f"stack must be a StackedAutoencoder; got {type(stack).__name__}")
    if options.get("augment") is not None:
        raise ValueError(
            "augment cannot be used here: the upper layers see codes, no pictures; pass pictures that are changed "
            "already, as x, or augment afterwards, in fit(stack, x, augment=…)"
        )
    accepted = [name for name in inspect.signature(fit).parameters if name not in ("model", "loss", "augment")]
    for name in options.keys() - set(accepted) - {"augment"}:
        raise TypeError(f"{name} is no option of fit_layerwise; accepted are {', '.join(accepted)}")
    settings = {name: options[name] for name in ("batch_size", "lr", "schedule") if name in options}
    check_settings(epochs=epochs, seed=seed, **settings)
    check_images_of(stack, "x", x)
    if validation is not None:
        check_images_of(stack, "validation", validation)
    check_callbacks(**{name: options.get(name) for name in ("on_epoch", "on_step", "stop")})
    for i, layer in enumerate(stack.layers):
        check_learns(f"stack.layers[{i}]", layer)
    histories: list[History] = []
    stack.depth = 0
    for layer in stack.layers:
        histories.append(fit(layer, x, epochs=epochs, validation=validation, seed=seed, progress=progress, **options))
        if histories[-1].stopped:
            break
        stack.depth += 1
        with torch.no_grad():
            x, validation = (None if images is None else layer.encode(images) for images in (x, validation))
    stack.eval()
    return histories


def fit_classifier(
    model: Classifier,
    x: torch.Tensor,
    labels: torch.Tensor,
    *,
    epochs: int = 5,
    batch_size: int = 256,
    lr: float = 1e-3,
    schedule: str = "trapezoid",
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Train a classifier with cross-entropy; the only training of the course that sees labels.

    Parameters
    ----------
    model : Classifier
    x : float tensor (n, in_features)
    labels : int64 tensor (n,)
        From 0 to model.classes - 1.
    epochs, batch_size, lr, schedule, seed, progress
        As in `fit`.
    """
    if not isinstance(model, Classifier):
        raise TypeError(f"model must be a Classifier; got {type(model).__name__}")
    check_learns("model", model)
    settings = check_settings(epochs=epochs, batch_size=batch_size, lr=lr, schedule=schedule, seed=seed)
    check_images_of(model.body, "x", x)
    check_batches(model, len(x), settings["batch_size"])
    model.check_labels(labels, len(x))
    if labels.device != x.device:
        raise ValueError(f"labels are on {labels.device} and x on {x.device}; move one with .to(device)")
    x = x.detach()
    return training_loop(
        model,
        lambda index: model.loss(x[index], labels[index]),
        len(x),
        **settings,
        progress=progress,
    )
