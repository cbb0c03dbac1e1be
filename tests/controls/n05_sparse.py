"""Controls of notebook 05: what a penalty on activity gives, what the width gives, and what the atoms are like."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import torch
from bench import Numbers, control
from sklearn.decomposition import FastICA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.nn import functional as F

from aecourse.data import load_mnist, whitened_patches
from aecourse.evaluation import extent, gabor_fit, mse, orientation, reconstruction_mse
from aecourse.models import PCA, SparseAutoencoder
from aecourse.training import fit
from aecourse.zoo import SPARSE
from aecourse.zoo.catalogue import load_split
from aecourse.zoo.weights import shared_weights

UNITS, STRENGTH = 1024, 0.25
PHOTO = {"epochs": 6, "batch_size": 256, "lr": 1e-2}  # for photographs
PHOTO_STRENGTH = 2.0  # the strength of L1 on photographs
FITTED = 100  # atoms whose shape is measured
INVERSE = (0.01, 0.1, 1.0)  # C of the logistic regression


def trained(model: nn.Module, x: torch.Tensor, seed: int, **options) -> nn.Module:
    """Return the model after training."""
    fit(model, x, seed=seed, progress=False, **options)
    return model


def made(seed: int, units: int = UNITS, **options) -> SparseAutoencoder:
    """Return a sparse autoencoder whose first weights follow from the seed."""
    torch.manual_seed(seed)
    return SparseAutoencoder(units, **options)


class Free(nn.Module):
    """L1 autoencoder whose encoder is or is not tied to the atoms, and whose atoms have length 1 or do not."""

    def __init__(self, *, tied: bool, unit: bool) -> None:
        super().__init__()
        self.tied, self.unit = tied, unit
        start = F.normalize(torch.randn(784, UNITS), dim=0)
        self.weight, self.b, self.c = (
            nn.Parameter(start),
            nn.Parameter(torch.zeros(784)),
            nn.Parameter(torch.zeros(UNITS)),
        )
        if not tied:
            self.detector = nn.Parameter(start.clone())

    def atoms(self) -> torch.Tensor:
        """Return the atoms as columns; (784, 1024)."""
        return F.normalize(self.weight, dim=0) if self.unit else self.weight

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Return the activities; (n, 784) → (n, 1024)."""
        return ((x - self.b) @ (self.atoms() if self.tied else self.detector) + self.c).relu()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x_hat; (n, 784) → (n, 784)."""
        return self.b + self.encode(x) @ self.atoms().T

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error plus the penalty."""
        z = self.encode(x)
        return F.mse_loss(self.b + z @ self.atoms().T, x) + STRENGTH / 784 * z.sum(1).mean()


@control(
    "An untied decoder cheats the penalty by longer atoms, slowly; a tied one cannot.",
    "tied and untied, atoms of length 1 and free; 10,000 digits, 4 epochs, the untied ones 10",
)
def unit_length(seed: int) -> Numbers:
    """Return the length of the atoms, the penalty, the share of active units and the test error."""
    x, test = load_split()[0].x[:10_000], load_mnist()[1].x
    found = {}
    for tied, unit, epochs in ((1, 1, 4), (1, 0, 4), (0, 1, 10), (0, 0, 10)):
        torch.manual_seed(seed)
        model = trained(Free(tied=bool(tied), unit=bool(unit)), x, seed, epochs=epochs)
        with torch.inference_mode():
            z = model.encode(test)
            used = (z > 0).float().mean(0)
            length = (model.atoms().norm(dim=0) * used).sum() / used.sum()
            name = f"{'tied' if tied else 'untied'}, {'length 1' if unit else 'free'}, {epochs} epochs"
            found |= {
                f"length, {name}": length.item(),
                f"penalty, {name}": z.sum(1).mean().item(),
                f"active in %, {name}": 100 * (z > 0).float().mean().item(),
                f"test MSE, {name}": mse(test, model(test)),
            }
    return found


