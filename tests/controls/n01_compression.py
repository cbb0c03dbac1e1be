"""Controls of notebooks/01_compression.ipynb: the matchstick code, the training, the loss, the bytes, the identity."""

from __future__ import annotations

import functools
import io
import itertools
import math

import numpy as np
import torch
from bench import control
from PIL import Image
from torch import nn
from torch.nn import functional as F

from aecourse.data import ImageSet, load_mnist, photo_patches, seven_segment_digits
from aecourse.device import seed_everything
from aecourse.evaluation import psnr, reconstruct, reconstruction_mse
from aecourse.models import LinearAutoencoder
from aecourse.plotting import mosaic
from aecourse.training import fit
from aecourse.zoo import DENSE, load_split, load_weights


@functools.cache
def digits() -> tuple[ImageSet, ImageSet, ImageSet]:
    """The 55,000 images to fit, the 5,000 to validate, and the test images."""
    return *load_split(), load_mnist()[1]


def train_many(
    x: torch.Tensor, sizes: tuple[int, ...], *, starts: int, steps: int, lr: float, seed: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, list[torch.Tensor]]:
    """Train many small nets at once, in float32; return the codes, the outputs and the decoder's parameters."""
    generator = torch.Generator().manual_seed(seed)
    parameters, middle = [], len(sizes) // 2
    for fan_in, fan_out in itertools.pairwise(sizes):  # as nn.Linear draws them
        for rows in (fan_in, 1):
            uniform = torch.rand(starts, rows, fan_out, generator=generator) * 2 - 1
            parameters.append((uniform / math.sqrt(fan_in)).requires_grad_())
    optimizer = torch.optim.Adam(parameters, lr=lr, fused=True)
    batch = x.expand(starts, -1, -1)

    def layers(h: torch.Tensor, chosen: range) -> torch.Tensor:
        for i in chosen:
            h = torch.baddbmm(parameters[2 * i + 1], h, parameters[2 * i])
            linear = len(sizes) > 3 and i == middle - 1  # the code of the deeper net is not squeezed
            h = torch.sigmoid(h) if i == len(sizes) - 2 else h if linear else torch.tanh(h)
        return h

    for _ in range(steps):
        x_hat = layers(layers(batch, range(middle)), range(middle, len(sizes) - 1))
        loss = ((x_hat - batch) ** 2).mean((1, 2)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        z = layers(batch, range(middle))
        return z, layers(z, range(middle, len(sizes) - 1)), batch, [p.detach() for p in parameters[2 * middle :]]


def restored(x_hat: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return how many rows each net restores; (starts, n, features) → (starts,)."""
    return ((x_hat > 0.5) == (x > 0.5)).all(2).sum(1)


@control(
    "Three numbers restore all ten matchstick digits in about two of three starts, two never",
    "two and four numbers, and the same codes after rounding to one and two bits a number",
)
def matchstick_starts(seed: int) -> dict[str, float]:
    """Return the share of 500 starts in which all ten digits are restored."""
    x, found = seven_segment_digits(), {}
    for k in (2, 3, 4):
        z, x_hat, batch, (weight, bias) = train_many(x, (7, k, 7), starts=500, steps=600, lr=0.05, seed=seed)
        found[f"k = {k}"] = (restored(x_hat, batch) == 10).float().mean().item()
        for bits in (1, 2):
            levels = 2**bits - 1
            clicked = ((z + 1) / 2 * levels).round() / levels * 2 - 1
            again = restored(torch.sigmoid(torch.baddbmm(bias, clicked, weight)), batch)
            found[f"k = {k}, {bits} bits each"] = (again == 10).float().mean().item()
    return found


@control(
    "4 → 2 → 4 numbers its rows in binary; 8 → 3 → 8 restores them, but seldom in binary",
    "the share of starts in which the signs of the code give every row a pattern of its own",
    quick=True,
)
def binary_codes(seed: int) -> dict[str, float]:
    """Return the shares of 500 starts that restore all rows, and that give every row its own binary code."""
    found = {}
    for n, k in ((4, 2), (8, 3)):
        z, x_hat, batch, _ = train_many(torch.eye(n), (n, k, n), starts=500, steps=600, lr=0.05, seed=seed)
        pattern = ((z > 0) * 2 ** torch.arange(k)).sum(2)  # (starts, n)
        own = torch.tensor([len(row.unique()) == n for row in pattern])
        found[f"{n} → {k} → {n} restored"] = (restored(x_hat, batch) == n).float().mean().item()
        found[f"{n} → {k} → {n} in binary"] = own.float().mean().item()
    return found


@control("A single number can carry ten digits", "a decoder of one layer, which cannot tell more than eight apart")
def one_number(seed: int) -> dict[str, float]:
    """Return the share of 200 starts in which all ten digits are restored from one number."""
    x = seven_segment_digits()
    _, deep, batch, _ = train_many(x, (7, 16, 1, 16, 7), starts=200, steps=1000, lr=0.02, seed=seed)
    _, flat, _, _ = train_many(x, (7, 1, 7), starts=200, steps=1000, lr=0.05, seed=seed)
    return {
        "decoder with a hidden layer": (restored(deep, batch) == 10).float().mean().item(),
        "decoder of one layer": (restored(flat, batch) == 10).float().mean().item(),
    }


def fresh_net() -> nn.Sequential:
    """The network that the notebook writes out, 784 → 256 → 32 → 256 → 784."""
    return nn.Sequential(
        nn.Sequential(nn.Linear(784, 256), nn.GELU(), nn.Linear(256, 32)),
        nn.Sequential(nn.Linear(32, 256), nn.GELU(), nn.Linear(256, 784), nn.Sigmoid()),
    )


def squared_error(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """The loss of the notebook."""
    return ((model(x) - x) ** 2).mean()


@control(
    "A learning rate of .03 is ten times too high: the loss falls and stays above",
    "rates from .001 to .1 with warm-up and fall, and .03 without either; validation error after one epoch",
)
def learning_rates(seed: int) -> dict[str, float]:
    """Return the validation error of the notebook's network after one epoch, and how many trainings died."""
    fitting, valid, _ = digits()
    found, died = {}, 0
    for lr, schedule in ((0.001, "trapezoid"), (0.003, "trapezoid"), (0.01, "trapezoid"), (0.03, "trapezoid"),
                         (0.1, "trapezoid"), (0.03, "constant")):  # fmt: skip
        seed_everything(seed)
        net = fresh_net()
        settings = {"epochs": 1, "lr": lr, "schedule": schedule, "seed": seed, "progress": False}
        history = fit(net, fitting.x, loss=squared_error, **settings)
        died += history.died
        found[f"lr = {lr:g}" + (", constant" if schedule == "constant" else "")] = reconstruction_mse(net, valid.x)
    return found | {"trainings that died": died}


@control(
    "Validation lies below training after the first epoch because the training loss is a mean over a changing network",
    "both errors of one and the same network, at the end of the epoch",
)
def like_for_like(seed: int) -> dict[str, float]:
    """Return validation / training error, as shown and for the same network, after the first and the third epoch."""
    fitting, valid, _ = digits()
    seed_everything(seed)
    net, same = fresh_net(), []
    settings = {"epochs": 3, "seed": seed, "progress": False, "validation": valid.x}
    keep = lambda history: same.append(reconstruction_mse(net, fitting.x[:5_000]))  # noqa: E731
    history = fit(net, fitting.x, loss=squared_error, on_epoch=keep, **settings)
    shown = [v["total"] / t["total"] for v, t in zip(history.validation, history.train, strict=True)]
    alike = [v["total"] / t for v, t in zip(history.validation, same, strict=True)]
    return {
        "epoch 1 as shown": shown[0], "epoch 1 like for like": alike[0],
        "epoch 3 as shown": shown[2], "epoch 3 like for like": alike[2],
    }  # fmt: skip


@control(
    "Training with cross-entropy costs nothing in squared error; absolute error trains worse, by its own measure too",
    "the same network trained with squared error, cross-entropy and absolute error, judged by all three",
)
def loss_choice(seed: int) -> dict[str, float]:
    """Return three measures on test digits for three losses, one epoch each."""
    fitting, _, test = digits()
    losses = {"squared": F.mse_loss, "cross-entropy": F.binary_cross_entropy, "absolute": F.l1_loss}
    found = {}
    for name, loss in losses.items():
        seed_everything(seed)
        net = fresh_net()
        chosen = lambda model, x, loss=loss: loss(model(x), x)  # noqa: E731
        fit(net, fitting.x, loss=chosen, epochs=1, seed=seed, progress=False)
        x_hat = reconstruct(net, test.x)
        found |= {f"trained by {name}: {judge}": judging(x_hat, test.x).item() for judge, judging in losses.items()}
    return found


def cut(x: torch.Tensor, side: int) -> torch.Tensor:
    """Cut images into square blocks; (n, 784) → (blocks, n, side²)."""
    m = 28 // side
    return x.view(-1, m, side, m, side).permute(1, 3, 0, 2, 4).reshape(m * m, -1, side * side)


def nearest(b: torch.Tensor, centres: torch.Tensor) -> torch.Tensor:
    """Return the nearest centre of every block; → (blocks, n)."""
    return torch.baddbmm(centres.square().sum(2)[:, None], b, centres.mT, alpha=-2).argmin(2)


def codebook_error(x: torch.Tensor, unseen: torch.Tensor, side: int, rounds: int = 10) -> float:
    """Return the test error of 256 centres per block, found by k-means: one byte per block."""
    b, new = cut(x, side), cut(unseen, side)
    centres = b[:, :256].clone()
    for _ in range(rounds):
        index = nearest(b, centres)[:, :, None].expand_as(b)
        centres = centres.scatter_reduce(1, index, b, "mean", include_self=False)
    chosen = nearest(new, centres)[:, :, None].expand_as(new)
    return (centres.gather(1, chosen) - new).square().mean().item()


def saved(x: torch.Tensor, kind: str, **options) -> tuple[float, float]:
    """Return bytes per image and PSNR of 2,500 images saved as one sheet."""
    file = io.BytesIO()
    Image.fromarray(mosaic(x.split(50), gap=0)).save(file, kind, **options)
    sheet = np.asarray(Image.open(file).convert("L")).reshape(-1, 28, 50, 28)
    pixels = torch.from_numpy(sheet.swapaxes(1, 2).reshape(len(x), 784) / 255).to(x)
    return len(file.getvalue()) / len(x), psnr(x, pixels)


def overtakes(ours: np.ndarray, other: np.ndarray) -> float:
    """Return the bytes from which another curve (bytes, dB) lies above ours, which ends at its largest code."""
    places = np.linspace(other[0, 0], other[0, -1], 2_000)
    better = np.interp(places, *other) > np.interp(places, *ours)
    return float(places[better.argmax()])


@control(
    "On digits the network beats JPEG, and WebP below about 57 bytes; a codebook beats it at one byte, not at four",
    "JPEG, WebP and codebooks of 256 centres a block, at equal bytes, on 2,500 test digits drawn by the seed; the "
    "network's k and bits a number are chosen for each size on validation digits",
)
@torch.inference_mode()
def bytes_on_digits(seed: int) -> dict[str, float]:
    """Return PSNR at equal bytes, and the bytes from which the others are better."""
    fitting, valid, test = digits()
    generator = torch.Generator().manual_seed(seed)
    x = test.x[torch.randperm(10_000, generator=generator)[:2_500]]
    some = fitting.x[torch.randperm(55_000, generator=generator)[:10_000]]
    models = {k: load_weights(name) for k, name in DENSE.items()}

    def quality(pair: tuple[int, int], images: torch.Tensor) -> float:
        model, levels = models[pair[0]], 2 ** pair[1] - 1
        z = model.encode(fitting.x[:5_000])
        low, high = z.amin(0), z.amax(0)
        whole = ((model.encode(images) - low) / (high - low) * levels).round().clamp(0, levels)
        return psnr(images, model.decode(whole / levels * (high - low) + low))

    chosen = {pair: quality(pair, valid.x[:500]) for pair in itertools.product(models, range(1, 9))}
    sizes = (1, 2, 4, 8, 16, 24, 32, 48, 64)
    best = [max((pair for pair in chosen if math.prod(pair) <= 8 * size), key=chosen.get) for size in sizes]
    ours = np.array([sizes, [quality(pair, x) for pair in best]])
    jpeg = np.array([saved(x, "JPEG", quality=q, optimize=True) for q in (1, 5, 10, 20, 35, 50)]).T
    webp = np.array([saved(x, "WEBP", quality=q, method=6) for q in (0, 1, 2, 5, 10, 20)]).T
    at_24 = float(np.interp(24, *ours))
    found = {
        "k = 32, 24 bytes, dB": at_24,
        "JPEG's bytes for that": float(np.interp(at_24, jpeg[1], jpeg[0])),
        "WebP's bytes for that": float(np.interp(at_24, webp[1], webp[0])),
        "JPEG overtakes at bytes": overtakes(ours, jpeg),
        "WebP overtakes at bytes": overtakes(ours, webp),
    }
    for side, size in ((28, 1), (14, 4), (7, 16), (4, 49)):
        found[f"codebook, {size} bytes, dB"] = -10 * math.log10(codebook_error(some, x, side))
        found[f"network, {size} bytes, dB"] = float(np.interp(size, *ours))
    return found


def relative_error(model: nn.Module, x: torch.Tensor, mean: torch.Tensor) -> float:
    """Return error / variance of the images for a linear network that sees images minus the mean digit."""
    return ((reconstruct(model, x - mean) + mean - x).square().mean() / (x - x.mean(0)).square().mean()).item()


@control(
    "A linear code of 784 numbers copies what it is shown, but fails on light where digits seldom or never have ink",
    "the same net with 32 numbers, and the wide one trained on digits with faint noise in every pixel",
)
def identity(seed: int) -> dict[str, float]:
    """Return error / variance of three linear nets on images that they never saw."""
    fitting, _, test = digits()
    few = fitting.x[:20_000]
    generator = torch.Generator().manual_seed(100 + seed)
    everywhere = torch.rand(2_000, 784, generator=generator)
    middle = torch.zeros(2_000, 28, 28)
    middle[:, 6:22, 6:22] = torch.rand(2_000, 16, 16, generator=generator)
    worlds = {
        "upside-down digits": test.x.flip(1), "central noise": middle.view(-1, 784), "noise everywhere": everywhere,
        "photographs": photo_patches(2_500),
    }  # fmt: skip
    lit = few + 0.1 * torch.randn(few.shape, generator=generator)
    found = {}
    for name, k, images in (
        ("linear, k = 784", 784, few),
        ("linear, k = 32", 32, few),
        ("linear, k = 784, noise added", 784, lit),
    ):
        seed_everything(seed)
        model, mean = LinearAutoencoder(k), images.mean(0)
        fit(model, images - mean, epochs=4, batch_size=64, lr=4e-3, seed=seed, progress=False)
        found |= {f"{name}: {world}": relative_error(model, x, mean) for world, x in worlds.items()}
    return found
