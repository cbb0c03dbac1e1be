"""Controls of notebook 06: fair rivals of a denoiser, one noise level or many, transfer, the score, holes, filters."""

from __future__ import annotations

import functools
import itertools
import math

import torch
from bench import Numbers, control
from n08_variational import frechet
from scipy.ndimage import gaussian_filter, median_filter
from torch import nn
from torch.nn import functional as F

from aecourse.data import SIDE, corrupt, gaussian_noise, load_mnist, mask_pixels, occlude, spiral
from aecourse.evaluation import mixture_score, psnr, reconstruct, ridge_probe_accuracy
from aecourse.models import PCA, DenoisingAutoencoder, DenseAutoencoder
from aecourse.training import fit
from aecourse.zoo import CODE_SIZES, DENSE
from aecourse.zoo.catalogue import load_split
from aecourse.zoo.shipped import shared_weights

SIGMA = 0.5
SIGMAS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8)
DAMAGES = {"gaussian": 0.5, "salt and pepper": 0.3, "mask": 0.5, "occlude": 12, "downsample": 2}
RIDGES = (1e-4, 1e-3, 3e-3, 1e-2, 3e-2)  # added to the covariance; chosen on validation digits
FITTED = {"batch_size": 128, "progress": False}


def trained(model: nn.Module, x: torch.Tensor, seed: int, **options) -> nn.Module:
    """Return the model after training; every network of a comparison has the same number of batches."""
    fit(model, x, seed=seed, **FITTED | options)
    return model


def layers(inputs: int, code: int, outputs: int = 784, hidden: int = 512) -> nn.Sequential:
    """Return the layers inputs → hidden → code → hidden → outputs, without a sigmoid at the end."""
    sizes = (inputs, hidden, code, hidden, outputs)
    parts = [part for a, b in itertools.pairwise(sizes) for part in (nn.Linear(a, b), nn.GELU())]
    return nn.Sequential(*parts[:-1])


@functools.cache
def clean_mean() -> torch.Tensor:
    """Return the mean of the 55,000 digits; (784,)."""
    return load_split()[0].x.mean(0)