def ista(x: torch.Tensor, D: torch.Tensor, strength: float, steps: int, z: torch.Tensor, *, fast: bool) -> torch.Tensor:
    """Return the code after some steps of ISTA from z, or of FISTA (Beck & Teboulle 2009); (n, d) → (n, units)."""
    L = torch.linalg.matrix_norm(D, 2) ** 2
    look, t = z, 1.0
    for _ in range(steps):
        new = (look - (look @ D.T - x) @ D / L - strength / (2 * L)).relu()
        t_new = (1 + (1 + 4 * t * t) ** 0.5) / 2 if fast else 1.0
        look = new + (t - 1) / t_new * (new - z) if fast else new
        z, t = new, t_new
    return z


@control(
    "The encoder reaches in one step nearly what ISTA reaches in some tens; iterations go on to a lower loss.",
    "ISTA from zero and from the encoder's code, FISTA to the end; same atoms, same penalty, 300 test digits",
    quick=True,
)
def inference(seed: int) -> Numbers:
    """Return the loss (squared error + penalty) per digit and the share of active units."""
    net, test = shared_weights(SPARSE["l1"][STRENGTH]), load_mnist()[1].x
    x = test[torch.randperm(len(test), generator=torch.Generator().manual_seed(seed))[:300]]
    found = {}
    with torch.inference_mode():
        D, b = net.decoder.atoms, net.decoder.bias
        start, zero = net.encode(x), torch.zeros(len(x), UNITS)
        codes = {"encoder": start, "encoder, then 10 steps": ista(x - b, D, STRENGTH, 10, start, fast=False)}
        codes |= {f"ISTA, {steps} steps": ista(x - b, D, STRENGTH, steps, zero, fast=False) for steps in (10, 100)}
        codes["FISTA, 500 steps"] = ista(x - b, D, STRENGTH, 500, zero, fast=True)
        for name, z in codes.items():
            error = (net.decode(z) - x).square().sum(1).mean().item()
            found |= {
                f"loss, {name}": error + STRENGTH * z.sum(1).mean().item(),
                f"MSE, {name}": error / 784,
                f"active in %, {name}": 100 * (z > 0).float().mean().item(),
            }
    return found


@control(
    "Without a cure many units of a top-k network die; the cure revives them, at no gain in error after two epochs.",
    "the same network with the cure, each at two learning rates; 25 of 1,024 active, 10,000 digits, two epochs",
)
def dead_units(seed: int) -> Numbers:
    """Return the share of units that no validation digit activates, and the validation error."""
    fitting, valid = load_split()
    found = {}
    for lr, epochs in ((3e-3, 2), (1e-3, 2)):
        for name, strength in (("no cure", 0.0), ("cure", 1 / 32)):
            model = made(seed, penalty="topk", k=25, strength=strength)
            trained(model, fitting.x[:10_000], seed, epochs=epochs, lr=lr)
            with torch.inference_mode():
                dead = 1 - (model.encode(valid.x) > 0).any(0).float().mean().item()
            setting = f"{name}, rate {lr:g}, {epochs} epochs"
            found |= {f"dead in %, {setting}": 100 * dead, f"MSE, {setting}": reconstruction_mse(model, valid.x)}
    return found


@torch.inference_mode()
def kept(net: SparseAutoencoder, x: torch.Tensor, count: int) -> float:
    """Return the error when only the units that add most to an image are kept; the others are set to 0."""
    z = net.encode(x)
    size = z * net.decoder.atoms.norm(dim=0)  # (n, units): the length of what each adds
    chosen = torch.zeros_like(z).scatter(1, size.topk(count, dim=1).indices, 1.0)
    return mse(x, net.decode(z * chosen))


@torch.inference_mode()
def refitted(net: SparseAutoencoder, x: torch.Tensor) -> float:
    """Return the error when the activities of active units are fitted again, by least squares for each image."""
    z, D = net.encode(x), net.decoder.atoms
    errors = []
    for code, image in zip(z, x - net.decoder.bias, strict=True):
        part = D[:, code > 0]
        solved = torch.linalg.solve(part.T @ part + 1e-4 * torch.eye(part.shape[1]), part.T @ image)
        errors.append((image - part @ solved).square().mean().item())
    return float(np.mean(errors))


