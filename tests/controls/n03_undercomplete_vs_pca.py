"""Controls of notebook 03: where the gain over PCA comes from, when PCA wins, and what an ordered code costs."""

from __future__ import annotations

import functools

import torch
from bench import Numbers, control
from sklearn.cluster import MiniBatchKMeans
from torch import nn
from torch.nn import functional as F

from aecourse.data import load_mnist, shift_images
from aecourse.evaluation import mse, principal_angles, reconstruct, reconstruction_mse
from aecourse.models import PCA, DenseAutoencoder, LinearAutoencoder, NestedAutoencoder
from aecourse.training import fit
from aecourse.zoo import CODE_SIZES
from aecourse.zoo.catalogue import load_split

K = 32
EPOCHS = 3  # of every network of the ladder, as in the notebook
FEW = (100, 200, 500, 2_000, 55_000)
STEPS = 2_000  # batches of 64 with every number of images
CUTS = sorted({*CODE_SIZES, 48})
LBFGS = {"history_size": 60, "tolerance_grad": 1e-12, "tolerance_change": 1e-16, "line_search_fn": "strong_wolfe"}


@functools.cache
def covariance() -> torch.Tensor:
    """Return the covariance of the 55,000 digits in double precision; (784, 784)."""
    return torch.cov(load_split()[0].x.double().T, correction=0)


@functools.cache
def axes() -> tuple[torch.Tensor, torch.Tensor]:
    """Return the variances (784,), largest first, and the components as columns (784, 784)."""
    values, vectors = torch.linalg.eigh(covariance())
    return values.flip(0), vectors.flip(1)


def trained(model: nn.Module, x: torch.Tensor, seed: int, **options) -> nn.Module:
    """Return the model after training with the default of `fit`."""
    fit(model, x, seed=seed, progress=False, **options)
    return model


class Bent(nn.Module):
    """An autoencoder with or without a hidden layer on each side, and with or without a sigmoid at its output."""

    def __init__(self, *, encoder: bool, decoder: bool, sigmoid: bool, hidden: int = 256) -> None:
        super().__init__()
        down = [nn.Linear(784, hidden), nn.GELU(), nn.Linear(hidden, K)] if encoder else [nn.Linear(784, K)]
        up = [nn.Linear(K, hidden), nn.GELU(), nn.Linear(hidden, 784)] if decoder else [nn.Linear(K, 784)]
        self.layers = nn.Sequential(*down, *up, *([nn.Sigmoid()] if sigmoid else []))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x_hat; (n, 784) → (n, 784)."""
        return self.layers(x)

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error."""
        return F.mse_loss(self(x), x)


