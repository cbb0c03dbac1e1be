"""Controls of notebook 09: detectors on equal terms, what a search keeps, bits, few labels, other data."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import torch
from bench import Numbers, control
from PIL import Image
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_sample_images
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import roc_auc_score
from sklearn.svm import SVC
from torch import nn
from torch.nn import functional as F

from aecourse.data import SIDE, ImageSet, gaussian_noise, load_fashion_mnist, load_mnist
from aecourse.evaluation import anomaly_scores, mse, psnr, reconstruct
from aecourse.evaluation.anomaly import threshold_at
from aecourse.evaluation.retrieval import hamming_nearest, hash_bits, nearest, precision_at
from aecourse.models import PCA, DenoisingAutoencoder, DenseAutoencoder
from aecourse.training import fit
from aecourse.zoo.catalogue import DENSE, digits_pca, load_split
from aecourse.zoo.weights import shared_weights

LAYERS, EPOCHS = {"latent_dim": 16, "hidden": (160, 64)}, 10  # of every detector
COMPONENTS = (8, 16, 32, 64)  # of PCA, chosen on validation digits
SCORES = {"squared error": 0.0, "error per ink": 0.5, "share lost": 1.0}
FAMILIES = {
    "dense": "dense-k32", "convolutional": "conv-k32", "stacked": "stacked-tuned", "sparse": "sparse-l1-0.25",
    "denoising": "denoising-gaussian", "contractive": "contractive-0.1", "variational": "vae-20d",
}  # fmt: skip
SIGMA, DRAWS = 0.5, 10  # of the noise in other data, and noisy copies of each picture for the linear maps
LENGTHS = (8, 100)  # epochs, chosen on validation pictures


def generator(seed: int) -> torch.Generator:
    """Return a separate random generator, so that the order of the controls does not matter."""
    return torch.Generator().manual_seed(9_000 + seed)


def trained(model: nn.Module, x: torch.Tensor, seed: int, epochs: int) -> nn.Module:
    """Return the model after training with the course's default."""
    fit(model, x, epochs=epochs, seed=seed, progress=False)
    return model


@functools.cache
def clothes() -> tuple[ImageSet, ImageSet, ImageSet]:
    """Return Fashion-MNIST in the parts of the digits: 55,000 to fit, 5,000 to choose, 10,000 to judge."""
    train, test = load_fashion_mnist(download=False)
    return *train.split(5_000, seed=0), test


@functools.cache
def digits() -> tuple[ImageSet, ImageSet, ImageSet]:
    """Return the course's digits: 55,000 to fit, 5,000 to choose, 10,000 to judge."""
    return *load_split(), load_mnist()[1]


# 1 · the odd one out


def blurred(x: torch.Tensor) -> torch.Tensor:
    """Return the mean over 3 × 3 pixels; (n, 784) → (n, 784)."""
    return F.avg_pool2d(x.view(-1, 1, SIDE, SIDE), 3, stride=1, padding=1).flatten(1)


