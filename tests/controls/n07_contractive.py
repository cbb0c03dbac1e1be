"""Controls of notebook 07: what a contractive code still follows, what weight decay does, what noise does instead."""

from __future__ import annotations

import functools
import math

import torch
from bench import Numbers, control
from scipy.ndimage import gaussian_filter
from torch import nn
from torch.nn import functional as F

from aecourse.data import gaussian_noise, load_mnist
from aecourse.evaluation import linear_probe_accuracy, mse, reconstruct, reconstruction_mse
from aecourse.models import ContractiveAutoencoder
from aecourse.training import fit
from aecourse.zoo import CONTRACTIVE
from aecourse.zoo.catalogue import load_split
from aecourse.zoo.weights import shared_weights

INVERSE = (0.003, 0.01, 0.03, 0.1, 0.3, 1, 3)  # C of the logistic regression; the library takes 1
LIVE = {"epochs": 6, "lr": 2e-2}  # as the notebook trains its own class, on 10,000 digits
FEW, MANY = 10, 52  # directions: a round number, and as many as hold 90 % of ‖J‖² at λ = 1
NEIGHBOURS = 200  # nearest training digits, for a tangent space without a network


@functools.cache
def digits() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return mean (784,), covariance (784, 784) and principal components as rows (784, 784) of the 55,000 digits."""
    x = load_split()[0].x
    C = torch.cov(x.T, correction=0)
    return x.mean(0), C, torch.linalg.eigh(C.double()).eigenvectors.flip(1).T.float()


def draw(seed: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return some test digits and for each a partner of another class; (count, 784) twice."""
    test = load_mnist()[1]
    first, second = torch.randperm(len(test), generator=torch.Generator().manual_seed(seed)).view(2, -1)
    apart = test.y[first] != test.y[second]
    return test.x[first[apart][:count]], test.x[second[apart][:count]]


def shifted(x: torch.Tensor) -> torch.Tensor:
    """Return what changes when each image moves one pixel to the right; (n, 784) → (n, 784)."""
    return F.pad(x.view(-1, 28, 28), (1, 0))[:, :, :-1].flatten(1) - x


def turned(x: torch.Tensor, degrees: float = 5.0) -> torch.Tensor:
    """Return what changes when each image is rotated; (n, 784) → (n, 784)."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    grid = F.affine_grid(torch.tensor([[c, -s, 0], [s, c, 0]]).expand(len(x), 2, 3), (len(x), 1, 28, 28), False)
    return F.grid_sample(x.view(-1, 1, 28, 28), grid, align_corners=False).flatten(1) - x


def smooth_noise(count: int, width: float = 1.5) -> torch.Tensor:
    """Return normal noise blurred by a Gaussian filter of this width in pixels; (count, 784)."""
    noise = torch.randn(count, 28, 28).numpy()
    return torch.from_numpy(gaussian_filter(noise, (0, width, width), mode="constant")).flatten(1)


def other_phases(nudge: torch.Tensor) -> torch.Tensor:
    """Return pictures with the same amplitude at every spatial frequency and random phases; (n, 784) → (n, 784)."""
    noise = torch.fft.rfft2(torch.randn(len(nudge), 28, 28))
    return torch.fft.irfft2(torch.fft.rfft2(nudge.view(-1, 28, 28)).abs() * noise / noise.abs(), s=(28, 28)).flatten(1)


def ladder(x: torch.Tensor, other: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return nudges of length 1, from real changes of a digit to noise; {name: (n, 784)}."""
    mean, C, components = digits()
    n, ink, shift = len(x), mean > 0.05, shifted(x)
    white, smooth = torch.randn(n, 784), smooth_noise(n)
    nudges = {
        "own shift": shift,
        "own rotation": turned(x),
        "another digit's shift": shifted(other),
        "own shift, scrambled phases": other_phases(shift),
        "smooth noise, whole picture": smooth,
        "smooth noise where digits have ink": smooth * C.diagonal().sqrt(),
        "brightness": x,
        "another digit's ink": other,
        "PCA 1-30": torch.randn(n, 30) @ components[:30],
        "PCA 31-100": torch.randn(n, 70) @ components[30:100],
        "white noise where digits have ink": white * ink,
        "white noise on the border": white * ~ink,
        "white noise": white,
    }
    return {name: F.normalize(nudge, dim=1) for name, nudge in nudges.items()}


