"""The angle between spaces, and what a line can tell apart: against rotations and clouds whose answer is known."""

import math

import numpy as np
import pytest
import torch
from helpers.strategies import refuses
from hypothesis import given, strategies as st
from sklearn.linear_model import RidgeClassifier

from aecourse.evaluation import linear_probe_accuracy, principal_angles, ridge_probe_accuracy
from aecourse.evaluation.probes import tuned_ridge_accuracy


@given(degrees=st.floats(0.01, 89.99), turn=st.integers(0, 2**32 - 1))
def test_a_known_rotation_is_found(degrees, turn):
    """Two planes that share one axis and are turned about it, seen in any basis of 6-D space."""
    t = math.radians(degrees)
    a = np.zeros((6, 2))
    b = np.zeros((6, 2))
    a[0, 0] = a[1, 1] = b[0, 0] = 1
    b[1, 1], b[2, 1] = math.cos(t), math.sin(t)
    rng = np.random.default_rng(turn)
    world = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    mix_a, mix_b = (rng.normal(size=(2, 2)) + 3 * np.eye(2) for _ in range(2))
    angles = principal_angles(world @ a @ mix_a, torch.from_numpy(world @ b @ mix_b))
    np.testing.assert_allclose(angles, [0, degrees], atol=1e-4)


@pytest.mark.parametrize(("k_a", "k_b"), [(3, 3), (2, 5), (1, 4)])
def test_angles_by_singular_values(k_a, k_b):
    """The cosines are the singular values of QₐᵀQ_b (Björck & Golub)."""
    rng = np.random.default_rng(k_a)
    a, b = rng.normal(size=(12, k_a)), rng.normal(size=(12, k_b))
    cosines = np.linalg.svd(np.linalg.qr(a)[0].T @ np.linalg.qr(b)[0], compute_uv=False)
    np.testing.assert_allclose(principal_angles(a, b), np.degrees(np.arccos(cosines)), atol=1e-6)


@pytest.mark.parametrize("wrong", [np.zeros(3), np.zeros((3, 0)), [[1.0], [np.nan], [0.0]], np.zeros((1, 3, 2))])
def test_bad_spaces(wrong):
    """Vectors, nothing, NaN."""
    good = np.eye(3)[:, :2]
    refuses("a", principal_angles, wrong, good)
    refuses("b", principal_angles, good, wrong)
    refuses("a", principal_angles, np.eye(4), good)


@pytest.fixture
def clouds() -> tuple[np.ndarray, np.ndarray]:
    """Four well-separated clouds in 5-D, one axis a million times larger than the rest."""
    rng = np.random.default_rng(0)
    labels = np.arange(400) % 4
    features = rng.normal(0, 0.3, (400, 5)) + 4 * np.eye(5)[labels]
    return features * [1, 1e6, 1, 1, 1], labels


def test_probe_on_separable_features(clouds):
    """A line can tell them apart, whatever the units, arrays or tensors."""
    features, labels = clouds
    assert linear_probe_accuracy(features[:300], labels[:300], features[300:], labels[300:]) == 1
    tensors = (torch.from_numpy(part) for part in (features[:300], labels[:300], features[300:], labels[300:]))
    assert linear_probe_accuracy(*tensors) == 1


def test_probe_does_not_see_units(clouds):
    """Millimetres or miles, from any zero: the same accuracy on clouds that overlap."""
    features, labels = clouds
    features = features / [1, 1e6, 1, 1, 1] + np.random.default_rng(1).normal(0, 2, features.shape)
    expected = linear_probe_accuracy(features[:300], labels[:300], features[300:], labels[300:])
    assert 0.5 < expected < 0.95
    other = features * [1e-3, 1, 10, 1e3, 1e-2] + [0, 50, -3, 1, 7]
    assert linear_probe_accuracy(other[:300], labels[:300], other[300:], labels[300:]) == expected


def test_probe_on_shuffled_labels(clouds):
    """Labels that have nothing to do with the features are guessed at chance."""
    features, labels = clouds
    shuffled = np.random.default_rng(1).permutation(labels)
    accuracy = linear_probe_accuracy(features[:300], shuffled[:300], features[300:], shuffled[300:])
    assert 0.1 < accuracy < 0.4


def test_probe_counts_the_test_part_only(clouds):
    """Three in four test labels right is 0.75."""
    features, labels = clouds
    wrong = labels[300:].copy()
    wrong[::4] = (wrong[::4] + 1) % 4
    assert linear_probe_accuracy(features[:300], labels[:300], features[300:], wrong) == 0.75


@pytest.mark.parametrize(
    ("name", "place", "wrong"),
    [
        ("features", 0, np.zeros((3, 2))),
        ("features", 0, np.full((4, 2), np.nan)),
        ("features", 0, np.array([["a", "b"]] * 4)),
        ("test_features", 2, np.zeros(4)),
        ("test_features", 2, np.zeros((4, 3))),
        ("test_features", 3, np.zeros(3)),
        ("labels", 1, np.zeros(4)),
    ],
)
def test_bad_probe(name, place, wrong):
    """Shapes, NaN, and a single class."""
    arguments = [np.ones((4, 2)), np.arange(4) % 2, np.ones((4, 2)), np.arange(4) % 2]
    arguments[place] = wrong
    refuses(name, linear_probe_accuracy, *arguments)


def test_ridge_probe_as_scikit_learn_has_it():
    """Ridge classification in closed form, on separated and on noisy classes with any label names."""
    chance = np.random.default_rng(0)
    for noise in (0.1, 2.0, 5.0):
        centres, y, y_test = chance.normal(size=(4, 6)), chance.integers(0, 4, 200), chance.integers(0, 4, 100)
        x, x_test = (centres[labels] + noise * chance.normal(size=(len(labels), 6)) for labels in (y, y_test))
        for penalty in (0.1, 30.0):
            expected = RidgeClassifier(alpha=penalty).fit(x, y + 3).score(x_test, y_test + 3)
            assert ridge_probe_accuracy(x, y + 3, x_test, y_test + 3, penalty=penalty) == pytest.approx(expected)
    refuses("penalty", ridge_probe_accuracy, x, y, x_test, y_test, penalty=0)
    refuses("labels", ridge_probe_accuracy, x, y * 0, x_test, y_test)


def test_a_tuned_ridge_takes_the_penalty_that_serves_validation():
    """Against scikit-learn, with a penalty in each place of the list."""
    rng = np.random.default_rng(0)
    x, x_valid, x_test = (rng.normal(size=(n, 20)) for n in (40, 200, 200))
    y, y_valid, y_test = (np.digitize(part[:, 0] + rng.normal(0, 0.5, len(part)), [-0.5, 0.5])
                          for part in (x, x_valid, x_test))  # fmt: skip
    for penalties in ((1e-3, 30.0), (30.0, 1e-3), (1e-3, 30.0, 1e5)):
        readers = [RidgeClassifier(alpha=penalty).fit(x, y) for penalty in penalties]
        best = max(readers, key=lambda reader: reader.score(x_valid, y_valid))
        found = tuned_ridge_accuracy(x, y, x_valid, y_valid, x_test, y_test, penalties)
        assert found == pytest.approx(best.score(x_test, y_test))