def scored(x: torch.Tensor, x_hat: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return every score of each picture, {score: (n,)}."""
    found = {name: anomaly_scores(x, x_hat, ink_power=power) for name, power in SCORES.items()}
    return found | {"blurred error per ink": anomaly_scores(blurred(x), blurred(x_hat), ink_power=0.5)}


def detectors(x: torch.Tensor, seed: int) -> dict[str, Callable]:
    """Return models that restore pictures: PCA of four sizes and two networks of one shape, data and training."""
    pca = PCA.fit(x, max(COMPONENTS))

    def by_pca(a: torch.Tensor, k: int) -> torch.Tensor:
        U = pca.components[:k]
        return (a - pca.mean) @ U.T @ U + pca.mean

    restorers = {f"PCA-{k}": functools.partial(by_pca, k=k) for k in COMPONENTS}
    builders = {
        "plain": lambda: DenseAutoencoder(**LAYERS),
        "denoising": lambda: DenoisingAutoencoder(**LAYERS, noise="occlude", strength=6),
    }
    for name, build in builders.items():
        torch.manual_seed(seed)
        restorers[name] = functools.partial(reconstruct, trained(build(), x, seed, EPOCHS))
    return restorers


def one_class(parts: tuple[ImageSet, ImageSet, ImageSet], seed: int) -> Numbers:
    """Return AUROCs with each label as normal, and how many of each label pass if 8 is normal."""
    fitting, valid, test = parts
    rows: dict[str, list[float]] = {}
    found: Numbers = {}
    for normal in range(10):
        x = fitting.x[fitting.y == normal]
        by_pca: dict[str, list[tuple[float, float]]] = {}
        for name, restore in detectors(x, seed).items():
            on_valid, on_test = (scored(part.x, restore(part.x)) for part in (valid, test))
            for score in on_valid:
                seen = roc_auc_score(valid.y != normal, on_valid[score])
                auroc = roc_auc_score(test.y != normal, on_test[score])
                if name.startswith("PCA"):
                    by_pca.setdefault(score, []).append((seen, auroc))
                else:
                    rows.setdefault(f"{name}, {score}, validation", []).append(seen)
                    rows.setdefault(f"{name}, {score}", []).append(auroc)
                if normal == 8 and name in ("PCA-16", "plain", "denoising"):
                    alarm = threshold_at(on_valid[score][valid.y == 8], 0.05)
                    passing = on_test[score] <= alarm
                    found[f"8 is normal: 1s pass, {name}, {score}"] = 100 * passing[test.y == 1].float().mean().item()
                    found[f"8 is normal: all pass, {name}, {score}"] = 100 * passing[test.y != 8].float().mean().item()
        for score, pairs in by_pca.items():
            seen, auroc = max(pairs)
            rows.setdefault(f"PCA, {score}, validation", []).append(seen)
            rows.setdefault(f"PCA, {score}", []).append(auroc)
    for name, aurocs in rows.items():
        found[name] = float(np.mean(aurocs))
        if name.endswith("error per ink") and "blurred" not in name:
            found |= {f"{name}, {normal}": float(auroc) for normal, auroc in enumerate(aurocs)}
    return found


@control(
    "At equal epochs damage adds nothing to a detector; both networks are little ahead of PCA, the score adds more.",
    "one architecture, all images of the normal digit, equal epochs; PCA with k chosen on validation digits; "
    "an isolation forest; four scores for each",
)
def anomaly(seed: int) -> Numbers:
    """Return mean test AUROC of each scorer and score, and what passes if 8 is normal."""
    found, (fitting, _, test) = one_class(digits(), seed), digits()
    forests = [IsolationForest(random_state=seed).fit(fitting.x[fitting.y == normal]) for normal in range(10)]
    for normal, forest in enumerate(forests):
        found[f"isolation forest, {normal}"] = roc_auc_score(test.y != normal, -forest.score_samples(test.x))
    return found | {"isolation forest": np.mean([found[f"isolation forest, {normal}"] for normal in range(10)])}


@control(
    "On clothes, trained as briefly on fewer images, both networks fall behind PCA; damage adds nothing there either.",
    "the same architecture, epochs and choices, 1,500 images of each of the ten classes of Fashion-MNIST",
)
def anomaly_clothes(seed: int) -> Numbers:
    """Return mean test AUROC of each scorer and score."""
    fitting, valid, test = clothes()
    few = torch.cat([(fitting.y == label).nonzero()[:1_500, 0] for label in range(10)])
    found = one_class((fitting[few], valid[:2_500], test[:5_000]), seed)
    return {name: number for name, number in found.items() if not name.startswith("8 ") and name[-3:-1] != ", "}


# 2 · search


def moments(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the middle row, the width and the slant of each digit; (n, 784) → (n,) each."""
    p, along = x.view(-1, SIDE, SIDE), torch.arange(float(SIDE))
    ink, across, down = p.sum((1, 2)), p.sum(1), p.sum(2)
    row, column = (down @ along) / ink, (across @ along) / ink
    dy, dx = along - row[:, None], along - column[:, None]
    slant = (p * dy[:, :, None] * dx[:, None]).sum((1, 2)) / (down * dy**2).sum(1)
    return row, ((across * dx**2).sum(1) / ink).sqrt(), slant


def deslanted(x: torch.Tensor) -> torch.Tensor:
    """Return each digit sheared until its slant is 0; (n, 784) → (n, 784)."""
    row, _, slant = moments(x)
    theta = torch.zeros(len(x), 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = 1
    theta[:, 0, 1], theta[:, 0, 2] = slant, -slant * (row / 13.5 - 1)
    grid = F.affine_grid(theta, (len(x), 1, SIDE, SIDE), align_corners=True)
    return F.grid_sample(x.view(-1, 1, SIDE, SIDE), grid, align_corners=True).flatten(1)


def asked(seed: int, parts: tuple[ImageSet, ImageSet, ImageSet], count: int = 1_000) -> tuple[ImageSet, ImageSet]:
    """Return a library of 20,000 pictures and some test pictures to look up, others with each seed."""
    fitting, _, test = parts
    library = fitting[torch.randperm(len(fitting), generator=generator(seed))[:20_000]]
    return library, test[torch.randperm(len(test), generator=generator(seed))[:count]]


@torch.inference_mode()
def encoders() -> dict[str, Callable[[torch.Tensor], torch.Tensor]]:
    """Return the ways of the notebook to describe a digit."""
    found = {"pixels": lambda x: x, "pixels, deslanted": deslanted}
    for k in COMPONENTS:
        found[f"PCA-{k}"] = functools.partial(lambda x, k: digits_pca().encode(x, k), k=k)
        found[f"code of {k}"] = shared_weights(DENSE[k]).encode
    return found


@control(
    "A code of 16 numbers finds more right neighbours than pixels; deslanted pixels find as many as the best code.",
    "PCA of four sizes, shipped codes of four sizes, pixels after the slant is taken away",
)
@torch.inference_mode()
def search(seed: int) -> Numbers:
    """Return precision at 10 in per cent."""
    library, queries = asked(seed, digits(), 1_500)
    found = {}
    for name, encode in encoders().items():
        places = nearest(encode(library.x), encode(queries.x), n=10)
        found[name] = 100 * precision_at(places, library.y, queries.y)
    return found


@control(
    "The code keeps slant and width.",
    "a linear reader of each from code and PCA; how alike slant is among the ten found, and in random pairs",
    quick=True,
)
@torch.inference_mode()
def slant(seed: int) -> Numbers:
    """Return R² on the queries, and the mean absolute difference of slant between a query and its ten."""
    library, queries = asked(seed, digits())
    truth, targets = (torch.stack(moments(part.x)[1:], 1) for part in (library, queries))  # width, slant
    found = {}
    for name in ("pixels", "PCA-16", "code of 8", "code of 16", "pixels, deslanted"):
        z, z_asked = (encoders()[name](part.x) for part in (library, queries))
        if name in ("PCA-16", "code of 8", "code of 16"):
            read = LinearRegression().fit(z.numpy(), truth.numpy()).predict(z_asked.numpy())
            rest = ((targets.numpy() - read) ** 2).mean(0) / targets.numpy().var(0)
            found |= {f"{name}: width, R²": 1 - rest[0], f"{name}: slant, R²": 1 - rest[1]}
        near = truth[nearest(z, z_asked, n=10), 1]  # (1000, 10)
        found[f"{name}: neighbours differ in slant by"] = (near - targets[:, 1:]).abs().mean().item()
    chance = truth[torch.randint(len(truth), (1_000, 10), generator=generator(seed)), 1]
    return found | {"random pairs differ in slant by": (chance - targets[:, 1:]).abs().mean().item()}


@control(
    "Taking the slant away helps pixels, PCA and a network alike; on clothes a code finds no more than pixels.",
    "one network trained alike on digits, deslanted digits and clothes; pixels and 16 PCA numbers of the same pictures",
)
def search_elsewhere(seed: int) -> Numbers:
    """Return precision at 10 in per cent."""
    found = {}
    for data, parts, prepare in (
        ("digits", digits(), lambda x: x),
        ("deslanted digits", digits(), deslanted),
        ("clothes", clothes(), lambda x: x),
    ):
        library, queries = asked(seed, parts)
        a, b = (prepare(part.x) for part in (library, queries))
        torch.manual_seed(seed)
        model, pca = trained(DenseAutoencoder(16, hidden=(256,)), a, seed, 4), PCA.fit(a, 16)
        with torch.inference_mode():
            ways = {"pixels": (a, b), "PCA-16": (pca.encode(a), pca.encode(b))}
            ways["code of 16"] = model.encode(a), model.encode(b)
        for name, (z, z_asked) in ways.items():
            found[f"{data}, {name}"] = 100 * precision_at(nearest(z, z_asked, n=10), library.y, queries.y)
    return found


# 3 · bits


class Hashing(DenseAutoencoder):
    """The notebook's hashing autoencoder, with or without noise and bend."""

    def __init__(self, bits: int, *, noise: bool, bend: bool) -> None:
        super().__init__(bits, hidden=(256,))
        self.standardise, self.noise, self.bend = nn.BatchNorm1d(bits, affine=False), noise, bend

    def loss(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the mean squared error after the change of the code."""
        z = self.standardise(self.encode(x))
        if self.noise:
            z = z + 0.5 * torch.randn_like(z)
        if self.bend:
            z = torch.tanh(3 * z)
        return {"total": F.mse_loss(self.decode(z), x)}


def rotated_signs(z: torch.Tensor, seed: int) -> torch.Tensor:
    """Return the rotation that brings centred PCA codes near to their signs (ITQ, Gong & Lazebnik 2011); (k, k)."""
    R = torch.linalg.qr(torch.randn(z.shape[1], z.shape[1], generator=generator(seed)))[0]
    for _ in range(50):
        U, _, V = torch.linalg.svd(z.T @ (z @ R).sign(), full_matrices=False)
        R = U @ V
    return R


def right_by_bits(z: torch.Tensor, z_asked: torch.Tensor, library: ImageSet, queries: ImageSet) -> float:
    """Return precision at 10 in per cent, each number cut at its median over the library."""
    threshold = z.median(0).values
    places = hamming_nearest(hash_bits(z, threshold), hash_bits(z_asked, threshold), n=10)
    return 100 * precision_at(places, library.y, queries.y)


@control(
    "The bend does most for the bits, noise adds to it.",
    "the same network plain, with noise alone, with the bend alone, with both; random planes, signs of PCA, "
    "signs of PCA after the rotation that suits them best",
)
def bits(seed: int) -> Numbers:
    """Return precision at 10 in per cent, 20,000 pictures each."""
    found = {}
    for data, parts, sizes in (("", digits(), (16, 32)), ("clothes, ", clothes(), (32,))):
        library, queries = asked(seed, parts)
        for k in sizes:
            pca = PCA.fit(library.x, k)
            plane = torch.randn(784, k, generator=generator(seed))
            z, z_asked = pca.encode(library.x), pca.encode(queries.x)
            R = rotated_signs(z, seed)
            ways = {"random planes": (library.x @ plane, queries.x @ plane), "PCA signs": (z, z_asked)}
            ways["PCA signs, rotated"] = z @ R, z_asked @ R
            for name, how in {
                "plain": (False, False), "noise": (True, False), "bend": (False, True), "both": (True, True),
            }.items():  # fmt: skip
                torch.manual_seed(seed)
                model = trained(Hashing(k, noise=how[0], bend=how[1]), library.x, seed, 5)
                with torch.inference_mode():
                    ways[name] = model.encode(library.x), model.encode(queries.x)
            for name, pair in ways.items():
                found[f"{data}{k} bits, {name}"] = right_by_bits(*pair, library, queries)
    return found


# 4 · few labels


@functools.cache
@torch.inference_mode()
def described(data: str) -> dict[str, tuple[torch.Tensor, ...]]:
    """Return each way to describe pictures, scaled by one number as a whole.

    (10,000 from which labels are drawn, 2,000 to choose, 4,000 to judge).
    """
    fitting, valid, test = {"digits": digits, "clothes": clothes}[data]()
    parts = fitting.x[:10_000], valid.x[:2_000], test.x[:4_000]
    pca = PCA.fit(fitting.x, 32)
    found = {"pixels": parts, "PCA-32": tuple(pca.encode(x) for x in parts)}
    if data == "digits":
        found["pixels, deslanted"] = tuple(deslanted(x) for x in parts)
        models = {name: shared_weights(weights) for name, weights in FAMILIES.items()}
    else:
        torch.manual_seed(0)
        with torch.inference_mode(False), torch.enable_grad():
            models = {"dense": trained(DenseAutoencoder(32, hidden=(256,)), fitting.x.clone(), 0, 2)}
    for name, model in models.items():
        found[name] = tuple(torch.cat([model.encode(batch) for batch in x.split(2_500)]) for x in parts)
    return {name: tuple(z / parts[0].std(0).norm() for z in parts) for name, parts in found.items()}


def regression(z: torch.Tensor, y: torch.Tensor, c: float) -> nn.Linear:
    """Return a logistic regression with a penalty of ‖W‖²/2 beside c times the sum of the cross-entropies."""
    z, model = z.clone(), nn.Linear(z.shape[1], 10)
    for part in model.parameters():
        nn.init.zeros_(part)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=60, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(z), y) + model.weight.square().sum() / (2 * c * len(z))
        loss.backward()
        return loss

    optimizer.step(closure)
    return model.requires_grad_(False)


def read(z: torch.Tensor, y, z_valid: torch.Tensor, y_valid, z_test: torch.Tensor, y_test) -> dict[str, tuple]:
    """Return {reader: (validation, test accuracy in per cent)}, each reader tuned on the validation pictures."""
    linear, machine = [], []
    for c in (3, 10, 30):
        model = regression(z, y, c)
        pairs = (model(z_valid).argmax(1) == y_valid), (model(z_test).argmax(1) == y_test)
        linear.append(tuple(100 * right.float().mean().item() for right in pairs))
    squares = [torch.cdist(a, z).square() for a in (z, z_valid, z_test)]
    for gamma in (0.5, 1, 2, 4):  # of exp(−γ‖a − b‖²): the descriptions have a total variance of 1
        K, K_valid, K_test = (torch.exp(-gamma * d).numpy() for d in squares)
        for c in (1, 10):
            model = SVC(C=c, kernel="precomputed").fit(K, y)
            machine.append((100 * model.score(K_valid, y_valid), 100 * model.score(K_test, y_test)))
    return {"linear": max(linear), "SVM": max(machine)}


def with_labels(data: str, count: int, seed: int) -> Numbers:
    """Return the test accuracy of every description and reader; the best code is chosen on validation pictures."""
    fitting, valid, test = {"digits": digits, "clothes": clothes}[data]()
    drawn = torch.randperm(10_000, generator=generator(seed))[:count]
    found, codes, pixels = {}, [], []
    for name, (z, z_valid, z_test) in described(data).items():
        answers = read(z[drawn], fitting.y[drawn], z_valid, valid.y[:2_000], z_test, test.y[:4_000])
        found |= {f"{name}, {reader}": accuracy for reader, (_, accuracy) in answers.items()}
        found[f"{name}, better reader"] = max(answers.values())[1]
        if name in FAMILIES:
            codes.append(max(answers.values()))
        elif name == "pixels":
            pixels.append(max(answers.values()))
    return found | {"best code": max(codes)[1], "best on pixels": max(pixels)[1]}


@control(
    "With both readers tuned the best code leads pixels, and deslanted pixels by about a point or less.",
    "a linear reader and a support vector machine on every description, both tuned, and the code chosen, on 2,000 "
    "validation digits; pixels, deslanted pixels and 32 PCA numbers",
    seeds=10,
)
def few_labels(seed: int) -> Numbers:
    """Return test accuracy in per cent, another draw of labels with each seed."""
    found = {f"{name}, 100": accuracy for name, accuracy in with_labels("digits", 100, seed).items()}
    return found | {f"{name}, 1000": accuracy for name, accuracy in with_labels("digits", 1_000, seed).items()}


@control(
    "On clothes a small code gains nothing measurable over pixels, with 100 labels or with 1,000.",
    "pixels and 32 PCA numbers, both readers tuned on 2,000 validation pictures",
    seeds=10,
)
def few_labels_clothes(seed: int) -> Numbers:
    """Return test accuracy in per cent, another draw of labels with each seed."""
    found = {f"{name}, 100": accuracy for name, accuracy in with_labels("clothes", 100, seed).items()}
    return found | {f"{name}, 1000": accuracy for name, accuracy in with_labels("clothes", 1_000, seed).items()}


# 8 · other data


@functools.cache
def photograph(which: int) -> np.ndarray:
    """Return one of scikit-learn's two photographs in gray at half its size, as the course uses it."""
    gray = Image.fromarray(load_sample_images().images[which]).convert("L")
    return np.asarray(gray.resize((gray.width // 2, gray.height // 2), Image.Resampling.LANCZOS), np.float32) / 255


def cut_out(photo: np.ndarray, count: int, seed: int) -> torch.Tensor:
    """Return random 28 × 28 patches of a photograph; (count, 784)."""
    random = np.random.default_rng(seed)
    rows, columns = (random.integers(0, size - SIDE + 1, count) for size in photo.shape)
    pieces = [photo[r : r + SIDE, c : c + SIDE].ravel() for r, c in zip(rows, columns, strict=True)]
    return torch.from_numpy(np.stack(pieces))


def sets(seed: int) -> dict[str, tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Return (2,000 to fit, 500 to choose, 1,000 to judge) of each kind, which share no pixel.

    Photographs are fitted to the upper or left part of one; choices are made on the rest of it; the other judges.
    """
    found = {}
    parts = clothes()
    orders = [torch.randperm(len(part), generator=generator(seed)) for part in parts]
    cut = zip(parts, orders, (2_000, 500, 1_000), strict=True)
    found["clothes"] = tuple(part.x[order[:count]] for part, order, count in cut)
    for name, which in (("temple, then flower", 0), ("flower, then temple", 1)):
        seen, other = photograph(which), photograph(1 - which)
        border = round(0.8 * seen.shape[1])
        found[name] = (
            cut_out(seen[:, :border], 2_000, seed),
            cut_out(seen[:, border:], 500, seed),
            cut_out(other, 1_000, seed),
        )
    return found


def by_length(build: Callable[[], nn.Module], x: torch.Tensor, judged: Callable, seed: int) -> dict[int, nn.Module]:
    """Return the networks after each number of epochs; key 0 holds the best one on validation data."""
    models = {}
    for epochs in LENGTHS:
        torch.manual_seed(seed)
        models[epochs] = trained(build(), x, seed, epochs)
    return models | {0: max(models.values(), key=judged)}


@control(
    "A small autoencoder trained for long restores clothes better than PCA, another photograph worse.",
    "PCA of as many numbers; 8 epochs, and 8 or 100 chosen on validation pictures; parts that share no pixel",
)
def elsewhere_restored(seed: int) -> Numbers:
    """Return the MSE of PCA and of a dense network with 16 numbers on 1,000 pictures of each kind."""
    found = {}
    for name, (x, valid, test) in sets(seed).items():
        models = by_length(
            lambda: DenseAutoencoder(16, hidden=(256,)), x, lambda m, v=valid: -mse(v, reconstruct(m, v)), seed
        )
        found[f"{name}: PCA-16"] = mse(test, reconstruct(PCA.fit(x, 16), test))
        found[f"{name}: dense, 8 epochs"] = mse(test, reconstruct(models[8], test))
        found[f"{name}: dense, converged"] = mse(test, reconstruct(models[0], test))
    return found


def linear_maps(x: torch.Tensor, valid: torch.Tensor, noisy_valid: torch.Tensor, seed: int) -> dict[str, Callable]:
    """Return the best linear map from noisy to clean, of full rank and of rank 16, with a tuned ridge penalty."""
    noisy = torch.cat([gaussian_noise(x, SIGMA, seed=1_000 * (seed + 1) + draw) for draw in range(DRAWS)])
    clean, middle, mean = x.repeat(DRAWS, 1), noisy.mean(0), x.mean(0)
    noisy = noisy - middle
    square, cross = (noisy.T @ other / len(noisy) for other in (noisy, clean - mean))
    best: dict[str, tuple[float, Callable]] = {}
    for ridge in (1e-3, 1e-2, 3e-2, 1e-1):
        W = torch.linalg.solve(square.double() + ridge * torch.eye(784), cross.double())
        axes = torch.linalg.eigh(W.T @ square.double() @ W)[1][:, -16:]
        for name, V in (("linear map", W), ("linear map of rank 16", W @ axes @ axes.T)):

            def repair(a: torch.Tensor, V: torch.Tensor = V) -> torch.Tensor:
                return ((a - middle) @ V.float() + mean).clamp(0, 1)

            candidate = psnr(valid, repair(noisy_valid)), repair
            best[name] = max(best.get(name, (-1.0, None)), candidate, key=lambda pair: pair[0])
    return {name: repair for name, (_, repair) in best.items()}


def filters(x: torch.Tensor, valid: torch.Tensor, noisy_valid: torch.Tensor, seed: int) -> dict[str, Callable]:
    """Return PCA and a Gaussian filter, each with the shift and scale that suit the training pictures."""
    noisy, pca = gaussian_noise(x, SIGMA, seed=50 + seed), PCA.fit(x, 16)

    def smooth(a: torch.Tensor, width: float) -> torch.Tensor:
        return torch.from_numpy(gaussian_filter(a.view(-1, SIDE, SIDE).numpy(), (0, width, width))).flatten(1)

    candidates = {f"{width}": functools.partial(smooth, width=width) for width in (0.8, 1.2, 1.6, 2.4)}
    found = {}
    for name, ways in (("Gaussian filter", candidates), ("PCA-16", {"": functools.partial(reconstruct, pca)})):
        best = (-1.0, None)
        for way in ways.values():
            y = way(noisy)
            middle, scale = y.mean(), ((y - y.mean()) * (x - x.mean())).mean() / y.var()

            def repair(a: torch.Tensor, way=way, scale=scale, middle=middle) -> torch.Tensor:
                return (scale * (way(a) - middle) + x.mean()).clamp(0, 1)

            best = max(best, (psnr(valid, repair(noisy_valid)), repair), key=lambda pair: pair[0])
        found[name] = best[1]
    shift = x.mean(0) - noisy.mean(0)
    found["PCA-16, shift"] = lambda a: reconstruct(pca, a + shift).clamp(0, 1)
    return found


@control(
    "The denoiser's lead over the best linear map travels to clothes, after long training, and not to photographs.",
    "a linear map from 10 noisy draws, of full rank and of rank 16, a Gaussian filter with shift and scale, PCA with "
    "the shift; 8 epochs, and 8 or 100 chosen on validation pictures; parts that share no pixel",
)
def elsewhere_noise(seed: int) -> Numbers:
    """Return the PSNR in dB after noise of σ = 0.5 on 1,000 pictures of each kind."""
    found = {}
    for name, (x, valid, test) in sets(seed).items():
        noisy_valid, noisy = gaussian_noise(valid, SIGMA, seed=10 + seed), gaussian_noise(test, SIGMA, seed=20 + seed)
        models = by_length(
            lambda: DenoisingAutoencoder(16, hidden=(256,)), x,
            lambda m, v=valid, n=noisy_valid: psnr(v, reconstruct(m, n)), seed,
        )  # fmt: skip
        found[f"{name}: noisy"] = psnr(test, noisy)
        for method, repair in (filters(x, valid, noisy_valid, seed) | linear_maps(x, valid, noisy_valid, seed)).items():
            found[f"{name}: {method}"] = psnr(test, repair(noisy))
        found[f"{name}: denoiser, 8 epochs"] = psnr(test, reconstruct(models[8], noisy))
        found[f"{name}: denoiser, converged"] = psnr(test, reconstruct(models[0], noisy))
    return found
