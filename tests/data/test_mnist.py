"""MNIST against an independent reading of its files."""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.idx import unpack
from helpers.strategies import junk, refuses
from hypothesis import given

from aecourse import data
from aecourse.data import load_fashion_mnist, load_mnist, photo_patches, seven_segment_digits

MNIST = Path(data.__file__).parent.parent / "assets" / "mnist"
# counted by others: LeCun's page and torchvision's examples give the same
LABELS = {
    "train": [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
    "t10k": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
}


@pytest.mark.parametrize(("index", "part", "count"), [(0, "train", 60_000), (1, "t10k", 10_000)])
def test_mnist_is_whole(mnist, index, part, count):
    """Every pixel and every label as an independent reader finds them."""
    images = unpack(MNIST / f"{part}-images-idx3-ubyte.xz").reshape(-1, 784)
    labels = unpack(MNIST / f"{part}-labels-idx1-ubyte.xz")
    got = mnist[index]
    assert (got.x.dtype, got.x.shape, got.y.dtype) == (torch.float32, (count, 784), torch.int64)
    assert np.array_equal((got.x.numpy() * 255).round(), images)
    assert (got.x.min(), got.x.max()) == (0, 1)
    assert np.array_equal(got.y.numpy(), labels)
    assert np.bincount(labels).tolist() == LABELS[part]


def test_mnist_has_the_published_mean_and_deviation(mnist):
    """The 0.1307 and 0.3081 of countless tutorials."""
    assert mnist[0].x.mean().item() == pytest.approx(0.1307, abs=5e-5)
    assert mnist[0].x.std().item() == pytest.approx(0.3081, abs=5e-5)


def test_mnist_lands_on_the_device(device):
    """The whole set is resident where it was asked for."""
    for part in load_mnist(device=device):
        assert part.x.device.type == part.y.device.type == device


@given(device=junk)
@pytest.mark.parametrize("load", [load_mnist, load_fashion_mnist, photo_patches, seven_segment_digits])
def test_unknown_device(load, device):
    """Every loader names it."""
    refuses("device", load, device=device)
