"""The score of a mixture against differentiation and a single Gaussian."""

import math

import numpy as np
import pytest
import torch
from helpers.strategies import junk, numpy_of, refuses
from hypothesis import given, strategies as st
from scipy.spatial.distance import cdist
from scipy.special import softmax

from aecourse.data import spiral
from aecourse.evaluation import mixture_score


@pytest.mark.parametrize("sigma", [0.05, 0.3, 2.0])
@pytest.mark.parametrize("d", [1, 2, 7])
def test_score_is_the_gradient_of_the_log_density(sigma, d):
    """Differentiated automatically, from torch's own mixture."""
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(9, d, generator=generator, dtype=torch.float64)
    x = (centres[:5] + sigma * torch.randn(5, d, generator=generator, dtype=torch.float64)).requires_grad_()
    parts = torch.distributions.Independent(torch.distributions.Normal(centres, sigma), 1)
    mixture = torch.distributions.MixtureSameFamily(torch.distributions.Categorical(torch.ones(9)), parts)
    (expected,) = torch.autograd.grad(mixture.log_prob(x).sum(), x)
    torch.testing.assert_close(mixture_score(x.detach(), centres, sigma), expected, rtol=1e-6, atol=1e-6)


def test_score_of_one_gaussian_and_far_away():
    """(mean - x) / variance; and no 0 / 0 where every density underflows."""
    x, centre = torch.tensor([[1.0, -2.0], [300.0, 0.0]]), torch.tensor([[0.5, 0.5]])
    torch.testing.assert_close(mixture_score(x, centre, 0.5), (centre - x) / 0.25)
    two = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    torch.testing.assert_close(mixture_score(x[1:], two, 0.1), (two[1:] - x[1:]) / 0.01)


def score_in_double(x: torch.Tensor, centres: torch.Tensor, sigma: float) -> np.ndarray:
    """The same by NumPy and SciPy, in float64."""
    x, centres = numpy_of(x), numpy_of(centres)
    share = softmax(-cdist(x, centres, "sqeuclidean") / (2 * sigma**2), axis=1)
    return (share @ (centres - x.mean(0)) - (x - x.mean(0))) / sigma**2


@pytest.mark.parametrize("moved", [0, 50, 1e4])
def test_score_wherever_the_points_lie(moved, device):
    """The same spiral, elsewhere: only what the points themselves lose to rounding may differ."""
    x = torch.rand(300, 2, generator=torch.Generator().manual_seed(0)) * 2 - 1 + moved
    centres = spiral(1_000) + moved
    got = numpy_of(mixture_score(x.to(device), centres.to(device), 0.15))
    np.testing.assert_allclose(got, score_in_double(x, centres, 0.15), rtol=1e-4, atol=1e-3)


def test_score_of_two_far_clouds():
    """Centring does not help where half lie on one side and half on the other."""
    cloud = 0.1 * torch.randn(400, 3, generator=torch.Generator().manual_seed(0))
    cloud += torch.where(torch.arange(400) % 2 == 0, 300.0, -300.0)[:, None]
    got = numpy_of(mixture_score(cloud[:50] + 0.05, cloud, 0.1))
    for side in (0, 1):  # the oracle takes each by itself
        here = score_in_double((cloud[:50] + 0.05)[side::2], cloud[side::2], 0.1)
        np.testing.assert_allclose(got[side::2], here, rtol=1e-4, atol=1e-3)


@given(sigma=junk.filter(lambda s: not (isinstance(s, float) and 0 < s < math.inf)) | st.floats(max_value=0))
def test_bad_mixture(sigma):
    """A deviation above 0, centres to be near, points in their space."""
    x, centres = torch.zeros(3, 2), torch.zeros(4, 2)
    refuses("sigma", mixture_score, x, centres, sigma)
    for wrong in (centres[:0], centres[0], centres.long(), centres.numpy(), None):
        refuses("centres", mixture_score, x, wrong, 1.0)
    for wrong in (x[:, :1], x[0], x.long(), x.numpy(), None):
        refuses("x", mixture_score, wrong, centres, 1.0)
