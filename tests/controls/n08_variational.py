"""Controls of notebook 08: the effect of the prior, the gap of the bound, and how generated digits are judged."""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from bench import Numbers, control
from sklearn.linear_model import LinearRegression
from sklearn.mixture import GaussianMixture
from torch import nn
from torch.distributions import Normal
from torch.nn import functional as F

from aecourse.data import load_mnist
from aecourse.device import seed_everything
from aecourse.evaluation import linear_probe_accuracy
from aecourse.models import Classifier, DenseAutoencoder, VariationalAutoencoder
from aecourse.training import fit, fit_classifier
from aecourse.zoo import BETAS, load_weights
from aecourse.zoo.catalogue import digits_pca, load_split

HIDDEN, RECIPE = (256, 128), {"epochs": 7, "batch_size": 128, "lr": 1.5e-3}  # of every network trained here
DRAWS = 4_000  # random codes of each kind
NEIGHBOURS, CLOUD = 3, 3_000  # of precision and recall: k, and pictures on each side
REAL = "real digits"


def generator(seed: int) -> torch.Generator:
    """Return a separate random generator, so that the order of the controls does not matter."""
    return torch.Generator().manual_seed(1_000 + seed)


class Convolutional(nn.Module):
    """The second judge, of another architecture than the notebook's."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Unflatten(1, (1, 28, 28)),
            *(nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU()),
            *(nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten()),
            *(nn.Linear(32 * 49, 64), nn.ReLU()),
        )
        self.head = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return one score for each class; (n, 784) → (n, 10)."""
        return self.head(self.body(x))


