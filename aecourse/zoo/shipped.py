"""Results of the shipped networks on the digits, computed once per process, for the explorers to look up."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from aecourse.data import ImageSet, load_mnist
from aecourse.device import own_random_numbers
from aecourse.evaluation import anomaly_scores, pca_mse, reconstruct, reconstruction_mse
from aecourse.evaluation.anomaly import DetectionResult, detection_result, ink_of
from aecourse.evaluation.denoising import errors_by_strength
from aecourse.evaluation.retrieval import CodeIndex, nearest, precision_at
from aecourse.models import (
    PCA,
    Autoencoder,
    DenseAutoencoder,
    NestedAutoencoder,
    SparseAutoencoder,
    VariationalAutoencoder,
)
from aecourse.zoo.catalogue import CODE_SIZES, DENSE, NORMAL, SPARSE, VARIATIONAL, digits_pca, load_split
from aecourse.zoo.precision import quantise, to_half
from aecourse.zoo.weights import read_card, shared_weights

BATCH = 1_000  # pictures encoded or scored at once, which takes little memory
INK_POWERS = (0.0, 0.5, 1.0)
LIBRARY = 10_000  # training digits that are searched
QUERIES = 1_000  # test digits behind the precision of a search
FOUND = 10
SPARSE_SAMPLE = 3_000  # test digits from which activities and the users of each atom are taken
USERS = 9  # digits kept for each atom
THRESHOLDS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)  # activities above which a unit may count as active
RARE = 1e-4  # the histogram of activities ends where fewer than one in 10,000 falls into a bin
REPAIRED = 300  # test digits behind the error at each strength of a corruption
ACTIVE = 0.01  # Burda et al. (2016): a code number whose mean varies less over the images carries nothing


@dataclass(frozen=True)
class BottleneckModels:
    """All models that compress a digit to k numbers and restore it, with their test errors.

    Attributes
    ----------
    pca : PCA
        With as many components as the largest code.
    nested : NestedAutoencoder
        One network for every k.
    separate : dict
        {k: network trained for this k alone}.
    errors : dict
        {"PCA" | "nested" | "separate": {k: test MSE}}.
    """

    pca: PCA
    nested: NestedAutoencoder
    separate: dict[int, DenseAutoencoder]
    errors: dict[str, dict[int, float]]


@functools.cache
def load_bottleneck_models() -> BottleneckModels:
    """Load the shipped networks and compute PCA; this takes about a second."""
    pca, every, x = digits_pca(), range(1, CODE_SIZES[-1] + 1), load_mnist()[1].x
    nested, separate = shared_weights("nested"), {k: shared_weights(name) for k, name in DENSE.items()}
    by_k = read_card("nested").scores["test_mse_by_k"]
    alone = {k: read_card(name).scores["test_mse"] for k, name in DENSE.items()}
    by_pca = pca_mse(pca.components, pca.mean, x)
    errors = {
        "PCA": dict(zip(every, by_pca, strict=True)), "nested": dict(zip(every, by_k, strict=True)), "separate": alone,
    }  # fmt: skip
    return BottleneckModels(pca, nested, separate, errors)


@dataclass(frozen=True)
class Detectors:
    """Two anomaly detectors for each digit, fitted to it alone, and their results on the test digits.

    Attributes
    ----------
    models : dict
        {(normal digit, "autoencoder" | "PCA"): Autoencoder}.
    results : dict
        {(normal digit, "autoencoder" | "PCA", ink power): DetectionResult}.
    """

    models: dict[tuple[int, str], Autoencoder]
    results: dict[tuple[int, str, float], DetectionResult]


@functools.cache
def load_detectors() -> Detectors:
    """Load the ten shipped networks, and score every test digit by all; this takes seconds."""
    return detectors_of({normal: shared_weights(name) for normal, name in NORMAL.items()}, rounded=True)


@own_random_numbers()  # importing scikit-learn draws some
def detectors_of(networks: Mapping[int, Autoencoder], *, rounded: bool = False) -> Detectors:
    """Return the results of {normal digit: its network}, each beside PCA of that digit with as many numbers.

    If asked, errors and the scores that set the threshold are in half precision, as the page gets them.
    """
    test, (fitting, valid) = load_mnist()[1], load_split()
    labels, models, results = test.y.numpy(), {}, {}
    for normal, network in networks.items():
        x = fitting.x[fitting.y == normal]
        models[normal, "autoencoder"] = network
        models[normal, "PCA"] = PCA.fit(x, min(network.latent_dim, *x.shape))
        held_back = valid.x[valid.y == normal]
        for kind in ("autoencoder", "PCA"):
            scores, valid_scores = (scores_of(models[normal, kind], x, rounded=rounded) for x in (test.x, held_back))
            for power in INK_POWERS:
                valid_normal = to_half(valid_scores[power]) if rounded else valid_scores[power]
                results[normal, kind, power] = detection_result(scores[power], labels, valid_normal, normal=normal)
    return Detectors(models, results)


def scores_of(model: Autoencoder, x: torch.Tensor, *, rounded: bool = False) -> dict[float, np.ndarray]:
    """Return {ink power: the score of each image (n,)}; if asked, of errors in half precision."""
    errors = torch.cat([anomaly_scores(batch, reconstruct(model, batch)) for batch in x.split(BATCH)])
    errors = errors.half().float() if rounded else errors
    return {power: (errors / lengths_of(x, power)).numpy() for power in INK_POWERS}


def lengths_of(x: torch.Tensor, ink_power: float) -> torch.Tensor:
    """Return what the errors of images are divided by, in half precision; (n, features) → (n,)."""
    return ink_of(x, ink_power).half().float()


@functools.cache
def load_library() -> tuple[ImageSet, ImageSet, float]:
    """Return the digits to search, the query digits, and the precision of a search by pixels."""
    train, test = load_mnist()
    library, asked = train[:LIBRARY], test.split(QUERIES, seed=0)[1]
    return library, asked, precision_at(nearest(library.x, asked.x, n=FOUND), library.y, asked.y)


@functools.cache
def load_index(k: int) -> tuple[CodeIndex, dict[str, float]]:
    """Return the same as `index_of` for the shipped network of k numbers."""
    return index_of(shared_weights(DENSE[k]), rounded=True)


def index_of(model: Autoencoder, *, rounded: bool = False) -> tuple[CodeIndex, dict[str, float]]:
    """Return the library's codes, rounded to bytes if asked, and the precision of a search by "numbers" and "bits"."""
    library, asked, _ = load_library()
    z, queries = (torch.from_numpy(codes_of(model, images.x)).float() for images in (library, asked))
    if rounded:  # as the page gets them
        whole, step = quantise(z)
        z = whole * step.float()
    index = CodeIndex.of(z)
    found = index.search(queries, n=FOUND)
    return index, {name: precision_at(positions, library.y, asked.y) for name, positions in found.items()}


