"""The odd one out: scores and thresholds by hand."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from helpers.strategies import numpy_of, refuses
from hypothesis import example, given, strategies as st

from aecourse.evaluation import anomaly_scores, threshold_at


@pytest.mark.parametrize("power", [0, 0.5, 1])
def test_scores_by_hand(power):
    """Summed squares over a power of the ink; a black picture divides by one."""
    x = torch.tensor([[3.0, 4.0], [0.0, 2.0], [0.0, 0.0]])
    x_hat = torch.tensor([[3.0, 2.0], [1.0, 2.0], [0.0, 3.0]])
    ink = np.array([25.0, 4.0, 1.0])
    got = anomaly_scores(x, x_hat, ink_power=power)
    assert numpy_of(got) == pytest.approx(np.array([4.0, 1.0, 9.0]) / ink**power)


def test_bad_scores():
    """Pictures on both sides, equally many and equally large."""
    x = torch.rand(3, 4)
    refuses("x", anomaly_scores, x.numpy(), x)
    refuses("x", anomaly_scores, x[0], x)
    refuses("x_hat", anomaly_scores, x, x[:, :3])
    refuses("x_hat", anomaly_scores, x, x[:2])
    refuses("x_hat", anomaly_scores, x, x[:1])
    for wrong in (-0.1, 1.5, None, "1", float("nan")):
        refuses("ink_power", anomaly_scores, x, x, ink_power=wrong)


@given(scores=st.lists(st.integers(0, 20), min_size=1, max_size=60), rate=st.integers(0, 20).map(lambda n: n / 20))
def test_threshold_is_the_lowest_that_keeps_the_rate(scores, rate):
    """At most the rate lies above it, and above the next lower score lies more."""
    scores = np.array(scores, float)
    threshold = threshold_at(scores, rate)
    assert threshold in scores
    assert (scores > threshold).mean() <= rate + 1e-12
    lower = scores[scores < threshold]
    assert not len(lower) or (scores > lower.max()).mean() > rate - 1e-12
    assert threshold_at(torch.from_numpy(scores), rate) == threshold


def test_threshold_counts_exactly():
    """Every share i / n, as a fraction, as its decimal and as a percentage: n distinct scores, so i lie above."""
    for n in range(1, 201):
        scores = np.arange(n)[::-1]
        for i in range(n + 1):
            expected = max(n - 1 - i, 0)
            assert threshold_at(scores, i / n) == expected, (i, n)
            if n in (10, 20, 50, 100, 200):
                assert threshold_at(scores, 100 * Fraction(i, n) / 100) == expected, (i, n)
                assert threshold_at(scores, float(100 * Fraction(i, n)) / 100) == expected, (i, n)


@given(
    scores=st.lists(st.integers(0, 20), min_size=1, max_size=60),
    rate=st.decimals(0, 1, places=3).map(float) | st.floats(0, 1),
)
@example(scores=list(range(10)), rate=0.7)
def test_threshold_with_ties_by_fractions(scores, rate):
    """Among the scores, the lowest that at most the share written exceeds, tried one by one."""
    allowed = Fraction(str(rate)) * len(scores)
    if abs(allowed - round(allowed)) < 1e-12:  # 1 / 3 as a decimal of 16 places
        allowed = round(allowed)
    expected = min(t for t in scores if sum(score > t for score in scores) <= allowed)
    assert threshold_at(np.array(scores, np.float32), rate) == expected


def test_bad_threshold():
    """A row of finite scores, a rate from 0 to 1."""
    for wrong in ([], [[1.0]], [float("nan")], "scores", [True]):
        refuses("normal_scores", threshold_at, np.array(wrong), 0.1)
    for wrong in (-0.01, 1.01, None, "5 %"):
        refuses("false_alarm_rate", threshold_at, np.ones(3), wrong)
