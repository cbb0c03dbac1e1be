"""Fixtures that several test files share."""

import functools
import os
import signal
from collections.abc import Callable, Iterator

import matplotlib
import numpy as np
import pytest
import torch
from hypothesis import settings
from ipywidgets import Widget

from aecourse.data import ImageSet, load_mnist
from aecourse.device import available_devices, use_threads
from aecourse.exercises import votes
from aecourse.models import DenseAutoencoder

matplotlib.use("Agg")
settings.register_profile("course", max_examples=25, deadline=None, derandomize=True, database=None)
settings.register_profile("random", max_examples=100, deadline=None, print_blob=True, database=None)
settings.load_profile(os.environ.get("AECOURSE_PROFILE", "course"))


@pytest.fixture(scope="session", autouse=True)
def _threads():
    use_threads()


@pytest.fixture(autouse=True)
def _no_votes_kept() -> None:
    """Each test begins without the votes of another."""
    votes._kept.clear()
    votes._saved.cache_clear()


@pytest.fixture(scope="module", autouse=True)
def _widgets_closed() -> Iterator[None]:
    """Close all widgets: ipywidgets keeps each, with its digits and networks, until it is closed."""
    yield
    Widget.close_all()


@pytest.fixture(scope="session")
def mnist() -> tuple[ImageSet, ImageSet]:
    """All 70,000 digits, (train, test)."""
    return load_mnist()


@pytest.fixture(params=available_devices())
def device(request) -> str:
    """Each device this machine has."""
    return request.param


@pytest.fixture
def ctrl_c() -> Iterator[Callable[[], None]]:
    """A function that presses Ctrl-C, which raises KeyboardInterrupt: a background job begins with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield functools.partial(signal.raise_signal, signal.SIGINT)
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def tiny() -> DenseAutoencoder:
    """A small dense autoencoder, the same each time."""
    torch.manual_seed(0)
    return DenseAutoencoder(4, hidden=(16,))


@pytest.fixture(scope="session")
def strokes() -> np.ndarray:
    """A drawing on an 84×84 canvas: a thick 1, off centre."""
    canvas = np.zeros((84, 84), np.uint8)
    canvas[10:60, 50:58] = 255
    return canvas


@pytest.fixture
def no_figure_left():
    """Fail if the test leaves a matplotlib figure open."""
    from matplotlib import pyplot as plt

    plt.close("all")
    yield
    assert plt.get_fignums() == []


@pytest.fixture
def blobs() -> torch.Tensor:
    """40 images of a few blurred blobs: something a small network can learn."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(5, 1, 7, 7, generator=generator)
    shapes = torch.nn.functional.interpolate(coarse, 28, mode="bilinear").view(5, 784)
    return (torch.rand(40, 5, generator=generator).softmax(1) @ shapes).clamp(0, 1)


@pytest.fixture
def displayed(monkeypatch) -> list[tuple[dict, dict | None]]:
    """What a notebook would have shown: (data by MIME type, metadata)."""
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw, metadata=None: shown.append((data, metadata)))
    return shown