@dataclass(frozen=True)
class SparseNet:
    """A shipped sparse network and its activity on a sample of test digits.

    Its atoms are numbered by how often they are used: atom 0 is active for most digits of the sample.

    Attributes
    ----------
    model : SparseAutoencoder
    order : int64 (units,)
        The unit behind each atom's number.
    atoms : tensor (units, 784)
        One row for each atom.
    scores : dict
        On all 10,000 test digits: "test_mse", "test_awake", "test_dead".
    users : int64 (9, units)
        The test digits that use each atom most.
    uses : int32 (thresholds, units)
        The number of digits of the sample for which each atom is above each of the `THRESHOLDS`.
    activity, share : list of float
        The middle of each bin of activity and the share of all activities in it, without rare bins.
    """

    model: SparseAutoencoder
    order: torch.Tensor
    atoms: torch.Tensor
    scores: dict
    users: torch.Tensor
    uses: torch.Tensor
    activity: list[float]
    share: list[float]


@functools.cache
def load_sparse_net(penalty: str, strength: float) -> SparseNet:
    """Load one shipped network and encode the sample; this takes about a quarter of a second."""
    name = SPARSE[penalty][strength]
    return sparse_net_of(shared_weights(name), read_card(name).scores)


@torch.inference_mode()
def sparse_net_of(model: SparseAutoencoder, scores: dict | None = None) -> SparseNet:
    """Encode the sample with a sparse network; measure its scores if they are not given."""
    z = model.encode(load_mnist()[1].x[:SPARSE_SAMPLE])  # (3000, 1024)
    order = model.active(z).sum(0).argsort(descending=True, stable=True)
    uses = torch.stack([(z > threshold).sum(0, dtype=torch.int32)[order] for threshold in THRESHOLDS])
    atoms = model.decoder.atoms.T[order].contiguous()  # (1024, 784)
    few = (z[:, units].topk(USERS, dim=0).indices for units in order.split(64))  # a little memory at a time
    users = torch.cat(list(few), 1)
    in_bin, edges = torch.histogram(z, 30)
    full = (in_bin >= RARE * z.numel()).cumprod(0).bool()  # up to the first rare bin
    share, middle = in_bin[full] / z.numel(), ((edges[1:] + edges[:-1]) / 2)[full]
    scores = sparse_scores(model) if scores is None else scores
    return SparseNet(model, order, atoms, scores, users, uses, middle.tolist(), share.tolist())


