"""How the shipped weights were made: `python -m aecourse.recipes` makes them all again, from seeds.

One CPU core pair needs about half an hour for all of them; name some to make only those. The test set is
looked at once, for the score that is stored; nothing is chosen by it.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from aecourse.data import load_mnist, shift_images
from aecourse.device import pick_device, seed_everything
from aecourse.evaluation import mse
from aecourse.models import Autoencoder, ConvAutoencoder, DenseAutoencoder, NestedAutoencoder
from aecourse.training import fit
from aecourse.weights import SHIPPED, load_weights, save_weights

EXPLORER_SIZES = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True)
class Recipe:
    """everything that decides one file of weights"""

    build: Callable[[], Autoencoder]
    epochs: int
    lr: float = 3e-3
    batch_size: int = 256
    shift: int = 0
    seed: int = 0

    def describe(self) -> dict:
        """the recipe as plain numbers and strings, for the file's metadata"""
        settings = {name: getattr(self, name) for name in ("epochs", "lr", "batch_size", "shift", "seed")}
        return {"script": "python -m aecourse.recipes", "schedule": "one-cycle", **settings}


def _augmentation(most: int) -> Callable[[torch.Tensor], torch.Tensor] | None:
    return (lambda batch: shift_images(batch, most=most)) if most else None


RECIPES: dict[str, Recipe] = {
    **{f"dense-k{k}": Recipe(lambda k=k: DenseAutoencoder(k, hidden=(512,)), epochs=30) for k in EXPLORER_SIZES},
    "nested": Recipe(lambda: NestedAutoencoder(64, hidden=(512,)), epochs=60),
    "map-2d": Recipe(lambda: DenseAutoencoder(2, hidden=(512, 256, 64), batch_norm=True), epochs=40),
    "conv-k32": Recipe(lambda: ConvAutoencoder(32, hidden=(16, 32)), epochs=30),
    "hinton-salakhutdinov": Recipe(
        lambda: DenseAutoencoder(30, hidden=(1000, 500, 250), activation="relu", batch_norm=True), epochs=60, shift=1
    ),
}


def make(name: str, folder: Path = SHIPPED, *, device: torch.device | str = "cpu") -> dict:
    """train one recipe, write its file and return its scores"""
    recipe = RECIPES[name]
    train, test = load_mnist(device=device)
    seed_everything(recipe.seed)
    model = recipe.build().to(device)
    history = fit(
        model,
        train.x,
        epochs=recipe.epochs,
        lr=recipe.lr,
        batch_size=recipe.batch_size,
        augment=_augmentation(recipe.shift),
        seed=recipe.seed,
    )
    if history.stopped:
        raise KeyboardInterrupt(f"{name} was stopped; nothing was written")
    path = save_weights(model, folder / f"{name}.safetensors", recipe=recipe.describe())
    stored = load_weights(path, device=device)  # score what a learner will load: float16, not float32
    scores = {"test_mse": mse(stored, test.x), "train_mse": mse(stored, train.x)}
    if isinstance(stored, NestedAutoencoder):
        scores["test_mse_by_k"] = nested_mse(stored, test.x)
    save_weights(model, path, recipe=recipe.describe(), scores=scores)
    write_checksums(folder)
    return scores


def write_checksums(folder: Path = SHIPPED) -> None:
    """note the SHA-256 of every weights file in SHA256SUMS, for the doctor"""
    files = sorted(folder.glob("*.safetensors"))
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (folder / "SHA256SUMS").write_text("".join(lines))


@torch.inference_mode()
def nested_mse(model: NestedAutoencoder, x: torch.Tensor) -> list[float]:
    """mean squared error per pixel with the first k codes, for k = 1 … latent_dim"""
    z = model.encode(x)
    return [(model.decode(z[:, :k]) - x).square().mean().item() for k in range(1, model.latent_dim + 1)]


def main() -> None:
    """make the recipes named on the command line, or all of them"""
    parser = argparse.ArgumentParser(prog="python -m aecourse.recipes", description=__doc__.splitlines()[0])
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
