"""Controls of notebooks/00_start_here.ipynb: the first training, its neighbours, and the images put aside."""

from __future__ import annotations

import torch
from bench import control

from aecourse.data import load_mnist
from aecourse.device import seed_everything
from aecourse.evaluation import mse, reconstruction_mse
from aecourse.models import DenseAutoencoder
from aecourse.training import fit
from aecourse.zoo import digits_pca, load_split


@control(
    "Three epochs bring ten digits back from 16 numbers each",
    "no training, the mean training image, and the best linear code of 16 numbers (PCA), all on test digits",
)
def first_training(seed: int) -> dict[str, float]:
    """Test errors of the network and of its three neighbours."""
    (fitting, _), test = load_split(), load_mnist()[1]
    seed_everything(seed)
    model = DenseAutoencoder(16, hidden=(256,))
    before = reconstruction_mse(model, test.x)
    fit(model, fitting.x, epochs=3, seed=seed, progress=False)
    mean = fitting.x.mean(0)
    return {
        "untrained": before,
        "mean image": (test.x - mean).square().mean().item(),
        "PCA": mse(test.x, digits_pca().squeeze(test.x, 16)),
        "network": reconstruction_mse(model, test.x),
        "network, training images": reconstruction_mse(model, fitting.x[:10_000]),
    }


@control(
    "From 55,000 images the network learns digits and not the images themselves",
    "the same network and the same number of steps on 500 images, which it does learn by heart",
    quick=True,
)
def learnt_by_heart(seed: int) -> dict[str, float]:
    """Test error over training error after 850 steps, from many images and from few."""
    (fitting, _), test = load_split(), load_mnist()[1]
    drawn = fitting.x[torch.randperm(55_000, generator=torch.Generator().manual_seed(seed))]
    found = {}
    for count, epochs in ((54_400, 1), (500, 106)):  # 850 and 848 steps
        seed_everything(seed)
        model = DenseAutoencoder(16, hidden=(256,))
        fit(model, drawn[:count], epochs=epochs, seed=seed, progress=False)
        seen = reconstruction_mse(model, drawn[: min(count, 10_000)])
        name = "54,400 images" if count > 500 else "500 images"
        found[f"{name}: test MSE"] = reconstruction_mse(model, test.x)
        found[f"{name}: test over training"] = found[f"{name}: test MSE"] / seen
    return found