@control(
    "A contractive code follows what is smooth and lies where digits have ink: the directions in which digits vary.",
    "a shift of another digit, the same shift with scrambled phases, smooth noise here and there, PCA's directions",
    quick=True,
)
@torch.no_grad()
def nudges(seed: int) -> Numbers:
    """Return the deviation of digits along each nudge, and the lengths of J v and of ∂r/∂x v at three strengths."""
    x, other = draw(seed, 1_000)
    C, found = digits()[1], {}
    slopes = {s: (z * (1 - z)) for s in (0, 0.1, 1) for z in [shared_weights(CONTRACTIVE[s]).encode(x)]}
    for name, v in ladder(x, other).items():
        found[f"deviation, {name}"] = ((v @ C) * v).sum(1).mean().sqrt().item()
        for s, slope in slopes.items():
            net = shared_weights(CONTRACTIVE[s])
            moved = slope * (v @ net.encoder[0].weight.T)  # J v, (n, 256)
            x_hat = net(x)
            drawn = moved @ net.decoder[0].weight.T  # before the output's sigmoid, (n, 784)
            restored = x_hat * (1 - x_hat) * drawn  # ∂r/∂x v
            found[f"λ = {s:g}, {name}"] = moved.norm(dim=1).mean().item()
            found[f"x̂, λ = {s:g}, {name}"] = restored.norm(dim=1).mean().item()
            found[f"before the sigmoid, λ = {s:g}, {name}"] = drawn.norm(dim=1).mean().item()
    return found


@control(
    "The fastest directions at a digit are hardly its own tangent: PCA's hold as much of it, and another digit's "
    "nearly as much (52 directions) or two thirds (ten).",
    "another class's Jacobian, PCA, 200 nearest training digits, chance; 60 test digits, their own shift and rotation",
)
@torch.no_grad()
def tangent(seed: int) -> Numbers:
    """Return the share in % of a small shift and rotation that lies in the leading directions."""
    x, _ = draw(seed, 60)
    y = load_mnist()[1]
    y = y.y[torch.stack([(y.x == row).all(1).nonzero()[0, 0] for row in x])]
    nudges = {name: F.normalize(way(x), dim=1) for name, way in (("shift", shifted), ("rotation", turned))}
    components, train = digits()[2], load_split()[0].x
    nearest = torch.cdist(x, train).topk(NEIGHBOURS, largest=False).indices  # (60, 200)
    spaces = {"PCA": [components[:MANY]] * len(x), "neighbours": []}
    for near in nearest:
        local = train[near] - train[near].mean(0)
        left = torch.linalg.eigh(local @ local.T).eigenvectors.flip(1)[:, :MANY]
        spaces["neighbours"].append(F.normalize(left.T @ local, dim=1))
    for s in (0, 1):
        net = shared_weights(CONTRACTIVE[s])
        z = net.encode(x)
        W = net.encoder[0].weight
        spaces[f"λ = {s}, own"] = [torch.linalg.svd(row[:, None] * W, full_matrices=False)[2] for row in z * (1 - z)]
    own = spaces["λ = 1, own"]
    partner = [next(j for j in range(i + 1, i + 60) if y[j % 60] != y[i]) % 60 for i in range(60)]
    spaces["λ = 1, another class's"] = [own[j] for j in partner]
    found = {}
    for k in (FEW, MANY):
        for way, v in nudges.items():
            for name, rows in spaces.items():
                share = torch.stack([(V[:k] @ row).square().sum() for V, row in zip(rows, v, strict=True)]).mean()
                found[f"{way}, {k} directions, {name}"] = 100 * share.item()
    return found


class Tiny(ContractiveAutoencoder):
    """The notebook's class, with contraction or weight decay, which is contraction with every slope fixed at 1/4."""

    def __init__(self, strength: float, *, decay: bool = False) -> None:
        super().__init__(128, strength=strength)
        self.decay = decay

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Return the error plus the penalty."""
        z = self.encode(x)
        penalty = self.encoder[0].weight.square().sum() / 16 if self.decay else self.closed_form(x, z).mean()
        return F.mse_loss(self.decode(z), x) + self.strength / 784 * penalty


def trained(seed: int, make, *, count: int = 10_000, **options) -> nn.Module:
    """Return a network whose first weights and batches follow from the seed, after training on some digits."""
    torch.manual_seed(seed)
    net = make()
    fit(net, load_split()[0].x[:count], seed=seed, progress=False, **options)
    return net


@torch.no_grad()
def movement(net: nn.Module, x: torch.Tensor) -> float:
    """Return how far noise moves a code, in % of the distance between two digits' codes."""
    z = net.encode(x)
    moved = (net.encode(gaussian_noise(x, 0.1, clip=False, seed=0)) - z).norm(dim=1).mean()
    return 100 * (moved / (z - z.roll(1, 0)).norm(dim=1).mean()).item()