@functools.cache
def judges(seed: int) -> tuple[nn.Module, nn.Module]:
    """Return the notebook's judge and a convolutional one, trained on the 55,000 digits from this seed."""
    fitting, _ = load_split()
    seed_everything(seed)
    dense, second = Classifier(DenseAutoencoder(32, hidden=(128,))), Convolutional()
    fit_classifier(dense, fitting.x, fitting.y, epochs=4, lr=5e-3, batch_size=256, seed=seed, progress=False)
    labelled = torch.cat([fitting.x, fitting.y[:, None].float()], 1)

    def cross_entropy(net: nn.Module, batch: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(net(batch[:, :784]), batch[:, 784].long())

    fit(second, labelled, loss=cross_entropy, epochs=2, batch_size=128, seed=seed, progress=False)
    return dense.eval(), second.eval()


@torch.inference_mode()
def sure(judge: nn.Module, x: torch.Tensor) -> float:
    """Return the share of pictures, in per cent, to which the judge gives a class with a probability of at least .9."""
    return 100 * (judge(x).softmax(1).amax(1) >= 0.9).float().mean().item()


@functools.cache
def variational(k: int, beta: float, seed: int) -> VariationalAutoencoder:
    """Return a small network trained from this seed."""
    seed_everything(seed)
    model = VariationalAutoencoder(k, hidden=HIDDEN, beta=beta)
    fit(model, load_split()[0].x, seed=seed, progress=False, **RECIPE)
    return model


@functools.cache
def ordinary(k: int, seed: int) -> DenseAutoencoder:
    """Return an ordinary autoencoder of the same layers, loss per pixel and training."""
    seed_everything(seed)
    model = DenseAutoencoder(k, hidden=HIDDEN)

    def cross_entropy(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
        return F.binary_cross_entropy(net(x), x, reduction="sum") / len(x)

    fit(model, load_split()[0].x, loss=cross_entropy, seed=seed, progress=False, **RECIPE)
    return model


@torch.inference_mode()
def codes(model: nn.Module, x: torch.Tensor, seed: int) -> torch.Tensor:
    """Return the codes that the decoder was trained on: draws from q(z|x), or what an ordinary encoder gives."""
    if not isinstance(model, VariationalAutoencoder):
        return model.encode(x)
    mu, logvar = model.posterior(x)
    return mu + (logvar / 2).exp() * torch.randn(mu.shape, generator=generator(seed))


def mixture_draws(z: torch.Tensor, seed: int) -> torch.Tensor:
    """Return draws from a mixture of 50 Gaussians fitted to 20,000 codes."""
    mixture = GaussianMixture(50, max_iter=100, tol=5e-3, reg_covar=1e-4, random_state=seed).fit(
        z[:20_000].double().numpy()
    )
    draws = torch.from_numpy(mixture.sample(DRAWS)[0]).float()  # one component after the other
    return draws[torch.randperm(DRAWS, generator=generator(seed))]


@torch.inference_mode()
def random_codes(model: nn.Module, seed: int, *, ways: tuple[str, ...]) -> dict[str, torch.Tensor]:
    """Return random codes drawn in some of four ways."""
    z, eps = codes(model, load_split()[0].x, seed), torch.randn(DRAWS, model.latent_dim, generator=generator(seed))
    draws = {
        "own spread": lambda: z.mean(0) + z.std(0) * eps,
        "covariance": lambda: z.mean(0) + eps @ torch.linalg.cholesky(torch.cov(z.T).double()).float().T,
        "prior": lambda: eps,
        "mixture": lambda: mixture_draws(z, seed),
    }
    return {way: draws[way]() for way in ways}


@torch.inference_mode()
def decoded(model: nn.Module, z: torch.Tensor) -> torch.Tensor:
    """Return the decoder's output for these codes; (n, k) → (n, 784)."""
    return model.decode(z)


@functools.cache
def drawn(seed: int) -> dict[str, torch.Tensor]:
    """Return pictures from random codes of each kind of network, length and way of drawing, and real digits."""
    found = {REAL: load_split()[1].x[:DRAWS]}
    for k in (2, 20):
        for name, model in ((f"AE-{k}", ordinary(k, seed)), (f"VAE-{k}", variational(k, 1, seed))):
            ways = ("own spread", "covariance", *(["prior"] if name[0] == "V" else []), "mixture")
            for way, z in random_codes(model, seed, ways=ways).items():
                found[f"{name}, {way}"] = decoded(model, z)
    return found


def frechet(a: torch.Tensor, b: torch.Tensor) -> float:
    """Return the Fréchet distance between the Gaussians fitted to two clouds of points; (n, d), (m, d)."""
    a, b = a.double(), b.double()
    A, B = torch.cov(a.T), torch.cov(b.T)
    values, vectors = torch.linalg.eigh(A)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ B @ root).clamp(min=0).sqrt().sum()
    return ((a.mean(0) - b.mean(0)).square().sum() + A.trace() + B.trace() - 2 * cross).item()


def covered(points: torch.Tensor, cloud: torch.Tensor) -> float:
    """Return the share of points within reach of the cloud (Kynkäänniemi et al. 2019).

    Within reach of a member is what lies nearer to it than the member's own third neighbour.
    """
    radius = torch.cdist(cloud, cloud).kthvalue(NEIGHBOURS + 1, 1).values
    return (torch.cdist(points, cloud) <= radius).any(1).float().mean().item()


@torch.inference_mode()
def features(x: torch.Tensor, seed: int) -> torch.Tensor:
    """Return the input of the second judge's last layer; (n, 784) → (n, 64)."""
    return judges(seed)[1].body(x)


@control(
    "At 20 numbers the prior gives more readable pictures, at 2 it does not; a fitted mixture gives most.",
    "equal layers, length and training: own spread of each number, full covariance, a mixture of 50; two judges",
)
def readable(seed: int) -> Numbers:
    """Return the readable share of each kind in per cent, by the notebook's judge and by a convolutional one."""
    first, second = judges(seed)
    found = {name: sure(first, x) for name, x in drawn(seed).items()}
    return found | {f"{name}, second judge": sure(second, x) for name, x in drawn(seed).items()}


@control(
    "As a whole, 20-D samples are closer to real digits than 2-D ones.",
    "real digits; the Fréchet distance in the second judge's 64 features and in 50 principal components of the pixels",
)
def frechet_distance(seed: int) -> Numbers:
    """Return the distances of each kind to the 10,000 test digits."""
    x = load_mnist()[1].x
    seen, pixels = features(x, seed), digits_pca().encode(x, 50)
    found = {name: frechet(features(y, seed), seen) for name, y in drawn(seed).items()}
    return found | {f"{name}, pixels": frechet(digits_pca().encode(y, 50), pixels) for name, y in drawn(seed).items()}


@control(
    "2-D samples are precise and of little variety; 20-D samples have both.",
    "real digits: precision and recall with three neighbours in the second judge's features",
)
def precision_recall(seed: int) -> Numbers:
    """Return the share of samples among the real digits, and of real digits among the samples."""
    real = features(load_mnist()[1].x[:CLOUD], seed)
    clouds = {name: features(x[:CLOUD], seed) for name, x in drawn(seed).items()}
    found = {f"{name}, precision": covered(cloud, real) for name, cloud in clouds.items()}
    return found | {f"{name}, recall": covered(real, cloud) for name, cloud in clouds.items()}


@control(
    "The share of readable random codes of an ordinary autoencoder falls with the length of its code.",
    "shipped ordinary networks of 2 to 32 numbers, own spread of each number and full covariance; two judges",
)
def code_length(seed: int) -> Numbers:
    """Return the readable share of random codes in per cent."""
    found = {}
    for k, name in ((2, "map-2d"), *((k, f"dense-k{k}") for k in (4, 8, 16, 32))):
        model = load_weights(name)
        for way, z in random_codes(model, seed, ways=("own spread", "covariance")).items():
            x = decoded(model, z)
            for judge, called in zip(judges(seed), ("", ", second judge"), strict=True):
                found[f"k = {k}, {way}{called}"] = sure(judge, x)
    return found


@control(
    "β trades rate for distortion; drawn where they lie, the codes of β = 0 are as readable as any.",
    "all five at one rate, equal epochs; each drawn from N(0, 1) and from the covariance of its own codes",
)
def beta(seed: int) -> Numbers:
    """Return rate, distortion, spread, readable share and Fréchet distance (pixels) of networks with two numbers."""
    x, found = load_mnist()[1].x, {}
    pixels = digits_pca().encode(x, 50)
    for weight in BETAS:
        model = variational(2, weight, seed)
        with torch.inference_mode():
            rate = model.kl_divergence(*model.posterior(x)).sum(1).mean().item()
            found |= {
                f"β = {weight}: rate": rate,
                f"β = {weight}: distortion": -model.elbo(x, samples=2).mean().item() - rate,
                f"β = {weight}: spread of the codes": codes(model, x, seed).std(0).mean().item(),
            }
            for way, z in random_codes(model, seed, ways=("prior", "covariance")).items():
                y = model.decode(z)
                found[f"β = {weight}: readable, {way}"] = sure(judges(seed)[0], y)
                found[f"β = {weight}: Fréchet, {way}"] = frechet(digits_pca().encode(y, 50), pixels)
    return found


@torch.inference_mode()
def evidence(model: VariationalAutoencoder, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return log p(x) by a grid over two dimensions, (n,), and the best place of the grid, (n, 2)."""
    along = torch.linspace(-5, 5, 201)
    grid, joint = torch.cartesian_prod(along, along), []
    for z in grid.split(10_000):
        x_hat = model.decode(z).clamp(1e-6, 1 - 1e-6)
        likelihood = x @ (x_hat / (1 - x_hat)).log().T + (1 - x_hat).log().sum(1)
        joint.append(likelihood + Normal(0, 1).log_prob(z).sum(1))
    joint = torch.cat(joint, 1)
    return joint.logsumexp(1) + 2 * math.log(0.05), grid[joint.argmax(1)]


def bound(model: nn.Module, x: torch.Tensor, mu: torch.Tensor, logvar: torch.Tensor, eps: torch.Tensor) -> torch.Tensor:
    """Return the ELBO of each image for any Gaussian q(z|x), with these draws; eps (s, n, k) → (n,)."""
    z = mu + (logvar / 2).exp() * eps
    x_hat = model.decode(z.flatten(0, 1)).view(len(z), *x.shape)
    return model.log_likelihood(x.expand_as(x_hat), x_hat).mean(0) - model.kl_divergence(mu, logvar).sum(1)


@control(
    "Nearly all of the gap between the ELBO and log p(x) is where the encoder puts its bell, not the bell's shape.",
    "for each digit the best bell of the same family, found by gradient from the encoder's bell and the best place",
)
def gap(seed: int) -> Numbers:
    """Split the gap of 60 test digits and of 60 digits seen in training, for the shipped network of two numbers."""
    model, found = load_weights("vae-2d-beta1"), {}
    for name, images in (("test", load_mnist()[1].x), ("training", load_split()[0].x)):
        x = images[torch.randperm(len(images), generator=generator(seed))[:60]]
        truth, peak = evidence(model, x)
        fresh = torch.randn(400, *peak.shape, generator=generator(seed))
        with torch.inference_mode():
            encoder = model.posterior(x)
            amortised = bound(model, x, *encoder, fresh)
        candidates = [amortised]
        for start in (encoder, (peak, torch.full_like(peak, -5.0))):
            mu, logvar = (part.clone().requires_grad_() for part in start)
            optimizer = torch.optim.Adam([mu, logvar], lr=0.03)
            for step in range(150):
                half = torch.randn(6, *mu.shape, generator=generator(10_000 * seed + step))
                optimizer.zero_grad()
                (-bound(model, x, mu, logvar, torch.cat([half, -half])).sum()).backward()
                optimizer.step()
            with torch.inference_mode():
                candidates.append(bound(model, x, mu, logvar, fresh))
        best = torch.stack(candidates).amax(0)
        iwae = model.iwae_bound(x, samples=50)
        found |= {
            f"{name}: log p(x)": truth.mean().item(),
            f"{name}: the bell's shape": (truth - best).mean().item(),
            f"{name}: the encoder's misplacement": (best - amortised).mean().item(),
            f"{name}: still missing to IWAE-50": (truth - iwae).mean().item(),
        }
    return found


@control(
    "The encoder misplaces test digits more than training digits: the bound is worse on test.",
    "the same shipped networks on 10,000 of the digits they were fitted to, both terms",
    quick=True,
)
def training_beside_test(seed: int) -> Numbers:
    """Return distortion and rate of the two shipped networks on 5,000 digits of each kind, in nats."""
    found = {}
    for k, name in ((2, "vae-2d-beta1"), (20, "vae-20d")):
        model = load_weights(name)
        for part, images in (("training", load_split()[0].x), ("test", load_mnist()[1].x)):
            x = images[torch.randperm(len(images), generator=generator(seed))[:5_000]]
            with torch.inference_mode():
                rate = model.kl_divergence(*model.posterior(x)).sum(1).mean().item()
            total = -model.elbo(x, samples=2, seed=seed).mean().item()
            found |= {f"{k}-D {part}: distortion": total - rate, f"{k}-D {part}: rate": rate, f"{k}-D {part}": total}
    return found


@control(
    "The pathwise estimator has less variance for smooth f, the score-function estimator for a rough one.",
    "the score-function estimator with the mean of f as its baseline; f = (z − 3)², exp z, sin 10z",
    quick=True,
)
def estimators(seed: int) -> Numbers:
    """Return the variance of the older estimator over the pathwise one's, without and with a baseline."""
    z = torch.randn(1_000_000, generator=generator(seed), dtype=torch.float64)
    functions = {
        "(z − 3)²": ((z - 3) ** 2, 2 * (z - 3)),
        "exp z": (z.exp(), z.exp()),
        "sin 10z": ((10 * z).sin(), 10 * (10 * z).cos()),
    }
    found = {}
    for name, (f, slope) in functions.items():
        found[f"{name}: plain"] = ((f * z).var() / slope.var()).item()
        found[f"{name}: with a baseline"] = (((f - f.mean()) * z).var() / slope.var()).item()
    return found


class MeanOverPixels(VariationalAutoencoder):
    """The commonest bug: the mean over pixels instead of their sum, which is β = 784."""

    def loss(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the buggy loss."""
        terms = super().loss(x)
        return {"total": terms["reconstruction"] / 784 + terms["kl"], "kl": terms["kl"]}


@control(
    "A collapsed code can still be read from its mean, not from a draw: the information is there and unused.",
    "the same network with the right loss; a linear reader (which standardises) of means and of draws, 10,000 labels",
)
def collapsed(seed: int) -> Numbers:
    """Return test accuracy in per cent, rate in nats and active units with the bug and without."""
    (fitting, _), test = load_split(), load_mnist()[1]
    found = {}
    for name, build in (("bug", MeanOverPixels), ("right", VariationalAutoencoder)):
        seed_everything(seed)
        model = build(10, hidden=(128,))
        fit(model, fitting.x[:15_000], epochs=4, seed=seed, progress=False)
        with torch.inference_mode():
            means, logvars = zip(*(model.posterior(x) for x in (fitting.x[:10_000], test.x)), strict=True)
            widths = [(logvar / 2).exp() for logvar in logvars]
            draws = [
                mu + s * torch.randn(mu.shape, generator=generator(seed)) for mu, s in zip(means, widths, strict=True)
            ]
            rate = model.kl_divergence(means[1], logvars[1]).sum(1).mean().item()
        found |= {f"{name}: rate": rate, f"{name}: active": (means[1].var(0) > 0.01).sum().item()}
        for what, (a, b) in (("mean", means), ("draw", draws)):
            read = linear_probe_accuracy(a, fitting.y[:10_000], b, test.y)
            found[f"{name}: read from the {what}"] = 100 * read
    return found


@control(
    "β = 30 puts a code to sleep; free bits activate it; the weight of the bound, 1, does better than either.",
    "the same network and training with β = 30, with β = 30 and one free nat a number, with β = 1",
)
def collapse_and_cure(seed: int) -> Numbers:
    """Return active units and −ELBO on the 5,000 validation digits."""
    (fitting, valid), found = load_split(), {}
    options = {"β = 30": {"beta": 30}, "free bits": {"beta": 30, "free_bits": 1}, "β = 1": {"beta": 1}}
    for name, how in options.items():
        seed_everything(seed)
        model = VariationalAutoencoder(10, hidden=(128,), **how)
        fit(model, fitting.x[:15_000], epochs=4, seed=seed, progress=False)
        with torch.inference_mode():
            found[f"{name}: active of 10"] = (model.encode(valid.x).var(0) > 0.01).sum().item()
        found[f"{name}: −ELBO"] = -model.elbo(valid.x, samples=2).mean().item()
    return found


@control(
    "Half way between two codes lies a more readable picture than half way between two pictures.",
    "pixels of restored digits mixed; the codes on the straight line and on an arc that keeps the norm; two judges",
)
def half_way(seed: int) -> Numbers:
    """Return the readable share in per cent and the norm of the codes, 2,000 pairs of different classes."""
    model, test = load_weights("vae-20d"), load_mnist()[1]
    i, j = torch.randperm(len(test), generator=generator(seed))[:4_000].view(2, 2_000)
    i, j = i[test.y[i] != test.y[j]], j[test.y[i] != test.y[j]]
    with torch.inference_mode():
        a, b = model.encode(test.x[i]), model.encode(test.x[j])
        line = (a + b) / 2
        arc = (
            F.normalize(F.normalize(a, dim=1) + F.normalize(b, dim=1), dim=1)
            * (a.norm(dim=1) + b.norm(dim=1))[:, None]
            / 2
        )
        pictures = {
            "restored ends": model.decode(a),
            "pixels": (model.decode(a) + model.decode(b)) / 2,
            "line": model.decode(line),
            "arc": model.decode(arc),
        }
    found = {f"{name}, norm": z.norm(dim=1).mean().item() for name, z in (("ends", a), ("line", line), ("arc", arc))}
    for judge, called in zip(judges(seed), ("", ", second judge"), strict=True):
        found |= {f"{name}{called}": sure(judge, x) for name, x in pictures.items()}
    return found


@control(
    "Generated digits are no copies: farther from the training digits than restored draws are.",
    "new test digits; test digits restored from draws of q, which are as soft as generated ones; codes from a mixture",
)
def copies(seed: int) -> Numbers:
    """Return the median and the smallest distance to the nearest of the 55,000 digits, 500 of each kind."""
    (fitting, _), model = load_split(), load_weights("vae-20d")
    x = load_mnist()[1].x[torch.randperm(10_000, generator=generator(seed))[:500]]
    with torch.inference_mode():
        sets = {
            "test digits": x,
            "restored from draws of q": model.decode(codes(model, x, seed)),
            "generated from the prior": model.sample(500, seed=seed),
            "generated from a mixture": model.decode(mixture_draws(codes(model, fitting.x, seed), seed)[:500]),
        }
    nearest = {name: torch.cdist(y, fitting.x).amin(1) for name, y in sets.items()}
    found = {f"{name}: median": d.median().item() for name, d in nearest.items()}
    return found | {f"{name}: smallest": d.min().item() for name, d in nearest.items()}


def factors(x: torch.Tensor) -> np.ndarray:
    """Return ink, width and slant of each digit, standardised; (n, 784) → (n, 3)."""
    x = x.view(-1, 28, 28)
    across = torch.arange(28.0)
    ink = x.sum((1, 2))
    centre = (x.sum(1) * across).sum(1) / ink, (x.sum(2) * across).sum(1) / ink
    dx, dy = across - centre[0][:, None], across - centre[1][:, None]
    width = ((x.sum(1) * dx**2).sum(1) / ink).sqrt()
    height = (x.sum(2) * dy**2).sum(1) / ink
    slant = (x * dy[:, :, None] * dx[:, None, :]).sum((1, 2)) / ink / height
    found = torch.stack([ink, width, slant], 1)
    return ((found - found.mean(0)) / found.std(0)).numpy()


@control(
    "A larger β does not give each property of a digit a number of its own.",
    "β = 1 and β = 4, an ordinary autoencoder, and the codes of β = 1 turned at random; ink, width and slant",
)
def disentangle(seed: int) -> Numbers:
    """Return what the best single number explains of a property, as a share of a linear reader, mean of three."""
    (fitting, _), test = load_split(), load_mnist()[1]
    truth, found, models = factors(test.x), {}, {}
    turn = torch.linalg.qr(torch.randn(10, 10, generator=generator(seed)))[0]
    for name, build in {
        "β = 1": lambda: VariationalAutoencoder(10, hidden=(128,)),
        "β = 4": lambda: VariationalAutoencoder(10, hidden=(128,), beta=4),
        "ordinary": lambda: DenseAutoencoder(10, hidden=(128,)),
    }.items():
        seed_everything(seed)
        models[name] = build()
        fit(models[name], fitting.x[:15_000], epochs=4, seed=seed, progress=False)
    with torch.inference_mode():
        spaces = {name: model.encode(test.x) for name, model in models.items()}
    spaces["β = 1, turned"] = spaces["β = 1"] @ turn
    for name, z in spaces.items():
        z = z.numpy()
        whole = LinearRegression().fit(z, truth)
        rest = ((truth - whole.predict(z)) ** 2).mean(0)
        alone = np.nan_to_num(np.corrcoef(z.T, truth.T)[:10, 10:]) ** 2
        found |= {
            f"{name}: one number's share": (alone.max(0) / (1 - rest)).mean(),
            f"{name}: all numbers, R²": (1 - rest).mean(),
        }
    return found