def sparse_scores(model: SparseAutoencoder) -> dict[str, float]:
    """Return a sparse network's test error, the share of units active for one digit, and the share of dead units."""
    x = load_mnist()[1].x
    active = torch.cat([model.active(model.encode(batch)) for batch in x.split(BATCH)])
    dead = 1 - active.any(0).float().mean().item()
    return {"test_mse": reconstruction_mse(model, x), "test_awake": active.float().mean().item(), "test_dead": dead}


@functools.cache
def repair_errors(noise: str, strengths: tuple[float, ...]) -> dict[str, list[float]]:
    """Return the test error at each strength of one corruption, by method of repair; this takes a tenth of a second."""
    return errors_of_repair(shared_weights("denoising-mixed"), noise, strengths)


def errors_of_repair(model: Autoencoder, noise: str, strengths: tuple[float, ...]) -> dict[str, list[float]]:
    """Return the same as `repair_errors` for any network."""
    return errors_by_strength(model, load_mnist()[1].x[:REPAIRED], noise, strengths)


@torch.inference_mode()
@own_random_numbers()  # a network from outside may draw some
def codes_of(model: Autoencoder, x: torch.Tensor) -> np.ndarray:
    """Return the codes of many images as an array in double precision; (n, features) → (n, latent_dim)."""
    return torch.cat([model.encode(batch) for batch in x.split(BATCH)]).cpu().double().numpy()


@torch.inference_mode()
def posterior_of(model: VariationalAutoencoder, x: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and log variance of q(z|x) in double precision; (n, features) → (n, latent_dim) each."""
    parts = zip(*map(model.posterior, x.split(BATCH)), strict=True)
    return tuple(torch.cat(part).double().numpy() for part in parts)


@functools.cache
def variational_posterior(beta: float) -> tuple[np.ndarray, np.ndarray]:
    """Return `posterior_of` the network of this β for the test digits, in half precision; (10000, 2) each."""
    return tuple(map(to_half, posterior_of(shared_weights(VARIATIONAL[beta]), load_mnist()[1].x)))


@torch.inference_mode()
def ranked_code_numbers(model: VariationalAutoencoder) -> tuple[torch.Tensor, int]:
    """Return the code numbers of a variational network, largest KL divergence first, and how many are active."""
    mu, logvar = map(torch.from_numpy, posterior_of(model, load_mnist()[1].x))
    order = model.kl_divergence(mu, logvar).mean(0).argsort(descending=True)
    return order, int((mu.var(0) > ACTIVE).sum())


@torch.inference_mode()
def decoded_grid(model: Autoencoder, *, reach: float, side: int) -> torch.Tensor:
    """Decode the centres of side × side tiles of the square from -reach to reach, top row first; (side², 784)."""
    along = torch.linspace(-reach, reach, 2 * side + 1)[1::2]
    return model.decode(torch.stack([along.repeat(side), along.flip(0).repeat_interleave(side)], 1))
