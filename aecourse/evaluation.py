"""How good is it? Numbers only: no drawing, no printing."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional as F

from aecourse.checks import check_number, check_whole
from aecourse.models import Autoencoder
from aecourse.models.base import check_model, check_rows


@torch.inference_mode()
def reconstruct(model: Autoencoder, x: torch.Tensor, *, batch_size: int = 5_000) -> torch.Tensor:
    """through the bottleneck and back without keeping gradients; (n, features) → (n, features)"""
    check_rows("x", x, check_model(model).in_features)
    batch_size = check_whole("batch_size", batch_size)
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
    error = check_number("error", error)
    peak = check_number("peak", peak, open_ends=True)
    return math.inf if error == 0 else 20 * math.log10(peak) - 10 * math.log10(error)


def ssim(x: torch.Tensor, y: torch.Tensor) -> float:
    """mean structural similarity of two batches of square pictures: 1 for equal pictures, about 0 for unrelated ones

    Compares brightness, contrast and structure in windows of 11×11 pixels under a Gaussian of width 1.5, where
    PSNR only adds up errors. Windows lie wholly inside the picture; the mean is over windows, then over pictures.

    Parameters
    ----------
    x, y : float tensor (n, side²), values in a range of 1, side at least 11

    References
    ----------
    Wang, Bovik, Sheikh & Simoncelli (2004), Image quality assessment: from error visibility to structural similarity.
    """
    check_rows("x", x)
    side = math.isqrt(x.shape[1])
    if side * side != x.shape[1] or side < 11 or len(x) == 0:
        raise ValueError(f"x must hold square pictures of at least 11×11 pixels, (n, side²); got {tuple(x.shape)}")
    check_rows("y", y, x.shape[1])
    if len(y) != len(x) or y.dtype != x.dtype or y.device != x.device:
        same = f"{tuple(x.shape)}, {x.dtype} on {x.device}"
        raise ValueError(f"y must be like x, {same}; got {tuple(y.shape)}, {y.dtype} on {y.device}")
    bell = torch.exp(-((torch.arange(11, dtype=x.dtype, device=x.device) - 5) ** 2) / (2 * 1.5**2))
    steps = range(side - 10)  # one place of the window after the other
    slide = torch.stack([F.pad(bell / bell.sum(), (step, side - 11 - step)) for step in steps])  # (side - 10, side)

    def window_mean(images: torch.Tensor) -> torch.Tensor:  # (n, side, side) → (n, side - 10, side - 10)
        return slide @ images @ slide.T  # a convolution with a separable window, as two matrix products

    level_x, level_y = x.mean(1)[:, None, None], y.mean(1)[:, None, None]
    x, y = x.reshape(-1, side, side) - level_x, y.reshape(-1, side, side) - level_y  # far from 0 squares lose digits
    mean_x, mean_y = window_mean(x), window_mean(y)
    var_x, var_y = window_mean(x * x) - mean_x**2, window_mean(y * y) - mean_y**2
    covariance = window_mean(x * y) - mean_x * mean_y
    mean_x, mean_y = mean_x + level_x, mean_y + level_y
    c1, c2 = 0.01**2, 0.03**2  # keep flat windows from dividing 0 by 0
    likeness = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return (likeness / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))).mean().item()


def mixture_score(x: torch.Tensor, centres: torch.Tensor, sigma: float) -> torch.Tensor:
    """∇ log p at x, where p is an equal mixture of Gaussians N(centre, sigma² I): which way, and how steeply, p grows

    If the centres are the clean data, p is the density of the data with Gaussian noise added, and
    x + sigma² ∇ log p(x) is the best guess of the clean point (Tweedie's formula).

    Parameters
    ----------
    x : float tensor (n, d)
    centres : float tensor (m, d)
    sigma : float above 0, the standard deviation of each Gaussian

    Returns
    -------
    tensor (n, d)

    References
    ----------
    Vincent (2011), A connection between score matching and denoising autoencoders; Robbins (1956), An empirical
    Bayes approach to statistics.
    """
    check_rows("centres", centres)
    if len(centres) == 0:
        raise ValueError("centres must hold at least one point; got none")
    check_rows("x", x, centres.shape[1])
    sigma = check_number("sigma", sigma, open_ends=True)
    scores = []
    for part in x.split(max(1, 2_000_000 // max(1, centres.numel()))):  # 2 million differences at once
        away = centres - part[:, None]  # (part, m, d): the same wherever the points lie, unlike ‖x‖² − 2 x·c + ‖c‖²
        share = (-away.square().sum(2) / (2 * sigma**2)).softmax(1)  # (part, m): which centre made x
        scores.append((share[:, None] @ away)[:, 0] / sigma**2)
    return torch.cat(scores)


def pca_mse(components: torch.Tensor, mean: torch.Tensor, x: torch.Tensor) -> np.ndarray:
    """mean squared error per pixel when x is rebuilt from its first k principal components, for every k

    Parameters
    ----------
    components : tensor (k_max, features), orthonormal rows, as in scikit-learn's `PCA.components_`
    mean : tensor (features,)
    x : tensor (n, features)

    Returns
    -------
    array (k_max,), none below 0; entry k - 1 belongs to k components
    """
    check_rows("x", x, len(mean))
    check_rows("components", components, len(mean))
    components, mean, x = (part.detach().cpu().double() for part in (components, mean, x))  # no float64 on "mps"
    centred = x - mean
    scores = centred @ components.T  # (n, k_max)
    outside = (centred - scores @ components).square().sum(1).mean()
    kept = scores.square().mean(0)  # (k_max,), by each component
    lost = outside + F.pad(kept[1:], (0, 1)).flip(0).cumsum(0).flip(0)  # Pythagoras by sums only: nothing cancels
    return (lost / x.shape[1]).numpy()


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

    features, labels, test_features, test_labels = _probe_arrays(features, labels, test_features, test_labels)
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=max_iter, tol=1e-3))
    return float(probe.fit(features, labels).score(test_features, test_labels))


def ridge_probe_accuracy(
    features: np.ndarray | torch.Tensor,
    labels: np.ndarray | torch.Tensor,
    test_features: np.ndarray | torch.Tensor,
    test_labels: np.ndarray | torch.Tensor,
    *,
    penalty: float = 1.0,
) -> float:
    """share of the test set that ridge regression on one-hot labels names rightly: a linear probe in closed form

    Less accurate than `linear_probe_accuracy` by a point or two and many times faster: quick enough to measure a
    representation while a learner waits. Features and targets are centred; the largest score names the class.

    Parameters
    ----------
    features, test_features : (n, d) and (m, d)
    labels, test_labels : (n,) and (m,)
    penalty : float above 0, added to the diagonal of the d × d matrix that is solved

    References
    ----------
    Hoerl & Kennard (1970), Ridge regression: biased estimation for nonorthogonal problems.
    """
    penalty = check_number("penalty", penalty, open_ends=True)
    features, labels, test_features, test_labels = _probe_arrays(features, labels, test_features, test_labels)
    classes = np.unique(labels)
    centre = features.mean(0, dtype=np.float64)
    x = features - centre  # (n, d)
    targets = (labels[:, None] == classes).astype(np.float64)  # (n, classes)
    weights = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ (targets - targets.mean(0)))
    scores = (test_features - centre) @ weights + targets.mean(0)
    return float((classes[scores.argmax(1)] == test_labels).mean())


def _probe_arrays(*arrays: np.ndarray | torch.Tensor) -> tuple[np.ndarray, ...]:
    """features, labels, test features and test labels as arrays, or an error that names what does not fit"""
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
    return features, labels, test_features, test_labels