@control(
    "A linear autoencoder trained to the end spans PCA's space.",
    "PCA from the covariance: the largest principal angle and the error, k = 2 and 8",
    quick=True,
)
def linear_space(seed: int) -> Numbers:
    """Train the decoder on the covariance by L-BFGS, each time from another start."""
    C, (values, U) = covariance(), axes()
    found = {}
    for k in (2, 8):
        D = torch.randn(784, k, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.LBFGS([D], max_iter=400, **LBFGS)

        def loss(D: torch.Tensor = D, optimizer: torch.optim.Optimizer = optimizer) -> torch.Tensor:
            E = torch.linalg.solve(D.T @ D, D.T)
            value = (C.trace() - (E @ C * D.T).sum()) / 784
            optimizer.zero_grad()
            value.backward()
            return value

        optimizer.step(loss)
        found |= {
            f"angle, k = {k}": principal_angles(D.detach(), U[:, :k])[-1],
            f"error over PCA's, k = {k}": loss().item() / (values[k:].sum().item() / 784),
        }
    return found


@control(
    "Training reaches PCA's loss long before PCA's space, with close eigenvalues (k = 8) and less close ones (k = 3).",
    "PCA's own error on the same 55,000 digits, and its space; Adam for four epochs, plain descent for 10,000 steps",
)
def slow_direction(seed: int) -> Numbers:
    """Return the error above PCA's in per cent and the largest angle in degrees."""
    (fitting, _), (values, U) = load_split(), axes()
    found = {}
    for k in (3, 8):
        best = values[k:].sum().item() / 784
        model = trained(LinearAutoencoder(k), fitting.x, seed, epochs=4)
        D, final = plain_descent(LinearAutoencoder(k))
        found |= {
            f"Adam: above PCA in %, k = {k}": 100 * (reconstruction_mse(model, fitting.x) / best - 1),
            f"Adam: angle, k = {k}": principal_angles(model.decoder.weight, U[:, :k])[-1],
            f"plain descent: above PCA in %, k = {k}": 100 * (final / best - 1),
            f"plain descent: angle, k = {k}": principal_angles(D, torch.eye(784, k).double())[-1],
        }
    return found


def plain_descent(model: LinearAutoencoder, *, steps: int = 10_000, lr: float = 2.0) -> tuple[torch.Tensor, float]:
    """Follow the exact gradient from this start, in the axes of the data; return D (784, k) and the error.

    There the covariance is diagonal, which changes no angle and makes a step cheap; twice the rate diverges.
    """
    values = axes()[0]
    E, D = model.encoder.weight.detach().double(), model.decoder.weight.detach().double()
    for _ in range(steps):
        EC = E * values
        grad_E, grad_D = (D.T @ D) @ EC - D.T * values, D @ (EC @ E.T) - EC.T
        E, D = E - 2 * lr / 784 * grad_E, D - 2 * lr / 784 * grad_D
    EC = E * values
    return D, ((values.sum() - 2 * (EC * D.T).sum() + ((EC @ E.T) * (D.T @ D)).sum()) / 784).item()


@control(
    "A sigmoid at the output alone gives two thirds of the gain on PCA, a hidden layer in the encoder alone nothing.",
    "PCA, PCA cut to [0, 1], and the same network with each part bent alone; three epochs each",
)
def ladder(seed: int) -> Numbers:
    """Return the test error of every variant as a share of PCA's."""
    (fitting, _), test = load_split(), load_mnist()[1]
    pca = PCA.fit(fitting.x, K)
    base = reconstruction_mse(pca, test.x)
    found = {"PCA": 1.0, "PCA, cut to [0, 1]": mse(test.x, reconstruct(pca, test.x).clamp(0, 1)) / base}
    rungs = {
        "hidden layer in the encoder": (True, False, False),
        "hidden layer in the decoder": (False, True, False),
        "both hidden layers": (True, True, False),
        "sigmoid at the output": (False, False, True),
        "sigmoid + encoder": (True, False, True),
        "sigmoid + decoder": (False, True, True),
        "sigmoid + both: the autoencoder": (True, True, True),
    }
    for name, (encoder, decoder, sigmoid) in rungs.items():
        model = trained(Bent(encoder=encoder, decoder=decoder, sigmoid=sigmoid), fitting.x, seed, epochs=EPOCHS)
        found[name] = reconstruction_mse(model, test.x) / base
    return found


@control(
    "A small network is below PCA at every k from 1 to 64, and seeds matter little.",
    "PCA on the same 55,000 digits; networks 784-128-k-128-784 after two epochs; at 64, where it is hardly below, ten",
)
def every_k(seed: int) -> Numbers:
    """Return the test error of a network for each k."""
    (fitting, _), test = load_split(), load_mnist()[1]
    found = {}
    for name, k, epochs in (*((str(k), k, 2) for k in CODE_SIZES), ("64, ten epochs", 64, 10)):
        model = trained(DenseAutoencoder(k, hidden=(128,)), fitting.x, seed, epochs=epochs)
        found[name] = reconstruction_mse(model, test.x)
    return found


@control(
    "One number does not limit the network at k = 1: a codebook of one byte is far better.",
    "256 centres of k-means (one byte an image), and a deeper network with the same single number",
)
def one_byte(seed: int) -> Numbers:
    """Return the test errors of two networks with k = 1 and of a codebook."""
    (fitting, _), test = load_split(), load_mnist()[1]
    shallow = trained(DenseAutoencoder(1, hidden=(256,)), fitting.x, seed, epochs=4)
    deep = trained(DenseAutoencoder(1, hidden=(256, 128, 64)), fitting.x, seed, epochs=4)
    codebook = MiniBatchKMeans(256, batch_size=4_096, n_init=1, max_iter=8, random_state=seed).fit(fitting.x.numpy())
    centres = torch.from_numpy(codebook.cluster_centers_).float()
    nearest = centres[torch.cdist(test.x, centres).argmin(1)]
    return {
        "network, k = 1": reconstruction_mse(shallow, test.x),
        "deeper network, k = 1": reconstruction_mse(deep, test.x),
        "codebook of 256 pictures": mse(test.x, nearest),
    }


@control(
    "With 500 images PCA beats the plain network and loses to the same one with one-pixel shifts; with 100 it wins.",
    "PCA plain, cut to [0, 1], and fitted to all nine shifts; the network with and without shifts, 2,000 batches each",
)
def few_digits(seed: int) -> Numbers:
    """Return the test error at k = 32 for several numbers of training images, another draw with each seed."""
    (fitting, _), test = load_split(), load_mnist()[1]
    order = torch.randperm(len(fitting), generator=torch.Generator().manual_seed(seed))
    found = {}
    for n in FEW:
        part = fitting.x[order[:n]]
        plain = PCA.fit(part, K)
        found[f"PCA, {n}"] = reconstruction_mse(plain, test.x)
        found[f"PCA cut to [0, 1], {n}"] = mse(test.x, reconstruct(plain, test.x).clamp(0, 1))
        if n <= 2_000:
            found[f"PCA on nine shifts, {n}"] = reconstruction_mse(PCA.fit(nine_shifts(part), K), test.x)
        for name, augment in (("network", None), ("network with shifts", shift_images)):
            torch.manual_seed(seed)
            model = trained(DenseAutoencoder(K, hidden=(256,)), part, seed, epochs=epochs_for(n), augment=augment)
            found[f"{name}, {n}"] = reconstruction_mse(model, test.x)
    return found


def epochs_for(n: int) -> int:
    """Return how many epochs of n images come nearest to the number of steps."""
    return max(1, round(STEPS / -(-n // 64)))


def nine_shifts(x: torch.Tensor) -> torch.Tensor:
    """Return every image in its nine places, moved by at most a pixel; (n, 784) → (9 n, 784)."""
    padded = F.pad(x.view(-1, 28, 28), (1, 1, 1, 1))
    return torch.cat([padded[:, i : i + 28, j : j + 28].reshape(-1, 784) for i in range(3) for j in range(3)])


@control(
    "With 500 images neither early stopping nor a smaller network helps the plain network to PCA; decay comes near.",
    "PCA on the same 500; each remedy's strength chosen on the 5,000 validation digits",
)
def few_digits_remedies(seed: int) -> Numbers:
    """Return the test error at k = 32 with 500 images and each remedy alone."""
    (fitting, valid), test = load_split(), load_mnist()[1]
    order = torch.randperm(len(fitting), generator=torch.Generator().manual_seed(seed))
    part, epochs = fitting.x[order[:500]], epochs_for(500)
    found = {"PCA": reconstruction_mse(PCA.fit(part, K), test.x)}

    best: dict[str, float] = {"valid": 1.0, "test": 1.0}

    def watch(history) -> None:
        if history.epochs % 10 == 0 and (now := reconstruction_mse(model, valid.x[:2_000])) < best["valid"]:
            best.update(valid=now, test=reconstruction_mse(model, test.x))

    model = DenseAutoencoder(K, hidden=(256,))
    trained(model, part, seed, epochs=epochs, on_epoch=watch)
    found |= {"plain network": reconstruction_mse(model, test.x), "early stopping": best["test"]}
    smaller = [trained(DenseAutoencoder(K, hidden=(h,)), part, seed, epochs=epochs) for h in (64, 128)]
    decayed = []
    for strength in (1e-6, 1e-5, 1e-4):

        def loss(net: nn.Module, x: torch.Tensor, strength: float = strength) -> torch.Tensor:
            return F.mse_loss(net(x), x) + strength * sum((w**2).sum() for w in net.parameters() if w.ndim == 2)

        decayed.append(trained(DenseAutoencoder(K, hidden=(256,)), part, seed, epochs=epochs, loss=loss))
    for name, models in (("smaller network", smaller), ("weight decay", decayed)):
        chosen = min(models, key=lambda net: reconstruction_mse(net, valid.x))
        found[name] = reconstruction_mse(chosen, test.x)
    return found


@control(
    "Nested dropout orders the code: up to 16 of 64 it is the best cut; from 32 on PCA of the codes is better.",
    "An ordinary code of 64 cut to zero, cut to its mean, and rotated by PCA of the codes; PCA; four epochs each",
)
def nested(seed: int) -> Numbers:
    """Return the test error of each code when only its first k numbers are kept."""
    (fitting, _), test = load_split(), load_mnist()[1]
    sizes = {"hidden": (256,)}
    ordered = trained(NestedAutoencoder(64, **sizes), fitting.x, seed, epochs=4)
    plain = trained(DenseAutoencoder(64, **sizes), fitting.x, seed, epochs=4)
    pca = PCA.fit(fitting.x, 64)
    with torch.inference_mode():
        codes, z, z_nested = plain.encode(fitting.x), plain.encode(test.x), ordered.encode(test.x)
        rotation = PCA.fit(codes.clone(), 64)
        found = {}
        for k in CUTS:
            keep = (torch.arange(64) < k).float()
            found |= {
                f"to zero, {k}": mse(test.x, plain.decode(z * keep)),
                f"to the mean, {k}": mse(test.x, plain.decode(z * keep + codes.mean(0) * (1 - keep))),
                f"PCA of the codes, {k}": mse(test.x, plain.decode(rotation.decode(rotation.encode(z, k)))),
                f"nested, {k}": mse(test.x, ordered.decode(z_nested[:, :k])),
                f"PCA, {k}": mse(test.x, pca.decode(pca.encode(test.x, k))),
            }
    return found


@control(
    "A linear network under nested dropout finds the principal components themselves, in order.",
    "the same linear network without nested dropout: the control `linear_space`",
    quick=True,
)
def nested_linear(seed: int) -> Numbers:
    """Minimise the mean error over all cuts of a linear code of 8, from the covariance alone."""
    C, U = covariance(), axes()[1]
    D = torch.randn(784, 8, dtype=torch.float64, requires_grad=True)
    order = torch.arange(8)
    cuts = 8.0 - torch.maximum(order[:, None], order)  # (8, 8): how many of the eight cuts keep both numbers
    optimizer = torch.optim.LBFGS([D], max_iter=400, **LBFGS)

    def loss() -> torch.Tensor:
        kept = cuts.diagonal()[:, None] * D.T
        E = torch.linalg.solve(cuts * (D.T @ D), kept)  # the best encoder for all cuts together
        value = (C.trace() - (E @ C * kept).sum() / 8) / 784
        optimizer.zero_grad()
        value.backward()
        return value

    optimizer.step(loss)
    cosines = (F.normalize(D.detach(), dim=0).T @ U[:, :8]).abs().diagonal()
    return {"smallest |cosine| of a column with its own component": cosines.min().item()}
