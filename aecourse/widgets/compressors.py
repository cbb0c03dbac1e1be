"""What the explorers show pictures through: PCA, one network for each k, and one network for every k."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from aecourse.data import load_mnist
from aecourse.evaluation import pca_mse
from aecourse.models import PCA, DenseAutoencoder, NestedAutoencoder
from aecourse.weights import read_card, shared_weights
from aecourse.zoo import CODE_SIZES, DENSE, digits_pca


@dataclass(frozen=True)
class Compressors:
    """everything that can squeeze a digit into k numbers and back, with its test error

    Attributes
    ----------
    pca : with as many components as the largest code
    nested : one network for every k
    separate : {k: network trained for this k alone}
    errors : {name: {k: test MSE}}
    """

    pca: PCA
    nested: NestedAutoencoder
    separate: dict[int, DenseAutoencoder]
    errors: dict[str, dict[int, float]]


@functools.cache
def load_compressors() -> Compressors:
    """load the shipped networks and compute PCA, once a session; about a second"""
    pca, every = digits_pca(), range(1, CODE_SIZES[-1] + 1)
    errors = {
        "PCA": dict(zip(every, pca_mse(pca.components, pca.mean, load_mnist()[1].x), strict=True)),
        "nested": dict(zip(every, read_card("nested").scores["test_mse_by_k"], strict=True)),
        "separate": {k: read_card(name).scores["test_mse"] for k, name in DENSE.items()},
    }
    return Compressors(pca, shared_weights("nested"), {k: shared_weights(name) for k, name in DENSE.items()}, errors)
