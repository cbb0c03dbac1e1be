"""What the explorers show pictures through: PCA, one network for each k, and one network for every k."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import torch

from aecourse.data import ImageSet, load_mnist
from aecourse.evaluation import pca_mse
from aecourse.models import Autoencoder, DenseAutoencoder, NestedAutoencoder
from aecourse.weights import load_weights, read_card

SIZES = (1, 2, 4, 8, 16, 32, 64)


@dataclass
class Compressors:
    """everything that can squeeze a digit into k numbers and back, with its test error

    Attributes
    ----------
    test : ImageSet, the digits shown
    mean, components : tensors (784,) and (64, 784), PCA of the training digits
    nested : one network for every k
    separate : {k: network trained for this k alone}
    errors : {name: {k: test MSE}}
    """

    test: ImageSet
    mean: torch.Tensor
    components: torch.Tensor
    nested: NestedAutoencoder
    separate: dict[int, DenseAutoencoder]
    errors: dict[str, dict[int, float]] = field(default_factory=dict)

    def pca(self, x: torch.Tensor, k: int) -> torch.Tensor:
        """x rebuilt from its first k principal components; (n, 784) → (n, 784)"""
        axes = self.components[:k]
        return (x - self.mean) @ axes.T @ axes + self.mean


@functools.cache
def load_compressors() -> Compressors:
    """load the shipped networks and compute PCA, once a session; about a second"""
    from sklearn.decomposition import PCA  # here: scikit-learn takes a second to import

    train, test = load_mnist()
    pca = PCA(SIZES[-1], svd_solver="covariance_eigh").fit(train.x.numpy())
    mean, components = torch.from_numpy(pca.mean_), torch.from_numpy(pca.components_)
    every = range(1, SIZES[-1] + 1)
    errors = {
        "PCA": dict(zip(every, pca_mse(components, mean, test.x), strict=True)),
        "nested": dict(zip(every, read_card("nested").scores["test_mse_by_k"], strict=True)),
        "separate": {k: read_card(f"dense-k{k}").scores["test_mse"] for k in SIZES},
    }
    separate = {k: load_weights(f"dense-k{k}") for k in SIZES}
    return Compressors(test, mean, components, load_weights("nested"), separate, errors)


def squeeze(model: Autoencoder, x: torch.Tensor, k: int) -> torch.Tensor:
    """x through a bottleneck of k numbers: a nested network is cut to k, any other has its own size"""
    return model.decode(model.encode(x, k)) if isinstance(model, NestedAutoencoder) else model(x)