@control(
    "At equal error a code under weight decay holds as still as under contraction, without saturating its units.",
    "weight decay of the encoder, which is the penalty with every slope held at 1/4; 10,000 digits, six epochs",
)
def weight_decay(seed: int) -> Numbers:
    """Return norm, error, movement and saturation for several strengths of both penalties."""
    test, found = load_mnist()[1].x, {}
    settings = [(False, s) for s in (0, 0.03, 0.1, 0.3, 1)] + [(True, s) for s in (0.03, 0.1, 0.3, 1)]
    for decay, strength in settings:
        net = trained(seed, lambda strength=strength, decay=decay: Tiny(strength, decay=decay), **LIVE)
        name = f"{'decay' if decay else 'contraction'} {strength:g}"
        with torch.no_grad():
            z = net.encode(test)
            found |= {
                f"‖J‖, {name}": net.closed_form(test, z).sqrt().mean().item(),
                f"MSE, {name}": reconstruction_mse(net, test),
                f"moved in %, {name}": movement(net, test),
                f"‖W‖, {name}": net.encoder[0].weight.norm().item(),
                f"slope, {name}": (z * (1 - z)).square().mean().sqrt().item(),
                f"saturated in %, {name}": 100 * ((z < 0.05) | (z > 0.95)).float().mean().item(),
            }
    return found


@control(
    "One random vector for each image is enough to train with.",
    "the exact penalty on the same network, and no penalty; a deep encoder with and without the estimate",
)
def one_vector(seed: int) -> Numbers:
    """Return the exact mean norm of J, and the error on validation digits, after training on 10,000 other digits."""
    valid, found = load_split()[1].x[:500], {}
    kinds = {
        "one layer, no penalty": {"strength": 0},
        "one layer, exact": {"strength": 0.1},
        "one layer, one vector": {"strength": 0.1, "estimator": "hutchinson"},
        "two layers, no penalty": {"strength": 0, "hidden": (256,)},
        "two layers, one vector": {"strength": 0.1, "hidden": (256,)},
    }
    for name, options in kinds.items():
        net = trained(seed, lambda options=options: ContractiveAutoencoder(64, **options), **LIVE)
        norm = torch.cat(
            [net.jacobian(part).detach().square().sum((1, 2)).sqrt() for part in valid[:200].split(100)]
        ).mean()
        found |= {f"‖J‖, {name}": norm.item(), f"MSE, {name}": reconstruction_mse(net, valid)}
    return found


@control(
    "A linear reader gains from contraction mostly what its own tuning would have given it.",
    "the usual C and the best on validation digits, for each code; pixels, an untrained layer; draws of 5,000 labels",
    seeds=5,
)
@torch.no_grad()
def probe(seed: int) -> Numbers:
    """Return the test accuracy in percent with the usual C and with the best."""
    (fitting, valid), test = load_split(), load_mnist()[1]
    known = torch.randperm(len(fitting), generator=torch.Generator().manual_seed(seed))[:5_000]
    encoders = {f"λ = {s:g}": shared_weights(CONTRACTIVE[s]).encode for s in (0, 0.1, 1)}
    encoders |= {"untrained": ContractiveAutoencoder(256).encode, "pixels": lambda x: x}
    found = {}
    for name, encode in encoders.items():
        x, held, final = (encode(part) for part in (fitting.x[known], valid.x, test.x))
        y = fitting.y[known]
        best = max(INVERSE, key=lambda c, x=x, y=y, held=held: linear_probe_accuracy(x, y, held, valid.y, c=c))
        for which, c in (("usual C", 1), ("best C", best)):
            found[f"{name}, {which}"] = 100 * linear_probe_accuracy(x, y, final, test.y, c=c)
    return found


class Noisy(ContractiveAutoencoder):
    """A denoising autoencoder with a little noise."""

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Return the error of the reconstruction of the noisy image."""
        return F.mse_loss(self(gaussian_noise(x, 0.1, clip=False)), x)


class Smooth(ContractiveAutoencoder):
    """An autoencoder penalised for the Jacobian of its whole reconstruction."""

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Return the error plus σ² ‖∂r/∂x‖², estimated."""
        return F.mse_loss(self(x), x) + 0.1**2 / 784 * pulled(self, x).mean()


def pulled(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return ‖vᵀ ∂r/∂x‖² for random signs v; (n, 784) → (n,)."""
    x = x.clone().requires_grad_()
    v = torch.randint(0, 2, x.shape) * 2.0 - 1
    return torch.autograd.grad(net(x), x, v, create_graph=True)[0].square().sum(1)


@control(
    "Little noise and a penalty on the whole reconstruction bring its Jacobian down alike.",
    "the plain network, and each on clean and on noisy test digits; 10,000 digits, six epochs",
)
def noise_or_penalty(seed: int) -> Numbers:
    """Return the squared norm of the reconstruction's Jacobian, and the errors on clean and on noisy digits."""
    test, found = load_mnist()[1].x, {}
    noisy = gaussian_noise(test, 0.1, clip=False, seed=0)
    for name, kind in {"plain": ContractiveAutoencoder, "noise": Noisy, "penalty": Smooth}.items():
        net = trained(seed, lambda kind=kind: kind(128, strength=0), epochs=6, lr=1e-2)
        norm = torch.stack([pulled(net, test[:200]).mean().detach() for _ in range(30)]).mean().item()
        found |= {
            f"‖∂r/∂x‖², {name}": norm,
            f"MSE, {name}": reconstruction_mse(net, test),
            f"repairing, {name}": mse(test, reconstruct(net, noisy)),
        }
    return found
