"""How good is it? Numbers only: no drawing, no printing."""

from __future__ import annotations

import math
import numbers

import numpy as np
import torch
from torch.nn import functional as F

from aecourse.checks import check_whole
from aecourse.models import Autoencoder
from aecourse.models.base import check_model, check_rows


@torch.inference_mode()
def reconstruct(model: Autoencoder, x: torch.Tensor, *, batch_size: int = 5_000) -> torch.Tensor:
    """through the bottleneck and back without keeping gradients; (n, features) → (n, features)"""
    check_rows("x", x, check_model(model).in_features)
    check_whole("batch_size", batch_size)
    was_training = model.training
    try:
        model.eval()
        return torch.cat([model(batch) for batch in x.split(batch_size)])
    finally:
        model.train(was_training)


def mse(model: Autoencoder, x: torch.Tensor) -> float:
    """mean squared error of the model's reconstructions, per pixel

    Multiply by the number of pixels (784) for the summed squared error per image (SSE) that Hinton and
    Salakhutdinov (2006) report.

    Parameters
    ----------
    model : Autoencoder
    x : float tensor (n, in_features)
    """
    check_model(model).check_images("x", x)
    return F.mse_loss(reconstruct(model, x), x).item()


def psnr(error: float, *, peak: float = 1.0) -> float:
    """peak signal-to-noise ratio in decibels of a mean squared error; 10 dB more is a tenth of the error

    Parameters
    ----------
    error : float, mean squared error, at least 0 (0 gives infinity)
    peak : float, the largest value a pixel can take
    """
    for name, value in (("error", error), ("peak", peak)):
        scalar = isinstance(value, torch.Tensor) and value.ndim == 0
        if isinstance(value, bool) or not (scalar or isinstance(value, numbers.Real)):
            raise TypeError(f"{name} must be a number; got {value!r}")
    if not 0 <= error < math.inf:
        raise ValueError(f"error must be a mean squared error, at least 0 and finite; got {error!r}")
    if not 0 < peak < math.inf:
        raise ValueError(f"peak must be above 0 and finite; got {peak!r}")
    return math.inf if error == 0 else 10 * math.log10(peak**2 / error)


def pca_mse(components: torch.Tensor, mean: torch.Tensor, x: torch.Tensor) -> np.ndarray:
    """mean squared error per pixel when x is rebuilt from its first k principal components, for every k

    Parameters
    ----------
    components : tensor (k_max, features), orthonormal rows, as in scikit-learn's `PCA.components_`
    mean : tensor (features,)
    x : tensor (n, features)

    Returns
    -------
    array (k_max,); entry k - 1 belongs to k components
    """
    check_rows("x", x, len(mean))
    check_rows("components", components, len(mean))
    centred = x - mean
    kept = (centred @ components.T).square().mean(0).cumsum(0)  # Pythagoras: what is kept is not lost
    lost = centred.square().sum(1).mean() - kept
    return (lost / x.shape[1]).cpu().double().numpy()


def principal_angles(a: np.ndarray | torch.Tensor, b: np.ndarray | torch.Tensor) -> np.ndarray:
    """the angles between the spaces that two sets of columns span, in degrees, smallest first

    Both spaces are the same exactly when the last angle is 0.

    Parameters
    ----------
    a, b : array (features, k_a) and (features, k_b), columns linearly independent

    Returns
    -------
    array (min(k_a, k_b),), each in [0, 90]

    References
    ----------
    Björck & Golub (1973), Numerical methods for computing angles between linear subspaces.
    """
    from scipy.linalg import subspace_angles  # here: only notebook 03 needs it

    a, b = (np.asarray(m.detach().cpu() if isinstance(m, torch.Tensor) else m, np.float64) for m in (a, b))
    for name, matrix in (("a", a), ("b", b)):
        if matrix.ndim != 2 or matrix.size == 0 or not np.isfinite(matrix).all():
            raise ValueError(f"{name} must be a finite matrix of shape (features, k); got shape {matrix.shape}")
    if len(a) != len(b):
        raise ValueError(f"a and b must have equally many rows (features); got {len(a)} and {len(b)}")
    return np.rad2deg(subspace_angles(a, b))[::-1]


def linear_probe_accuracy(
    features: np.ndarray | torch.Tensor,
    labels: np.ndarray | torch.Tensor,
    test_features: np.ndarray | torch.Tensor,
    test_labels: np.ndarray | torch.Tensor,
    *,
    c: float = 1.0,
    max_iter: int = 200,
) -> float:
    """share of the test set that a logistic regression on these features labels rightly

    How much a representation tells a linear reader: the encoder is frozen and only the regression learns. The
    features are standardised by the training part's mean and deviation.

    Parameters
    ----------
    features, test_features : (n, d) and (m, d)
    labels, test_labels : (n,) and (m,)
    c : float, inverse strength of the L2 penalty

    References
    ----------
    Alain & Bengio (2016), Understanding intermediate layers using linear classifier probes.
    """
    from sklearn.linear_model import LogisticRegression  # here: scikit-learn takes a second to import
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    arrays = (features, labels, test_features, test_labels)
    features, labels, test_features, test_labels = (
        a.detach().cpu().numpy() if isinstance(a, torch.Tensor) else np.asarray(a) for a in arrays
    )
    for name, rows, targets in (("features", features, labels), ("test_features", test_features, test_labels)):
        if rows.ndim != 2 or len(rows) != len(targets):
            raise ValueError(
                f"{name} must have shape (n, d) with one label for each row; got {rows.shape} and {len(targets)} labels"
            )
        if len(rows) == 0 or rows.dtype.kind not in "biuf" or not np.isfinite(rows).all():
            raise ValueError(f"{name} must hold at least one row, and finite numbers only")
    if features.shape[1] != test_features.shape[1]:
        raise ValueError(
            f"features and test_features must be equally wide; got {features.shape[1]} and {test_features.shape[1]}"
        )
    if len(np.unique(labels)) < 2:
        raise ValueError("labels must hold at least two classes; got one")
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=max_iter, tol=1e-3))
    return float(probe.fit(features, labels).score(test_features, test_labels))
