"""One epoch of the same network, 784-256-32-256-784, batch 256, Adam, done in several ways."""

from __future__ import annotations

import itertools
import lzma
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from aecourse import DenseAutoencoder, fit, load_mnist, pick_device, reconstruction_mse, seed_everything
from aecourse.device import available_devices

EPOCHS = 3
BATCH = 256
LR = 1e-3
MNIST = Path(__file__).parent.parent.parent / "aecourse" / "assets" / "mnist"


def devices() -> list[str]:
    """The CPU, and the GPU where there is one."""
    return ["cpu", *(d for d in available_devices() if d != "cpu")]


def new_model(device: str) -> DenseAutoencoder:
    """The network, from the same seed each time."""
    seed_everything(0)
    return DenseAutoencoder(32, hidden=(256,)).to(device)


def by_fit(x: torch.Tensor, device: str) -> DenseAutoencoder:
    """The course's `fit`."""
    model = new_model(device)
    fit(model, x, epochs=EPOCHS, batch_size=BATCH, lr=LR, schedule="constant", progress=False)
    return model


def by_bare_loop(x: torch.Tensor, device: str) -> DenseAutoencoder:
    """The shortest loop over tensors in memory that trains the network."""
    model = new_model(device)
    bare_epochs(model, x, lambda batch: F.mse_loss(model.decoder(model.encoder(batch)), batch))
    return model


def bare_epochs(model: nn.Module, x: torch.Tensor, loss: Callable, *, epochs: int = EPOCHS) -> None:
    """Adam on shuffled batches, and nothing else."""
    optimizer = torch.optim.Adam(model.parameters(), lr=LR, fused=True)
    for _ in range(epochs):
        for index in torch.randperm(len(x), device=x.device).split(BATCH):
            value = loss(x[index])
            optimizer.zero_grad()
            value.backward()
            optimizer.step()


def by_tensor_dataset(x: torch.Tensor, device: str) -> DenseAutoencoder:
    """TensorDataset and DataLoader over the same tensors."""
    return _by_loader(DataLoader(TensorDataset(x), batch_size=BATCH, shuffle=True), device)


def by_torchvision(x: torch.Tensor, device: str) -> DenseAutoencoder:
    """What most tutorials do: torchvision's dataset, ToTensor for each image, DataLoader."""
    from torchvision.datasets import MNIST as VISION_MNIST
    from torchvision.transforms import ToTensor

    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "MNIST" / "raw"
        raw.mkdir(parents=True)
        for packed in MNIST.glob("*.xz"):
            (raw / packed.stem).write_bytes(lzma.decompress(packed.read_bytes()))
        dataset = VISION_MNIST(folder, transform=ToTensor())
        return _by_loader(DataLoader(dataset, batch_size=BATCH, shuffle=True), device)


def _by_loader(loader: DataLoader, device: str) -> DenseAutoencoder:
    model = new_model(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    for _ in range(EPOCHS):
        for batch, *_ in loader:
            images = batch.to(device).flatten(1)
            loss = F.mse_loss(model(images), images)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model


def by_scikit_learn(x: torch.Tensor, device: str) -> None:
    """Scikit-learn's MLPRegressor, ReLU and a linear output: its closest to the same network."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    images = x.cpu().numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        MLPRegressor(
            hidden_layer_sizes=(256, 32, 256), batch_size=BATCH, learning_rate_init=LR, max_iter=EPOCHS, random_state=0
        ).fit(images, images)


def by_matrix_products(x: torch.Tensor, device: str) -> None:
    """Only the matrix products of the epochs, forward and backward: no loop can be faster."""
    sizes = [784, 256, 32, 256, 784]
    weights = [torch.randn(a, b, device=device) for a, b in itertools.pairwise(sizes)]
    inputs = [torch.randn(BATCH, a, device=device) for a in sizes]
    for _ in range(EPOCHS * (len(x) // BATCH)):
        for i, weight in enumerate(weights):
            inputs[i] @ weight  # forward
            inputs[i].T @ inputs[i + 1]  # gradient of the weights
            if i:
                inputs[i + 1] @ weight.T  # gradient of the inputs


WAYS: dict[str, tuple[Callable, int]] = {
    "fit": (by_fit, 5),
    "bare loop": (by_bare_loop, 5),
    "bare matrix products": (by_matrix_products, 3),
    "TensorDataset + DataLoader": (by_tensor_dataset, 1),
    "torchvision + DataLoader": (by_torchvision, 1),
    "scikit-learn MLPRegressor": (by_scikit_learn, 1),
}


def compare(device: str) -> dict[str, tuple[float, float | None]]:
    """{way: (seconds of its fastest epoch run, test MSE or None)}; the ways take turns."""
    pick_device()
    train, test = load_mnist(device=device)
    by_bare_loop(train.x[:10_000], device)  # warm up
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    scores: dict[str, float | None] = {}
    for turn in range(max(count for _, count in WAYS.values())):
        for way, (train_once, count) in WAYS.items():
            if turn < count:
                wait(device)
                started = time.perf_counter()
                model = train_once(train.x, device)
                wait(device)
                times[way].append((time.perf_counter() - started) / EPOCHS)
                scores[way] = reconstruction_mse(model.eval(), test.x) if model is not None else None
    return {way: (min(times[way]), scores[way]) for way in WAYS}


def wait(device: str) -> None:
    """Until the device has done what it was given."""
    if device == "cuda":
        torch.cuda.synchronize()
    elif device == "mps":
        torch.mps.synchronize()
