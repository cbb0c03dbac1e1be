"""Controls of notebook 02: what a convolution uses, what a classifier reads from codes, where a decoder draws well."""

from __future__ import annotations

import functools

import numpy as np
import torch
from bench import Numbers, control
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from torch import nn
from torch.nn import functional as F

from aecourse.data import load_mnist
from aecourse.evaluation import reconstruction_mse
from aecourse.models import Autoencoder, ConvAutoencoder, DenseAutoencoder
from aecourse.training import fit
from aecourse.zoo import DENSE
from aecourse.zoo.catalogue import digits_pca, load_split
from aecourse.zoo.weights import shared_weights

EPOCHS, RATE = 2, 0.01  # of all contestants, as in the notebook
CONTESTANTS = {
    "one layer, 64": lambda: DenseAutoencoder(64, hidden=()),
    "one layer, 32": lambda: DenseAutoencoder(32, hidden=()),
    "three layers": lambda: DenseAutoencoder(32, hidden=(128,)),
    "down to 2": lambda: DenseAutoencoder(2, hidden=(128, 64, 10)),
    "convolution": lambda: ConvAutoencoder(32, hidden=(8, 12)),
}
PENALTIES = (0.001, 0.01, 0.1, 1.0, 10.0)  # C, the inverse strength
GRID = 16  # cells along each side of a map


def race_one(name: str, seed: int, *, lr: float = RATE, order: torch.Tensor | None = None) -> tuple[float, float]:
    """Return the validation and the test MSE of one contestant, its pixels in another order if there is one."""
    parts = [part.x for part in (*load_split(), load_mnist()[1])]
    fitting, valid, test = parts if order is None else (x[:, order] for x in parts)
    torch.manual_seed(seed)
    model = CONTESTANTS[name]()
    fit(model, fitting, epochs=EPOCHS, lr=lr, seed=seed, progress=False)
    return reconstruction_mse(model, valid), reconstruction_mse(model, test)


@control(
    "At equal k and epochs the convolution has the smallest error, because neighbouring pixels belong together.",
    "Dense layers with the same epochs and rate; all of them again on pixels in one fixed random order.",
)
def race(seed: int) -> Numbers:
    """Test MSE after two epochs."""
    order = torch.randperm(784, generator=torch.Generator().manual_seed(seed))
    found = {name: race_one(name, seed)[1] for name in CONTESTANTS}
    return found | {f"{n}, shuffled": race_one(n, seed, order=order)[1] for n in ("three layers", "convolution")}


@control(
    "The rate .01 serves every contestant within 2 % of its best rate.",
    "The rates .003 and .02, by the error on validation digits.",
)
def rates(seed: int) -> Numbers:
    """Validation MSE after two epochs."""
    tried = [(name, lr) for name in CONTESTANTS for lr in (0.003, 0.01, 0.02)]
    return {f"{name}, {lr:g}": race_one(name, seed, lr=lr)[0] for name, lr in tried}


@functools.cache
@torch.no_grad()
def features() -> dict[str, tuple[torch.Tensor, ...]]:
    """Return {name: (features to fit, for validation, for the test)}, none of them scaled."""
    parts = [part.x for part in (*load_split(), load_mnist()[1])]
    pca, dense = digits_pca(), shared_weights("dense-k32")
    return {
        "784 pixels": tuple(parts),
        "32 PCA numbers": tuple(pca.encode(x, 32) for x in parts),
        "32 code numbers": tuple(dense.encode(x) for x in parts),
    }


def linear_reader(name: str, count: int, draw: int) -> float:
    """Return the test accuracy with `count` labels of one draw, with the C that validation digits chose."""
    (fitting, valid), test = load_split(), load_mnist()[1]
    few = torch.randperm(len(fitting.x), generator=torch.Generator().manual_seed(draw))[:count]
    seen, held_out, judged = (x.numpy() for x in features()[name])
    readers = [LogisticRegression(C=c, max_iter=300, tol=1e-3).fit(seen[few], fitting.y[few]) for c in PENALTIES]
    best = max(readers, key=lambda reader: reader.score(held_out, valid.y))
    return 100 * best.score(judged, test.y)


AGAINST = "Pixels and PCA with 32 numbers: same draws, nothing scaled, the penalty of each chosen on validation digits."


@control("With few labels a linear reader reads slightly more from codes.", AGAINST, seeds=10)
def few_labels(seed: int) -> Numbers:
    """Test accuracy in percent."""
    return {f"{name}, {n} labels": linear_reader(name, n, seed) for n in (100, 300, 1_000) for name in features()}


