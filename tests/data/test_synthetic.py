"""The small worlds: a spiral that is evenly walked, patches of photographs, a calculator's digits."""

import re

import numpy as np
import pytest
import torch
from helpers.strategies import junk, not_counts, not_seeds, refuses
from hypothesis import example, given, strategies as st
from PIL import Image
from sklearn.datasets import load_sample_images

from aecourse.data import photo_patches, seven_segment_digits, spiral, whitened_patches
from aecourse.data.synthetic import PHOTOS


def test_spiral_is_evenly_walked_from_the_inside_out():
    """Neighbours are equally far apart, the radius grows from 0.2 to 1, and the angle goes round as often as asked."""
    points = spiral(400, turns=2).double().numpy()
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    radius = np.linalg.norm(points, axis=1)
    angle = np.unwrap(np.arctan2(points[:, 1], points[:, 0]))
    assert points.shape == (400, 2)
    assert steps.std() / steps.mean() < 1e-3
    assert radius[[0, -1]] == pytest.approx([0.2, 1.0], abs=1e-5)
    assert np.all(np.diff(radius) > 0)
    assert angle[-1] - angle[0] == pytest.approx(2 * 2 * np.pi, rel=1e-4)
    assert radius == pytest.approx(0.2 + 0.8 * (angle - angle[0]) / (4 * np.pi), abs=1e-3)


def test_patches_are_whitened():
    """Mean 0, variance 1, and a spectrum that is nearly flat up to the soft limit, where the photographs' is steep."""
    patches = whitened_patches(20_000, side=8)
    assert patches.shape == (20_000, 64)
    assert patches.dtype == torch.float32
    assert abs(patches.mean().item()) < 0.02
    assert patches.var().item() == pytest.approx(1, abs=0.1)
    grays = [np.asarray(Image.fromarray(photo).convert("L"), np.float64) for photo in load_sample_images().images]
    raw = np.stack([gray[y : y + 8, x : x + 8] for gray in grays for y in range(0, 400, 8) for x in range(0, 600, 8)])
    steepness = []
    for pictures in (patches.view(-1, 8, 8).double().numpy(), raw):
        strength = (np.abs(np.fft.rfft(pictures, axis=2)) ** 2).mean((0, 1))  # 0 to 4 waves across the patch
        steepness.append(strength[0] / strength[3])
    assert steepness[0] < 15
    assert steepness[1] > 300


def test_every_photograph_has_its_author_and_licence():
    """Six small gray files, each with its row in the README beside them."""
    names = sorted(path.name for path in PHOTOS.glob("*.webp"))
    text = (PHOTOS / "README.md").read_text(encoding="utf-8")
    assert len(names) == 6
    assert all(re.search(rf"^\| `{name}` \|.*(CC0 1.0|public domain)", text, re.M) for name in names)
    assert sum(path.stat().st_size for path in PHOTOS.iterdir()) < 500_000


def test_patches_repeat_under_a_seed():
    """The same squares for the same seed, others for another, and other sides."""
    assert torch.equal(whitened_patches(50, seed=3), whitened_patches(50, seed=3))
    assert not torch.equal(whitened_patches(50, seed=3), whitened_patches(50, seed=4))
    assert whitened_patches(2, side=12).shape == (2, 144)


def test_on_each_device(device):
    """Where they were asked for."""
    assert spiral(5, device=device).device.type == whitened_patches(5, device=device).device.type == device


@given(count=not_counts, turns=st.floats(max_value=0) | st.floats(min_value=10), side=junk | st.integers(max_value=1))
def test_bad_arguments(count, turns, side):
    """Each is named."""
    refuses("count", spiral, count)
    refuses("turns", spiral, 10, turns=turns)
    refuses("count", whitened_patches, count)
    refuses("side", whitened_patches, 10, side=side)


@given(seed=not_seeds)
def test_bad_seed(seed):
    """Named too."""
    refuses("seed", whitened_patches, 10, seed=seed)


def test_seven_segments():
    """Ten different digits, with as many bars as a calculator lights."""
    digits = seven_segment_digits()
    assert (digits.shape, digits.dtype) == ((10, 7), torch.float32)
    assert digits.sum(1).tolist() == [6, 2, 5, 5, 4, 5, 6, 3, 7, 6]
    assert len(digits.unique(dim=0)) == 10
    assert set(digits.unique().tolist()) == {0, 1}
    top, upper_right, lower_right, bottom, lower_left, upper_left, middle = digits.T.bool()
    assert (~middle).nonzero().flatten().tolist() == [0, 1, 7]
    assert lower_left.nonzero().flatten().tolist() == [0, 2, 6, 8]
    assert (~upper_right).nonzero().flatten().tolist() == [5, 6]
    assert (~lower_right).nonzero().flatten().tolist() == [2]
    assert (~upper_left).nonzero().flatten().tolist() == [1, 2, 3, 7]
    assert (~top).nonzero().flatten().tolist() == [1, 4]
    assert (~bottom).nonzero().flatten().tolist() == [1, 4, 7]


def test_photo_patches():
    """Gray, in range, varied, and the same under one seed."""
    patches = photo_patches(200, seed=3)
    assert (patches.shape, patches.dtype) == ((200, 784), torch.float32)
    assert 0 <= patches.min() < 0.1
    assert 0.9 < patches.max() <= 1
    assert torch.equal(patches, photo_patches(200, seed=3))
    assert not torch.equal(patches, photo_patches(200, seed=4))
    assert len(patches.unique(dim=0)) > 190
    neighbours = np.corrcoef(
        patches.view(-1, 28, 28)[:, :, :-1].flatten(), patches.view(-1, 28, 28)[:, :, 1:].flatten()
    )
    assert neighbours[0, 1] > 0.8  # photographs are smooth, noise is not


@given(count=not_counts, seed=not_seeds)
@example(count=0, seed=-1)
@example(count=True, seed=2**32)
def test_bad_photo_patches(count, seed):
    """Both arguments are checked."""
    refuses("count", photo_patches, count)
    refuses("seed", photo_patches, 3, seed=seed)
