"""What a linear model can read from a code: linear probes of the labels, and angles between subspaces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from aecourse.checks import check_number, check_whole
from aecourse.evaluation.arrays import check_array

PENALTIES = (0.1, 1.0, 10.0, 100.0, 1_000.0)  # of a ridge that is tuned on validation images


def linear_probe_accuracy(
    features: np.ndarray | torch.Tensor,
    labels: np.ndarray | torch.Tensor,
    test_features: np.ndarray | torch.Tensor,
    test_labels: np.ndarray | torch.Tensor,
    *,
    c: float = 1.0,
    max_iter: int = 200,
) -> float:
    """Return the share of test labels that a logistic regression on these features predicts correctly.

    It measures how much of a representation a linear model can read: the encoder is frozen, and only the regression
    learns. The features are standardised by the mean and standard deviation of the training part.

    Parameters
    ----------
    features, test_features : (n, d) and (m, d)
    labels, test_labels : (n,) and (m,)
    c : float
        Inverse strength of the L2 penalty, from 10⁻⁹ to 10⁹.
    max_iter : int
        The most steps of the solver.

    References
    ----------
    Alain & Bengio (2016), Understanding intermediate layers using linear classifier probes.
    """
    from sklearn.linear_model import LogisticRegression  # here: scikit-learn takes a second to import
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    features, labels, test_features, test_labels = _probe_arrays(features, labels, test_features, test_labels)
    c = check_number("c", c, minimum=1e-9, maximum=1e9)
    max_iter = check_whole("max_iter", max_iter, maximum=1_000_000)
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=max_iter, tol=1e-3))
    with threadpool_limits(1, user_api="blas"):  # the products are too small to share: more threads take longer
        return float(probe.fit(features, labels).score(test_features, test_labels))


def ridge_probe_accuracy(
    features: np.ndarray | torch.Tensor,
    labels: np.ndarray | torch.Tensor,
    test_features: np.ndarray | torch.Tensor,
    test_labels: np.ndarray | torch.Tensor,
    *,
    penalty: float = 1.0,
) -> float:
    """Return the share of test labels that ridge regression on one-hot labels predicts correctly.

    A linear probe in closed form: less accurate than `linear_probe_accuracy` by a point or two, but many times faster,
    quick enough to measure a representation while a learner waits. Features and targets are centred; the largest score
    decides the class.

    Parameters
    ----------
    features, test_features : (n, d) and (m, d)
    labels, test_labels : (n,) and (m,)
    penalty : float
        Above 0; added to the diagonal of the d × d matrix that is solved.

    References
    ----------
    Hoerl & Kennard (1970), Ridge regression: biased estimation for nonorthogonal problems.
    """
    penalty = check_number("penalty", penalty, open_ends=True)
    return tuned_ridge_accuracy(features, labels, test_features, test_labels, test_features, test_labels, [penalty])


def tuned_ridge_accuracy(
    features: np.ndarray | torch.Tensor,
    labels: np.ndarray | torch.Tensor,
    valid_features: np.ndarray | torch.Tensor,
    valid_labels: np.ndarray | torch.Tensor,
    test_features: np.ndarray | torch.Tensor,
    test_labels: np.ndarray | torch.Tensor,
    penalties: Sequence[float] = PENALTIES,
) -> float:
    """Return `ridge_probe_accuracy` with the penalty that classifies most validation images correctly.

    A penalty that suits pixels need not suit a code: one penalty for all inputs would also compare their scales.
    """
    features, labels, test_features, test_labels = _probe_arrays(features, labels, test_features, test_labels)
    *_, valid_features, valid_labels = _probe_arrays(features, labels, valid_features, valid_labels, judge="valid")
    if isinstance(penalties, str) or not isinstance(penalties, Sequence) or not penalties:
        raise TypeError(f"penalties must be a sequence of numbers above 0; got {penalties!r}")
    penalties = [check_number("penalty", penalty, open_ends=True) for penalty in penalties]
    classes = np.unique(labels)
    centre = features.mean(0, dtype=np.float64)
    x = features - centre  # (n, d)
    targets = (labels[:, None] == classes).astype(np.float64)  # (n, classes)
    gram, right = x.T @ x, x.T @ (targets - targets.mean(0))

    def accuracy(weights: np.ndarray, features: np.ndarray, labels: np.ndarray) -> float:
        scores = (features - centre) @ weights + targets.mean(0)
        return float((classes[scores.argmax(1)] == labels).mean())

    weights = [_solve(gram, right, penalty) for penalty in penalties]
    best = weights[0] if len(weights) == 1 else max(weights, key=lambda w: accuracy(w, valid_features, valid_labels))
    return accuracy(best, test_features, test_labels)


def _solve(gram: np.ndarray, right: np.ndarray, penalty: float) -> np.ndarray:
    """Return the weights of a ridge regression; raise an error if the penalty is too small to give any."""
    try:
        weights = np.linalg.solve(gram + penalty * np.eye(len(gram)), right)
    except np.linalg.LinAlgError:  # a feature never changes, or follows from others
        weights = np.array(np.nan)
    if not np.isfinite(weights).all():
        raise ValueError(f"penalty must be larger for these features; with {penalty:g} no solution is found")
    return weights


def _probe_arrays(*arrays: np.ndarray | torch.Tensor, judge: str = "test") -> tuple[np.ndarray, ...]:
    """Return features, labels, test features and test labels as arrays; raise an error if they do not fit together.

    `judge` begins the names of the last two.
    """
    judged, judged_labels = f"{judge}_features", f"{judge}_labels"
    features, test_features = (
        check_array(name, rows, "(n, d)") for name, rows in zip(("features", judged), arrays[::2], strict=True)
    )
    labels, test_labels = (
        check_array(name, row, "(n,)", hint=" (one-hot? take .argmax(1))")
        for name, row in zip(("labels", judged_labels), arrays[1::2], strict=True)
    )
    for name, rows, targets in (("features", features, labels), (judged, test_features, test_labels)):
        if len(rows) != len(targets):
            raise ValueError(f"{name} must have one label for each row; got {rows.shape} and {len(targets)} labels")
        if targets.dtype.kind == "f" and (targets % 1 != 0).any():
            raise ValueError(f"{name[:-8]}labels must be classes, whole numbers; got others")
    if features.shape[1] != test_features.shape[1]:
        raise ValueError(
            f"features and {judged} must be equally wide; got {features.shape[1]} and {test_features.shape[1]}"
        )
    if len(np.unique(labels)) < 2:
        raise ValueError("labels must hold at least two classes; got one")
    return features, labels, test_features, test_labels


def _columns(name: str, matrix: np.ndarray | torch.Tensor) -> np.ndarray:
    """Return columns in double precision; raise an error if one depends on the others, up to their own precision."""
    matrix = check_array(name, matrix, "(features, k)")
    eps = np.finfo(matrix.dtype if matrix.dtype.kind == "f" else np.float64).eps
    matrix = matrix.astype(np.float64)
    length = np.linalg.norm(matrix, axis=0)
    lengths = np.where(length > 0, length, 1)
    if np.linalg.matrix_rank(matrix / lengths, rtol=eps * max(matrix.shape)) < matrix.shape[1]:
        raise ValueError(
            f"{name} must have linearly independent columns, (features, k); those of shape {matrix.shape} are not"
        )
    return matrix


def principal_angles(a: np.ndarray | torch.Tensor, b: np.ndarray | torch.Tensor) -> np.ndarray:
    """Return the angles between the spaces that two sets of columns span, in degrees, smallest first.

    Two spaces of the same dimension are equal exactly when the last angle is 0.

    Parameters
    ----------
    a, b : array (features, k_a) and (features, k_b)
        Columns linearly independent.

    Returns
    -------
    array (min(k_a, k_b),)
        Each angle in [0, 90].

    Raises
    ------
    TypeError, ValueError
        If the two are not finite matrices with equally many rows, or columns are linearly dependent.

    References
    ----------
    Björck & Golub (1973), Numerical methods for computing angles between linear subspaces.
    """
    from scipy.linalg import subspace_angles  # here: only notebook 03 needs it

    a, b = _columns("a", a), _columns("b", b)
    if len(a) != len(b):
        raise ValueError(f"a and b must have equally many rows (features); got {len(a)} and {len(b)}")
    return np.rad2deg(subspace_angles(a, b))[::-1]