@functools.cache
def clean_statistics() -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean (784,) and the covariance (784, 784) of the 55,000 digits in double precision."""
    x = load_split()[0].x.double()
    return x.mean(0), torch.cov(x.T, correction=0)


def filtered(x: torch.Tensor, how, *size: float) -> torch.Tensor:
    """Return each picture after a filter of SciPy; (n, 784) → (n, 784)."""
    return torch.from_numpy(how(x.numpy().reshape(-1, SIDE, SIDE), (*size,))).view(-1, 784)


# 3 · rivals


def linear_sums(draws: int, seed: int) -> tuple[torch.Tensor, ...]:
    """Return mean and covariance of so many noisy draws of all digits, and their covariance with the clean digits."""
    x, mean = load_split()[0].x, clean_statistics()[0].float()
    first, square, cross = torch.zeros(784), torch.zeros(784, 784), torch.zeros(784, 784)
    for draw in range(draws):
        noisy = gaussian_noise(x, SIGMA, seed=1_000 * seed + draw)
        first += noisy.mean(0) / draws
        square += noisy.T @ noisy / len(x) / draws
        cross += noisy.T @ (x - mean) / len(x) / draws
    return first.double(), square.double() - torch.outer(first, first).double(), cross.double()


def linear_sums_of_endless_draws() -> tuple[torch.Tensor, ...]:
    """Return the same for infinitely many draws, from the mean and the variance of noise that is clipped to [0, 1]."""
    x, mean = load_split()[0].x, clean_statistics()[0].float()
    low, high = (0 - x) / SIGMA, (1 - x) / SIGMA
    below, above = 0.5 * torch.erfc(-low / math.sqrt(2)), 0.5 * torch.erfc(high / math.sqrt(2))
    slope_low, slope_high = (torch.exp(-(a**2) / 2) / math.sqrt(2 * math.pi) for a in (low, high))
    inside = 1 - below - above
    expected = x * inside + SIGMA * (slope_low - slope_high) + above
    square = (x**2 + SIGMA**2) * inside + 2 * x * SIGMA * (slope_low - slope_high) + above
    square += SIGMA**2 * (low * slope_low - high * slope_high)
    first = expected.mean(0)
    centred = expected - first
    covariance = centred.T @ centred / len(x) + torch.diag((square - expected**2).mean(0))
    return first.double(), covariance.double(), (centred.T @ (x - mean) / len(x)).double()


def linear_map(sums: tuple[torch.Tensor, ...], noisy: torch.Tensor, x: torch.Tensor):
    """Return the linear map from noisy to clean with the ridge that suits these validation digits best."""
    first, covariance, cross = sums
    mean = clean_statistics()[0]
    best = (-1.0, None)
    for ridge in (0.0, *RIDGES):
        W = torch.linalg.solve(covariance + (ridge + 1e-6) * torch.eye(784), cross).float()

        def repair(a: torch.Tensor, W: torch.Tensor = W) -> torch.Tensor:
            return ((a - first.float()) @ W + mean.float()).clamp(0, 1)

        best = max(best, (psnr(x, repair(noisy)), repair), key=lambda pair: pair[0])
    return best[1]


@control(
    "At σ = 0.5 the denoiser beats its best rival, a linear map, by about two decibels.",
    "filters and PCA with and without the shift, linear maps from 1, 4 and endless noisy draws; "
    "every parameter chosen on validation digits; the same network with a quarter of the digits and as many steps",
)
def rivals(seed: int) -> Numbers:
    """Return the test PSNR in dB of every method."""
    (fitting, valid), test = load_split(), load_mnist()[1]
    x_valid = valid.x[:2_000]
    noisy_valid, noisy = (gaussian_noise(x, SIGMA, seed=10 + seed) for x in (x_valid, test.x))
    mean, dirty = clean_statistics()[0].float(), gaussian_noise(fitting.x, SIGMA, seed=20 + seed).mean(0)
    U = PCA.fit(fitting.x, 256).components  # (256, 784)

    found = {"noisy input": psnr(test.x, noisy), "mean digit": psnr(test.x, mean.expand_as(test.x))}
    tuned = {
        "median filter": (lambda a, size: filtered(a, median_filter, 1, size, size), (3, 5)),
        "Gaussian filter": (lambda a, width: filtered(a, gaussian_filter, 0, width, width), (0.6, 0.8, 1.0, 1.2)),
        "PCA": (lambda a, k: (a - mean) @ U[:k].T @ U[:k] + mean, (8, 16, 32, 64, 128, 256)),
    }
    for name, (repair, parameters) in tuned.items():
        for words, shift in ((name, mean - dirty), (f"{name}, no shift", torch.zeros(784))):
            scores = {p: psnr(x_valid, repair(noisy_valid + shift, p).clamp(0, 1)) for p in parameters}
            found[words] = psnr(test.x, repair(noisy + shift, max(scores, key=scores.get)).clamp(0, 1))
    for name, sums in (
        ("linear map, 1 draw", linear_sums(1, seed)),
        ("linear map, 4 draws", linear_sums(4, seed)),
        ("linear map, endless draws", linear_sums_of_endless_draws()),
    ):
        found[name] = psnr(test.x, linear_map(sums, noisy_valid, x_valid)(noisy))
    for name, x, epochs in (("denoiser", fitting.x, 3), ("denoiser, a quarter of the digits", fitting.x[:13_750], 12)):
        torch.manual_seed(seed)
        found[name] = psnr(test.x, reconstruct(trained(DenoisingAutoencoder(256), x, seed, epochs=epochs), noisy))
    found["denoiser, shipped"] = psnr(test.x, reconstruct(shared_weights("denoising-gaussian"), noisy))
    return found


@control(
    "A plain autoencoder denoises once its input is shifted to the mean clean digit; without the shift it does not.",
    "the same networks, every size, with and without the shift; the mean digit",
    quick=True,
)
def shifted(seed: int) -> Numbers:
    """Return the PSNR in dB on 5,000 test digits, another half with each seed."""
    fitting, test = load_split()[0], load_mnist()[1]
    x = test.x[torch.randperm(len(test), generator=torch.Generator().manual_seed(seed))[:5_000]]
    mean, noisy = clean_mean(), gaussian_noise(x, SIGMA, seed=10 + seed)
    shift = mean - gaussian_noise(fitting.x[:20_000], SIGMA, seed=20 + seed).mean(0)
    found = {"mean digit": psnr(x, mean.expand_as(x))}
    for name, help in (("no shift", 0), ("shift", 1)):
        for k in CODE_SIZES:
            found[f"{name}, k = {k}"] = psnr(x, reconstruct(shared_weights(DENSE[k]), noisy + help * shift))
    return found


# 4 · one noise level or many


class Levels(nn.Module):
    """A denoiser trained at one σ or at many; it may get σ as an input, and its output may use its input directly.

    The notebook's own network is told σ and "mixes": a pixel of variance v weighs v / (v + (3 σ)²), the network's the
    rest.
    """

    def __init__(
        self, sigmas: tuple[float, float], *, told: bool = False, output: str = "sigmoid", code: int = 256
    ) -> None:
        super().__init__()
        self.sigmas, self.told, self.output = sigmas, told, output
        self.register_buffer("variance", clean_statistics()[1].diagonal().float())
        self.net = layers(784 + told, code)

    def forward(self, x_tilde: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        """Return x_hat; (n, 784), (n, 1) → (n, 784)."""
        drawn = self.net(torch.cat([x_tilde, sigma], 1) if self.told else x_tilde)
        if self.output == "sigmoid":
            return drawn.sigmoid()
        if self.output == "residual":
            return (x_tilde + drawn).clamp(0, 1)
        w = self.variance / (self.variance + (3 * sigma) ** 2 + 1e-12)
        return (w * x_tilde + (1 - w) * drawn).clamp(0, 1)

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error, each picture with a σ of its own."""
        low, high = self.sigmas
        sigma = low + (high - low) * torch.rand(len(x), 1)
        return F.mse_loss(self((x + sigma * torch.randn_like(x)).clamp(0, 1), sigma), x)