@control("With 10,000 labels a linear reader reads most from pixels.", AGAINST, seeds=5)
def many_labels(seed: int) -> Numbers:
    """Test accuracy in percent."""
    return {f"{name}, 10000 labels": linear_reader(name, 10_000, seed) for name in features()}


@torch.enable_grad()
def small_net(x: torch.Tensor, y: torch.Tensor, epochs: int, lr: float, seed: int) -> nn.Module:
    """Return a trained reader with one hidden layer of 64; (n, d) → (n, 10)."""
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(x.shape[1], 64), nn.GELU(), nn.Linear(64, 10))
    optimizer = torch.optim.Adam(net.parameters(), lr=lr, fused=True)
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(256):
            loss = F.cross_entropy(net(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return net


@torch.no_grad()
def accuracy(net: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    """Return the share of right answers in percent."""
    return 100 * (net(x).argmax(1) == y).float().mean().item()


@control(
    "A small net reads as much from 32 code numbers as from 784 pixels.",
    "PCA with 32 numbers, which takes no training; equal steps, the rate of each chosen on validation digits.",
)
def small_reader(seed: int) -> Numbers:
    """Test accuracy in percent."""
    (fitting, valid), test, found = load_split(), load_mnist()[1], {}
    for count, epochs in ((10_000, 20), (55_000, 5)):
        for name, (seen, held_out, judged) in features().items():
            nets = [small_net(seen[:count], fitting.y[:count], epochs, lr, seed) for lr in (1e-3, 3e-3)]
            best = max(nets, key=lambda net: accuracy(net, held_out, valid.y))
            found[f"{name}, {count} labels"] = accuracy(best, judged, test.y)
    return found


@functools.cache
def judge(seed: int) -> nn.Module:
    """Return a reader of pixels."""
    fitting = load_split()[0]
    return small_net(fitting.x, fitting.y, 5, 3e-3, seed)


@torch.no_grad()
def sure(images: torch.Tensor, seed: int) -> float:
    """Return the share of images, in percent, to which the reader gives one class more than 90 %."""
    return 100 * (judge(seed)(images).softmax(1).amax(1) > 0.9).float().mean().item()


@control(
    "Half-way on a straight line between two codes a reader is sure half as often as at its ends.",
    "The two ends, restored; the mean of the two pictures; the brighter pixel of the two, as bright as a digit.",
    quick=True,
)
@torch.no_grad()
def lines(seed: int) -> Numbers:
    """Return the share of pictures, in percent, of which a reader is sure; 1,000 pairs of different classes."""
    test, found = load_mnist()[1], {}
    pairs = torch.randperm(len(test.x), generator=torch.Generator().manual_seed(seed)).view(2, -1)
    a, b = (test.x[part] for part in pairs[:, test.y[pairs[0]] != test.y[pairs[1]]][:, :1_000])
    found["mean of the pixels"] = sure((a + b) / 2, seed)
    found["brighter of the two pixels"] = sure(torch.maximum(a, b), seed)
    for k in (8, 32):
        model = shared_weights(DENSE[k])
        found[f"k = {k}, the two ends"] = sure(torch.cat([model(a), model(b)]), seed)
        found[f"k = {k}, mean of the codes"] = sure(model.decode((model.encode(a) + model.encode(b)) / 2), seed)
    return found


@control(
    "Random codes with the right mean and spread of each number are mostly no digits, the more so the longer the code.",
    "Codes of test digits; random codes that also have the right correlations (a full covariance).",
)
@torch.no_grad()
def random_codes(seed: int) -> Numbers:
    """Return the share of 2,000 pictures, in percent, of which a reader is sure."""
    fitting, test, found = load_split()[0], load_mnist()[1], {}
    generator = torch.Generator().manual_seed(seed)
    for k in (4, 8, 16, 32):
        model = shared_weights(DENSE[k])
        z, noise = model.encode(fitting.x), torch.randn(2_000, k, generator=generator)
        found[f"k = {k}, codes of test digits"] = sure(model(test.x[:2_000]), seed)
        found[f"k = {k}, own spreads"] = sure(model.decode(z.mean(0) + z.std(0) * noise), seed)
        turned = noise @ torch.linalg.cholesky(torch.cov(z.T)).T
        found[f"k = {k}, full covariance"] = sure(model.decode(z.mean(0) + turned), seed)
    return found


def vote(codes: torch.Tensor, test_codes: torch.Tensor) -> float:
    """Return for how many test digits, in percent, the majority of the 15 nearest training digits is right."""
    crowd = KNeighborsClassifier(15).fit(codes.numpy(), load_split()[0].y.numpy())
    return 100 * crowd.score(test_codes.numpy(), load_mnist()[1].y.numpy())


def counted(codes: torch.Tensor, edges: list[np.ndarray]) -> torch.Tensor:
    """Return how many codes lie in each cell; (GRID²,), in the order of `torch.cartesian_prod`."""
    return torch.from_numpy(np.histogram2d(*codes.numpy().T, bins=edges)[0]).flatten()


@control(
    "A map of two numbers keeps classes together; a hole is one that training codes leave, not test codes.",
    "PCA with two numbers; cells without test codes that hold training codes.",
)
@torch.no_grad()
def maps(seed: int) -> Numbers:
    """Return votes of neighbours, number of cells, and shares of which a reader is sure, in percent, for a new map."""
    fitting, test = load_split()[0], load_mnist()[1]
    model: Autoencoder = DenseAutoencoder(2, hidden=(256, 64))
    with torch.enable_grad():
        fit(model, fitting.x, epochs=3, seed=seed, progress=False)
    z, z_test, pca = model.encode(fitting.x), model.encode(test.x), digits_pca()
    low, high = z.quantile(0.005, 0), z.quantile(0.995, 0)
    margin = 0.06 * (high - low)
    edges = [
        np.linspace(a, b, GRID + 1) for a, b in zip((low - margin).tolist(), (high + margin).tolist(), strict=True)
    ]
    drawn = model.decode(torch.cartesian_prod(*(torch.tensor((e[1:] + e[:-1]) / 2).float() for e in edges)))
    trained, tested = counted(z, edges), counted(z_test, edges)
    kinds = {
        "cells with test codes": tested > 0,
        "cells without test codes but with training codes": (tested == 0) & (trained > 0),
        "cells without any code": (tested == 0) & (trained == 0),
    }
    found = {
        "neighbours right, map": vote(z, z_test),
        "neighbours right, PCA": vote(pca.encode(fitting.x, 2), pca.encode(test.x, 2)),
    }
    found |= {f"{name}: number": here.sum().item() for name, here in kinds.items()}
    return found | {f"{name}: reader sure": sure(drawn[here], seed) for name, here in kinds.items() if here.any()}


class ColourAutoencoder(nn.Module):
    """As written out in the notebook: 3 × 32 × 32 → k → 3 × 32 × 32."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 16, 4, stride=4), nn.GELU(), nn.Conv2d(16, 32, 4, stride=2, padding=1), nn.GELU(),
            nn.Flatten(), nn.Linear(32 * 4 * 4, k),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Linear(k, 32 * 4 * 4), nn.GELU(), nn.Unflatten(1, (32, 4, 4)),
            nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1), nn.GELU(), nn.ConvTranspose2d(16, 3, 4, stride=4),
            nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(x))

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        return F.mse_loss(self(x), x)


def in_ink(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return digits on 32 × 32 black pixels, each in an ink of its own hue; (n, 784) → (n, 3, 32, 32)."""
    hue = torch.rand(len(x), 1, generator=generator) + torch.tensor([0, 2 / 3, 1 / 3])
    ink = ((hue % 1 * 6 - 3).abs() - 1).clamp(0, 1)  # (n, 3)
    return F.pad(x.view(-1, 1, 28, 28), (2, 2, 2, 2)) * ink[:, :, None, None]


@control(
    "A convolutional network learns coloured digits of 32 × 32 pixels with the same `fit`.",
    "PCA of the same pictures with as many numbers.",
)
def colour(seed: int) -> Numbers:
    """Test MSE with 16 numbers: 10,000 pictures, four epochs."""
    generator = torch.Generator().manual_seed(seed)
    seen, judged = in_ink(load_split()[0].x[:10_000], generator), in_ink(load_mnist()[1].x, generator)
    model = ColourAutoencoder(16)
    fit(model, seen, epochs=4, batch_size=32, seed=seed, progress=False)
    mean, flat = seen.flatten(1).mean(0), judged.flatten(1)
    directions = torch.pca_lowrank(seen.flatten(1), q=24, niter=3)[2][:, :16]
    restored = (flat - mean) @ directions @ directions.T + mean
    return {"network": reconstruction_mse(model, judged), "PCA": (restored - flat).square().mean().item()}
