"""How the shipped weights were made: `python -m aecourse.zoo.recipes` makes them all again, from seeds.

Two CPU cores need about an hour for all of them; name some to make only those. Every network is fitted to the 55,000
training digits that are left without the 5,000 validation digits, on which the notebooks make their choices. The test
set is used once, for the score that is stored; nothing is chosen by it.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional as F

from aecourse.data import ImageSet, corrupt, load_mnist, shift_images
from aecourse.device import pick_device, seed_everything
from aecourse.evaluation import reconstruct, reconstruction_mse
from aecourse.evaluation.anomaly import anomaly_scores
from aecourse.models import (
    Autoencoder,
    ContractiveAutoencoder,
    ConvAutoencoder,
    DenoisingAutoencoder,
    DenseAutoencoder,
    NestedAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
    VariationalAutoencoder,
)
from aecourse.training import fit, fit_layerwise
from aecourse.zoo import CODE_SIZES, CONTRACTIVE, DENSE, NORMAL, SPARSE, SPLIT_SEED, VALIDATION_SIZE, VARIATIONAL
from aecourse.zoo.rounding import round_to_bytes
from aecourse.zoo.weights import ENDING, SHIPPED, load_weights, save_weights

ROUNDING_IMAGES = 2_000  # training images on which the rounding of a network makes up for its errors


@dataclass(frozen=True)
class Recipe:
    """Everything that determines one file of weights."""

    build: Callable[[], Autoencoder]
    epochs: int
    lr: float = 3e-3
    batch_size: int = 64
    shift: int = 0
    only: int | None = None  # fit only the images of this label; None: all images
    ramp: int = 0  # epochs in which the strength of a penalty rises from 0, so that fewer units die
    layerwise: int = 0  # epochs of greedy pretraining for each layer, before the epochs that train all together
    seed: int = 0
    compensated: bool = False  # rounded to bytes by `round_to_bytes`, not each number alone

    def describe(self) -> dict:
        """Return the recipe as plain numbers and strings, for the file's metadata."""
        names = ["epochs", "lr", "batch_size", "shift", "seed"]
        names += ["ramp"] * bool(self.ramp) + ["layerwise"] * bool(self.layerwise) + ["only"] * (self.only is not None)
        names += ["compensated"] * self.compensated
        settings = {name: getattr(self, name) for name in names}
        return {"script": "python -m aecourse.zoo.recipes", "schedule": "trapezoid", **settings}

    def images(self, train: ImageSet) -> ImageSet:
        """Return the images that the model is fitted to; none of them is a validation image."""
        fitting, _ = train.split(VALIDATION_SIZE, seed=SPLIT_SEED)
        return fitting if self.only is None else fitting[fitting.y == self.only]


def _augmentation(max_shift: int) -> Callable[[torch.Tensor], torch.Tensor] | None:
    return (lambda batch: shift_images(batch, max_shift=max_shift)) if max_shift else None


def _ramp(model: Autoencoder, steps: int) -> Callable[[], None]:
    """Return a function to call after each step; it raises the model's strength to its value in so many steps."""
    strength, count = model.strength, itertools.count(1)
    model.strength = 0.0

    def rise() -> None:
        if (step := next(count)) <= steps:
            model.strength = strength * step / steps

    return rise


SPARSE_SETTING = {"l1": "strength", "kl": "rho", "topk": "k"}  # the argument that the catalogue's setting is passed as

RECIPES: dict[str, Recipe] = {
    **{
        name: Recipe(lambda k=k: DenseAutoencoder(k, hidden=(512,)), epochs=15, compensated=True)
        for k, name in DENSE.items()
    },
    "nested": Recipe(
        lambda: NestedAutoencoder(CODE_SIZES[-1], hidden=(512,)), epochs=60, batch_size=256, compensated=True
    ),
    "map-2d": Recipe(
        lambda: DenseAutoencoder(2, hidden=(512, 256, 64), batch_norm=True), epochs=40, batch_size=256, compensated=True
    ),
    "conv-k32": Recipe(lambda: ConvAutoencoder(32, hidden=(16, 32)), epochs=12),
    "hinton-salakhutdinov": Recipe(
        lambda: DenseAutoencoder(30, hidden=(1000, 500, 250), activation="relu", batch_norm=True),
        epochs=40,
        batch_size=128,
        shift=1,
    ),
    "stacked-greedy": Recipe(lambda: StackedAutoencoder(32), epochs=0, layerwise=8),
    "stacked-tuned": Recipe(lambda: StackedAutoencoder(32), epochs=12, layerwise=8),
    "denoising-gaussian": Recipe(lambda: DenoisingAutoencoder(256, hidden=(512,)), epochs=40, batch_size=256),
    "denoising-mixed": Recipe(
        lambda: DenoisingAutoencoder(256, hidden=(512,), noise="mixed"), epochs=40, batch_size=256
    ),
    **{
        name: Recipe(lambda strength=strength: ContractiveAutoencoder(256, strength=strength), epochs=12)
        for strength, name in CONTRACTIVE.items()
    },
    **{
        name: Recipe(
            lambda penalty=penalty, setting=setting: SparseAutoencoder(
                penalty=penalty, **{SPARSE_SETTING[penalty]: setting}
            ),
            epochs=6,
            lr=1e-3 if penalty == "l1" else 3e-3,
            ramp=2 if penalty == "l1" else 0,
        )
        for penalty, networks in SPARSE.items()
        for setting, name in networks.items()
    },
    **{
        name: Recipe(  # at the default rate the exponential of a variance overflows with β = 10
            lambda beta=beta: VariationalAutoencoder(2, beta=beta),
            epochs=30,
            lr=1e-3 if beta == 10 else 3e-3,
        )
        for beta, name in VARIATIONAL.items()
    },
    "vae-20d": Recipe(lambda: VariationalAutoencoder(20), epochs=60, lr=1e-3),
    **{
        name: Recipe(
            lambda: DenoisingAutoencoder(16, hidden=(160, 64), noise="occlude", strength=6),
            epochs=60,
            only=digit,
        )
        for digit, name in NORMAL.items()
    },
}