@control(
    "Harm at weak noise comes from training at one σ and from drawing every picture anew, not from the narrow code: "
    "many σ help, a path around the code takes the harm away.",
    "the same digits and batches each time: all σ instead of one, and then a code four times as wide, σ as an input, "
    "a residual output, each alone",
)
def one_sigma(seed: int) -> Numbers:
    """Return the PSNR in dB at each σ on 5,000 test digits, after two epochs each."""
    fitting, x = load_split()[0], load_mnist()[1].x[:5_000]
    many = (0.0, 0.8)
    networks = {
        "σ = 0.5 only": Levels((0.5, 0.5)),
        "σ from 0 to 0.8": Levels(many),
        "… code of 1,024": Levels(many, code=1_024),
        "… told σ": Levels(many, told=True),
        "… residual": Levels(many, output="residual"),
        "… told σ and mixing": Levels(many, told=True, output="mixed"),
    }
    found = {f"no repair, {sigma}": psnr(x, gaussian_noise(x, sigma, seed=seed)) for sigma in SIGMAS}
    for name, model in networks.items():
        trained(model, fitting.x, seed, epochs=2)
        with torch.inference_mode():
            for sigma in SIGMAS:
                x_hat = model(gaussian_noise(x, sigma, seed=seed), torch.full((len(x), 1), sigma))
                found[f"{name}, {sigma}"] = psnr(x, x_hat.clamp(0, 1))
    return found


# 5 · what transfers


@control(
    "A network repairs the damage it was trained on; noise prepares for noise, a hole hardly for another kind of hole.",
    "networks of one size with equal batches, one for each damage, one for all and one for none; no repair at all; "
    "how much ink each adds to undamaged digits",
)
def transfer(seed: int) -> Numbers:
    """Return the test PSNR in dB of every network on every damage, and its ink on undamaged digits over the true."""
    fitting, x = load_split()[0], load_mnist()[1].x
    tests = {"undamaged": x} | {name: corrupt(x, name, how, seed=seed) for name, how in DAMAGES.items()}
    found = {f"no repair, {name}": psnr(x, x_tilde) for name, x_tilde in tests.items() if name != "undamaged"}
    for noise in ("nothing", *DAMAGES, "mixed"):
        torch.manual_seed(seed)
        options = {} if noise == "mixed" else {"strength": DAMAGES.get(noise)}
        model = (
            DenseAutoencoder(64, hidden=(256,))
            if noise == "nothing"
            else DenoisingAutoencoder(64, hidden=(256,), noise=noise, **options)
        )
        trained(model, fitting.x, seed, epochs=3)
        found |= {f"{noise}, {name}": psnr(x, reconstruct(model, x_tilde)) for name, x_tilde in tests.items()}
        found[f"{noise}: ink"] = (reconstruct(model, x).sum() / x.sum()).item()
    return found