@control(
    "With as many units active L1 has a larger error than top-k, and it is the activities that are too weak.",
    "top-k with the number that L1 activates; activities fitted anew on the same units; each the better of two rates",
)
def roads(seed: int) -> Numbers:
    """Train three roads on 10,000 digits, three epochs; rates chosen on validation digits, errors on test digits."""
    (fitting, valid), test = load_split(), load_mnist()[1].x
    x, found = fitting.x[:10_000], {}

    def best(rates: tuple[float, ...] = (1e-3, 3e-3), **options) -> SparseAutoencoder:
        nets = [trained(made(seed, **options), x, seed, epochs=3, lr=lr) for lr in rates]
        with torch.inference_mode():
            return min(nets, key=lambda net: net.loss(valid.x)["total"].item())

    nets = {"L1": best(penalty="l1", strength=STRENGTH), "KL": best((3e-3,), penalty="kl", rho=0.02)}
    with torch.inference_mode():
        count = round((nets["L1"].encode(valid.x) > 0).float().mean().item() * UNITS)
    nets["top-k"] = best(penalty="topk", k=count)
    for name, net in nets.items():
        with torch.inference_mode():
            idle = net.active(net.encode(valid.x)).float().mean(0) < 0.01
            z = net.encode(test)
            found |= {
                f"active, {name}": net.active(z).float().sum(1).mean().item(),
                f"dead in %, {name}": 100 * (1 - net.active(z).any(0).float().mean().item()),
                f"MSE, {name}": mse(test, net.decode(z)),
                f"idle in %, {name}": 100 * idle.float().mean().item(),
                f"MSE without idle units, {name}": mse(test, net.decode(z * ~idle)),
            }
        found[f"MSE, the same number that add most, {name}"] = kept(net, test, count)
        if name != "KL":
            found[f"MSE, activities fitted anew, {name}"] = refitted(net, test[:500])
    return found


@control(
    "KL's atoms are longer than 1; held at length 1 the error of that road nearly doubles.",
    "the same network with atoms of length 1; a network of the L1 road; 10,000 digits, three epochs",
)
def kl_length(seed: int) -> Numbers:
    """Return lengths, errors, and active units by activity and by ink (activity times length above 0.1)."""
    x, test = load_split()[0].x[:10_000], load_mnist()[1].x
    found = {}
    for name, unit in (("free", False), ("length 1", True)):
        model = made(seed, penalty="kl", rho=0.02)
        model.decoder.unit_length = unit
        trained(model, x, seed, epochs=3)
        with torch.inference_mode():
            z, length = model.encode(test), model.decoder.atoms.norm(dim=0)
            found |= {
                f"mean length, {name}": length.mean().item(),
                f"test MSE, {name}": mse(test, model.decode(z)),
                f"z > 0.1 in %, {name}": 100 * (z > 0.1).float().mean().item(),
                f"ink > 0.1 in %, {name}": 100 * (z * length > 0.1).float().mean().item(),
            }
    return found


@functools.cache
def without_penalty() -> SparseAutoencoder:
    """Return the network of the L1 variant after two epochs without a penalty."""
    return trained(made(0, penalty="l1", strength=0), load_split()[0].x, 0, epochs=2, lr=1e-3)


@torch.no_grad()
def reader(encode, count: int, draw: int) -> float:
    """Return the test accuracy in percent with `count` labels; scaling and C are chosen on validation digits."""
    (fitting, valid), test = load_split(), load_mnist()[1]
    few = torch.randperm(len(fitting), generator=torch.Generator().manual_seed(draw))[:count]
    seen, held_out, judged = (encode(x).numpy() for x in (fitting.x[few], valid.x, test.x))
    best = (0.0, 0.0)
    for scale in (seen.std(), np.where(seen.std(0) > 0, seen.std(0), 1.0)):  # one for all, or each number its own
        for c in INVERSE:
            probe = LogisticRegression(C=c, max_iter=100, tol=1e-3)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                probe.fit((seen - seen.mean(0)) / scale, fitting.y[few])
            scores = [probe.score((z - seen.mean(0)) / scale, y) for z, y in ((held_out, valid.y), (judged, test.y))]
            best = max(best, tuple(scores))
    return 100 * best[1]