def make(name: str, folder: Path = SHIPPED, *, device: torch.device | str = "cpu") -> dict:
    """Train one recipe, write its file and return its scores."""
    recipe = RECIPES[name]
    train, test = load_mnist(device=device)
    train = recipe.images(train)
    seed_everything(recipe.seed)
    model = recipe.build().to(device)
    settings = {"lr": recipe.lr, "batch_size": recipe.batch_size, "seed": recipe.seed}
    histories = fit_layerwise(model, train.x, epochs=recipe.layerwise, **settings) if recipe.layerwise else []
    if recipe.ramp:
        settings["on_step"] = _ramp(model, recipe.ramp * -(-len(train.x) // recipe.batch_size))
    if recipe.epochs:
        histories.append(fit(model, train.x, epochs=recipe.epochs, augment=_augmentation(recipe.shift), **settings))
    if any(history.stopped for history in histories):
        raise KeyboardInterrupt(f"{name} was stopped; nothing was written")
    if recipe.compensated:
        round_to_bytes(model, train.x[:ROUNDING_IMAGES])
    with tempfile.TemporaryDirectory() as trial:  # score the rounded weights that a learner will load
        rounded = save_weights(model, Path(trial) / "rounded.safetensors", dtype=torch.int8)
        stored = load_weights(rounded, device=device)
    scores = score(stored, train, test)
    if recipe.only is not None:
        scores["test_auroc"] = one_class_auroc(stored, test, normal=recipe.only)
    path = folder / f"{name}{ENDING}"
    save_weights(model, path, recipe=recipe.describe(), scores=scores, dtype=torch.int8)
    write_checksums(folder)
    return scores


def score(model: Autoencoder, train: ImageSet, test: ImageSet) -> dict:
    """Return the scores that are stored with a model's weights; each family has its own."""
    scores = {"test_mse": reconstruction_mse(model, test.x), "train_mse": reconstruction_mse(model, train.x)}
    if isinstance(model, NestedAutoencoder):
        scores["test_mse_by_k"] = nested_mse(model, test.x)
    if isinstance(model, SparseAutoencoder):
        z = model.encode(test.x).detach()
        scores["test_awake"] = model.active(z).float().mean().item()
        scores["test_dead"] = 1 - model.active(z).any(0).float().mean().item()
    if isinstance(model, DenoisingAutoencoder) and model.noise != "mixed":
        damaged = corrupt(test.x, model.noise, model.strength, seed=0)
        scores["test_mse_repaired"] = F.mse_loss(reconstruct(model, damaged), test.x).item()
    if isinstance(model, ContractiveAutoencoder):
        with torch.inference_mode():
            scores["test_contraction"] = model.contraction(test.x).mean().item()
    if isinstance(model, VariationalAutoencoder):
        scores["test_elbo"] = model.elbo(test.x, samples=5, seed=0).mean().item()
    return scores


def one_class_auroc(model: Autoencoder, test: ImageSet, *, normal: int) -> float:
    """Return how well the squared error separates one digit from all others: 0.5 is chance, 1 perfect."""
    from sklearn.metrics import roc_auc_score  # here: scikit-learn takes a second to import

    return float(roc_auc_score((test.y != normal).cpu(), anomaly_scores(test.x, reconstruct(model, test.x)).cpu()))


def write_checksums(folder: Path = SHIPPED) -> None:
    """Write the SHA-256 of every weights file into SHA256SUMS, for the doctor."""
    files = sorted(folder.glob(f"*{ENDING}"))
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (folder / "SHA256SUMS").write_text("".join(lines))


@torch.inference_mode()
def nested_mse(model: NestedAutoencoder, x: torch.Tensor) -> list[float]:
    """Return the mean squared error per pixel with the first k code numbers, for k = 1 … latent_dim."""
    z = model.encode(x)
    return [(model.decode(z[:, :k]) - x).square().mean().item() for k in range(1, model.latent_dim + 1)]


def main() -> None:
    """Make the recipes named on the command line, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m aecourse.zoo.recipes", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"some of: {', '.join(RECIPES)} (default: all)")
    names = parser.parse_args().names or list(RECIPES)
    if unknown := [name for name in names if name not in RECIPES]:
        parser.error(f"unknown weights {', '.join(unknown)}; choose from {', '.join(RECIPES)}")
    device = pick_device()
    for name in names:
        started = time.perf_counter()
        scores = make(name, device=device)
        print(f"{name}: test MSE {scores['test_mse']:.5f} in {time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