# 6 · the score


class Told(nn.Module):
    """The notebook's denoiser that is told σ and mixes; every σ of the range as likely as its double, nothing cut off.

    It returns points between two limits, which hold for all clean data.
    """

    def __init__(
        self, variance: torch.Tensor, widths: tuple[int, ...], sigmas: tuple[float, float], limits: tuple[float, float]
    ) -> None:
        super().__init__()
        self.variance, self.sigmas, self.limits = variance, sigmas, limits
        sizes = (len(variance) + 1, *widths, len(variance))
        parts = [part for a, b in itertools.pairwise(sizes) for part in (nn.Linear(a, b), nn.GELU())]
        self.net = nn.Sequential(*parts[:-1])

    def forward(self, x_tilde: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        """Return x_hat; (n, d), (n, 1) → (n, d)."""
        w = self.variance / (self.variance + (3 * sigma) ** 2)
        return (w * x_tilde + (1 - w) * self.net(torch.cat([x_tilde, sigma], 1))).clamp(*self.limits)

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error, each picture with a σ of its own."""
        low, high = self.sigmas
        sigma = low * (high / low) ** torch.rand(len(x), 1)
        return F.mse_loss(self(x + sigma * torch.randn_like(x), sigma), x)


def walk(denoise, x: torch.Tensor, steps: int, low: float, high: float) -> torch.Tensor:
    """Return x after steps down the score: each keeps a share of what the denoiser takes for noise."""
    sigmas = high * (low / high) ** torch.linspace(0, 1, steps) if steps > 1 else torch.tensor([high])
    with torch.inference_mode():
        for sigma, after in zip(sigmas, [*sigmas[1:], torch.zeros(())], strict=True):
            x_hat = denoise(x, sigma.expand(len(x), 1))
            x = x_hat + after / sigma * (x - x_hat)
    return x


@functools.cache
def judge(seed: int) -> nn.Sequential:
    """Return a reader of digits whose hidden layer gives features."""
    fitting = load_split()[0]
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 10))
    pairs = torch.cat([fitting.x, fitting.y[:, None].float()], 1)
    fit(net, pairs, loss=lambda m, b: F.cross_entropy(m(b[:, :-1]), b[:, -1].long()), epochs=4, seed=seed, **FITTED)
    return net


@control(
    "Steps down the learnt score turn noise into digits; one repair of pure noise gives the mean digit.",
    "pictures drawn from the Gaussian with the digits' mean and covariance; one step instead of forty; "
    "test digits themselves; a judge sure of a class, and the Fréchet distance of its features",
)
def walking(seed: int) -> Numbers:
    """Return the share of 2,000 pictures that a judge is sure of, in percent, and the distance from test digits."""
    fitting, test = load_split()[0], load_mnist()[1]
    mean, covariance = clean_statistics()
    torch.manual_seed(seed)
    model = trained(Told(covariance.diagonal().float(), (512, 256, 512), (0.05, 3), (0, 1)), fitting.x, seed, epochs=4)
    start = mean.float() + 3 * torch.randn(2_000, 784)
    values, vectors = torch.linalg.eigh(covariance)
    root = (vectors * values.clamp(min=0).sqrt()).float()
    order = torch.randperm(len(test))  # the second half of the test digits is easier than the first
    pictures = {"test digits": test.x[order[:2_000]], "Gaussian": mean.float() + torch.randn(2_000, 784) @ root.T}
    pictures |= {f"steps: {n}": walk(model, start, n, 0.05, 3.0) for n in (1, 5, 10, 40)}
    net = judge(seed)
    found = {"judge's accuracy": 100 * (net(test.x).argmax(1) == test.y).float().mean().item()}
    with torch.inference_mode():
        real = net[:4](test.x[order[2_000:]])
        for name, x in pictures.items():
            found[f"sure, {name}"] = 100 * (net(x.clamp(0, 1)).softmax(1).amax(1) > 0.9).float().mean().item()
            found[f"Fréchet, {name}"] = frechet(net[:4](x.clamp(0, 1)), real)
    nearest = torch.cdist(pictures["steps: 40"].clamp(0, 1)[:500], fitting.x).amin(1).mean().item()
    found["nearest training digit, walked"] = nearest
    found["nearest training digit, test digits"] = torch.cdist(test.x[:500], fitting.x).amin(1).mean().item()
    return found


@control(
    "On the spiral the learnt arrows are the score, and walking down them gives points of the whole curve.",
    "the true score of the smoothed curve: arrows and walk; points of the Gaussian with the same covariance",
)
def arrows(seed: int) -> Numbers:
    """Return the mean cosine where p is at least 1 % of its maximum, and where walks end."""
    curve, sigma = spiral(1_000), 0.15
    torch.manual_seed(seed)
    guide = Told(curve.var(0), (128, 64, 64, 128), (0.08, 2), (-1.5, 1.5))
    fit(guide, spiral(40_000), epochs=30, lr=1e-2, batch_size=500, progress=False, seed=seed)
    along = torch.linspace(-1.4, 1.4, 81)
    grid = torch.cartesian_prod(along, along)
    with torch.inference_mode():
        field = guide(grid, torch.full((len(grid), 1), sigma)) - grid
    true = sigma**2 * mixture_score(grid, curve, sigma)
    log_p = torch.logsumexp(-torch.cdist(grid, curve).square() / (2 * sigma**2), 1)
    dense = log_p - log_p.max() >= math.log(0.01)
    found = {
        "mean cosine": F.cosine_similarity(field, true)[dense].mean().item(),
        "relative difference": ((field - true)[dense].norm() / true[dense].norm()).item(),
    }

    def perfect(x: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
        return x + level[0, 0] ** 2 * mixture_score(x, curve, level[0, 0].item())

    start = 2 * torch.randn(1_000, 2)
    ends = {"learnt score": walk(guide, start, 40, 0.08, 2.0), "true score": walk(perfect, start, 40, 0.08, 2.0)}
    ends |= {"one jump": walk(guide, start, 1, 0.08, 2.0), "Gaussian": torch.randn(1_000, 2) * curve.std(0)}
    for name, points in ends.items():
        distance = torch.cdist(points, curve)
        found[f"near the curve, %, {name}"] = 100 * (distance.amin(1) < 0.1).float().mean().item()
        found[f"of the curve reached, %, {name}"] = 100 * (distance.amin(0) < 0.1).float().mean().item()
    return found


# 7 · enlarging and filling


def fit_linear(a: torch.Tensor, x: torch.Tensor, a_valid: torch.Tensor, x_valid: torch.Tensor):
    """Return the linear map from a to x, its ridge chosen on validation digits."""
    mean_a, mean = a.mean(0), x.mean(0)
    covariance = (a - mean_a).T @ (a - mean_a) / len(a)
    cross = (a - mean_a).T @ (x - mean) / len(a)
    maps = []
    for ridge in (1e-5, *RIDGES):
        W = torch.linalg.solve(covariance + ridge * torch.eye(a.shape[1]), cross)
        maps.append(lambda b, W=W: ((b - mean_a) @ W + mean).clamp(0, 1))
    return max(maps, key=lambda repair: psnr(x_valid, repair(a_valid)))


def small(x: torch.Tensor) -> torch.Tensor:
    """Return the means of all blocks of 2 × 2 pixels; (n, 784) → (n, 196)."""
    return F.avg_pool2d(x.view(-1, 1, SIDE, SIDE), 2).flatten(1)


def with_known_means(x_hat: torch.Tensor, means: torch.Tensor) -> torch.Tensor:
    """Return x_hat with the known mean in each block: cut to [0, 1] and shifted, three times over."""
    for _ in range(3):
        missing = (means - small(x_hat)).view(-1, 1, SIDE // 2, SIDE // 2)
        x_hat = (x_hat + F.interpolate(missing, scale_factor=2).flatten(1)).clamp(0, 1)
    return x_hat


@control(
    "Enlarging: a linear map from small to large gives most of the gain; the network's lead grows once the known "
    "block means are imposed.",
    "bicubic interpolation and the linear map, both with the known block means imposed as well; a network trained for "
    "this alone and the shipped one for all damages",
)
def enlarging(seed: int) -> Numbers:
    """Return the test PSNR in dB, plain and with the known block means imposed; the seed decides the network."""
    (fitting, valid), x = load_split(), load_mnist()[1].x
    means = small(x)
    coarse = F.interpolate(means.view(-1, 1, 14, 14), scale_factor=2).flatten(1)
    linear = fit_linear(small(fitting.x), fitting.x, small(valid.x), valid.x)
    torch.manual_seed(seed)
    special = trained(DenoisingAutoencoder(256, noise="downsample"), fitting.x, seed, epochs=4)
    guesses = {
        "blocks": coarse,
        "bicubic": F.interpolate(means.view(-1, 1, 14, 14), scale_factor=2, mode="bicubic").clamp(0, 1).flatten(1),
        "linear map": linear(means),
        "network for this": reconstruct(special, coarse),
        "network for all damages": reconstruct(shared_weights("denoising-mixed"), coarse),
    }
    found = {name: psnr(x, x_hat) for name, x_hat in guesses.items()}
    return found | {
        f"{name}, means imposed": psnr(x, with_known_means(x_hat, means)) for name, x_hat in guesses.items()
    }


HOLES = {f"square {size}": (occlude, size) for size in (4, 8, 12, 16)}
HOLES |= {f"{share:.0%} gone": (mask_pixels, share) for share in (0.25, 0.5, 0.75)}
JUDGED = 400  # test digits: the conditional mean solves a system of equations for each


def conditional_mean(x_tilde: torch.Tensor, known: torch.Tensor, ridge: float) -> torch.Tensor:
    """Return the expected picture of a Gaussian with the digits' mean and covariance, given the known pixels."""
    mean, covariance = clean_statistics()
    precision = torch.linalg.inv(covariance + ridge * torch.eye(784)).float()
    x_hat = x_tilde.clone()
    for i, here in enumerate(known > 0):  # by the inverse covariance: a system of as many equations as lost pixels
        lost = ~here
        pull = precision[lost][:, here] @ (x_tilde[i, here] - mean.float()[here])
        x_hat[i, lost] = mean.float()[lost] - torch.linalg.solve(precision[lost][:, lost], pull)
    return x_hat.clamp(0, 1)


@control(
    "A linear rule that knows the holes beats the network in small holes and equals it in a large one.",
    "the Gaussian conditional mean, mean fill, known neighbours; the shipped network; the average of rule and network",
)
def holes(seed: int) -> Numbers:
    """Return the PSNR in dB on 400 test digits, another draw with each seed; known pixels are kept by everyone."""
    (_, valid), test = load_split(), load_mnist()[1]
    chosen = torch.randperm(len(test), generator=torch.Generator().manual_seed(seed))[:JUDGED]
    x, x_valid, mean, found = test.x[chosen], valid.x[:100], clean_statistics()[0].float(), {}
    for hole, (damage, strength) in HOLES.items():
        known, known_valid = (damage(torch.ones_like(a), strength, seed=seed) for a in (x, x_valid))
        scores = {r: psnr(x_valid, conditional_mean(x_valid * known_valid, known_valid, r)) for r in (1e-3, 3e-3, 1e-2)}
        rule = conditional_mean(x * known, known, max(scores, key=scores.get))
        network = reconstruct(shared_weights("denoising-mixed"), x * known)
        guesses = {"no repair": x * known, "mean digit": mean.expand_as(x), "known neighbours": nearby(x, known, hole)}
        guesses |= {"conditional mean": rule, "network": network, "average of both": (rule + network) / 2}
        found |= {f"{name}, {hole}": psnr(x, torch.where(known > 0, x, guess)) for name, guess in guesses.items()}
    return found


class Filler(nn.Module):
    """A network for one kind of hole, which may be told where the holes are."""

    def __init__(self, hole: str, *, told: bool) -> None:
        super().__init__()
        self.hole, self.told = HOLES[hole], told
        self.net = layers(1568 if told else 784, 256)

    def forward(self, x_tilde: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """Return x_hat; (n, 784) twice → (n, 784)."""
        return self.net(torch.cat([x_tilde, 1 - known], 1) if self.told else x_tilde).sigmoid()

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error in the holes, at other places in every picture."""
        damage, strength = self.hole
        known = damage(torch.ones_like(x), strength)
        return ((1 - known) * (self(x * known, known) - x)).square().mean()


@control(
    "A network trained for a large hole alone beats the linear rule a little, told where the hole is or not; "
    "with half of the pixels gone even the told one stays far behind.",
    "the Gaussian conditional mean; the same network, equal batches, told and not told; averages of rule and network",
)
def told_where(seed: int) -> Numbers:
    """Return the PSNR in dB on 500 test digits; known pixels are kept by everyone."""
    fitting, test = load_split()[0], load_mnist()[1]
    x, found = test.x[torch.randperm(len(test), generator=torch.Generator().manual_seed(seed))[:500]], {}
    for hole, names in {"square 12": ("not told", "told"), "50% gone": ("told",)}.items():
        damage, strength = HOLES[hole]
        known = damage(torch.ones_like(x), strength, seed=seed)
        guesses = {"linear rule": conditional_mean(x * known, known, 3e-3)}
        for name in names:
            torch.manual_seed(seed)
            net = trained(Filler(hole, told=name == "told"), fitting.x, seed, epochs=3)
            with torch.inference_mode():
                guesses[f"network {name}"] = net(x * known, known)
            guesses[f"average of both, {name}"] = (guesses["linear rule"] + guesses[f"network {name}"]) / 2
        found |= {f"{hole}: {name}": psnr(x, torch.where(known > 0, x, guess)) for name, guess in guesses.items()}
    return found


def nearby(x: torch.Tensor, known: torch.Tensor, hole: str) -> torch.Tensor:
    """Return the mean of the known pixels around, weighted by a Gaussian; its width was chosen on validation digits."""
    width = 4.0 if hole.startswith("square") else 0.7
    weight = filtered(known, gaussian_filter, 0, width, width)
    return filtered(x * known, gaussian_filter, 0, width, width) / (weight + 1e-6)


# 8 · filters


@control(
    "Gaussian noise shortens the filters of the first layer; their concentration, smoothness and use to a linear "
    "reader hardly change.",
    "the same network trained without damage, and with masks, which set no price on long filters",
)
def filters(seed: int) -> Numbers:
    """Return length, share of the 40 strongest pixels, likeness of neighbours, and accuracy of a ridge reader."""
    (fitting, valid), test = load_split(), load_mnist()[1]
    found = {}
    for noise in ("nothing", "gaussian", "mask"):
        torch.manual_seed(seed)
        options = {"noise": noise, "strength": DAMAGES.get(noise)}
        model = DenseAutoencoder(64, hidden=(128,)) if noise == "nothing" else None
        model = model or DenoisingAutoencoder(64, hidden=(128,), **options)
        trained(model, fitting.x, seed, epochs=3)
        w = next(layer for layer in model.encoder if isinstance(layer, nn.Linear)).weight.detach()  # (128, 784)
        square = w.view(-1, SIDE, SIDE)[:, 4:24, 4:24]
        left, right = (a.flatten(1) - a.flatten(1).mean(1, keepdim=True) for a in (square[:, :, :-1], square[:, :, 1:]))
        with torch.inference_mode():
            codes, test_codes = (model.encode(part.x).clone() for part in (valid, test))
        found |= {
            f"{noise}: length": w.norm(dim=1).mean().item(),
            f"{noise}: in 40 pixels, %": 100 * (w.square().topk(40).values.sum(1) / w.square().sum(1)).mean().item(),
            f"{noise}: neighbours alike": F.cosine_similarity(left, right).mean().item(),
            f"{noise}: ridge reader, %": 100 * ridge_probe_accuracy(codes, valid.y, test_codes, test.y),
        }
    return found