@control(
    "A linear probe gains from sparse codes over pixels: a random wide layer gains half of it, the penalty the rest.",
    "pixels, a dense code of 64, an untrained wide layer (half or 5 % active), a wide one trained without a penalty",
    seeds=5,
)
def probes(seed: int) -> Numbers:
    """Return the test accuracy in percent, one draw of labels for each seed."""
    untrained = made(seed, penalty="l1")
    with torch.no_grad():
        level = untrained.preactivation(load_split()[0].x[:5_000]).quantile(0.95, dim=0)
    encoders = {
        "pixels": lambda x: x,
        "dense, 64": shared_weights("dense-k64").encode,
        "untrained": untrained.encode,
        "untrained, 5 % active": lambda x: (untrained.preactivation(x) - level).relu(),
        "trained without a penalty": without_penalty().encode,
        "L1": shared_weights(SPARSE["l1"][0.25]).encode,
        "KL": shared_weights(SPARSE["kl"][0.02]).encode,
        "top-k": shared_weights(SPARSE["topk"][50]).encode,
    }
    return {f"{name}, {n} labels": reader(encode, n, seed) for n in (2_000,) for name, encode in encoders.items()}


def shape(atoms: torch.Tensor, side: int, name: str, seed: int) -> Numbers:
    """Return the three measures of the shape of a hundred atoms drawn from all; (n, side²)."""
    chosen = torch.randperm(len(atoms), generator=torch.Generator().manual_seed(seed))[:FITTED]
    pictures = atoms[chosen].detach().double().view(-1, side, side).numpy()
    fits = [gabor_fit(picture) for picture in pictures]
    turned, reach = np.array([orientation(p) for p in pictures]), np.array([extent(p) for p in pictures])
    return {
        f"one orientation in %, {name}": 100 * float((turned >= 0.5).mean()),
        f"orientation, {name}": float(np.median(turned)),
        f"local in %, {name}": 100 * float((reach <= 0.75).mean()),
        f"extent, {name}": float(np.median(reach)),
        f"fitted in %, {name}": 100 * float(np.mean([fit.r2 >= 0.8 for fit in fits])),
        f"longer width in pixels, {name}": float(np.median([max(fit.along, fit.across) for fit in fits])),
        f"shorter width in pixels, {name}": float(np.median([min(fit.along, fit.across) for fit in fits])),
    }


@control(
    "Atoms of photographs have one orientation each and are fairly local; both come from the penalty.",
    "the same network without a penalty, untrained, top-k, PCA, ICA; 100,000 patches of 16 × 16 of eight photographs",
)
def photographs(seed: int) -> Numbers:
    """Return the three measures for each way to learn atoms."""
    x = whitened_patches(100_000, side=16, seed=seed)
    nets = {
        "L1": made(seed, 256, penalty="l1", strength=PHOTO_STRENGTH, in_features=256),
        "no penalty": made(seed, 256, penalty="l1", strength=0, in_features=256),
        "top-k": made(seed, 256, penalty="topk", k=24, in_features=256),
    }
    found = shape(nets["L1"].decoder.atoms.T, 16, "untrained", seed)
    for name, net in nets.items():
        trained(net, x, seed, **PHOTO)
        found |= shape(net.decoder.atoms.T, 16, name, seed)
    found |= shape(PCA.fit(x, FITTED).components, 16, "PCA", seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ica = FastICA(160, max_iter=60, tol=1e-3, random_state=seed, whiten="unit-variance").fit(x[:30_000].numpy())
    return found | shape(torch.from_numpy(ica.mixing_.T), 16, "ICA", seed)


@control(
    "The atoms' width is a number of pixels and does not grow with the patch: they are local.",
    "PCA of the same patches, whose components fill the patch; 16 × 16 pixels: the control `photographs`",
)
def patch_size(seed: int) -> Numbers:
    """Return extent and fitted widths for two smaller sizes of patch."""
    found = {}
    for side in (8, 12):
        x = whitened_patches(100_000, side=side, seed=seed)
        net = made(seed, side * side, penalty="l1", strength=PHOTO_STRENGTH, in_features=side * side)
        trained(net, x, seed, **PHOTO)
        found |= shape(net.decoder.atoms.T, side, f"L1, {side}", seed)
        found |= shape(PCA.fit(x, min(FITTED, side * side)).components, side, f"PCA, {side}", seed)
    return found
