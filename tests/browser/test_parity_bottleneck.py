"""The bottleneck in the page against torch: every row, number and word, in many states."""

import random

import pytest
import torch
from helpers.parity import compare, load, random_ink, random_states
from playwright.sync_api import Page

from aecourse.explorers import BottleneckExplorer
from aecourse.explorers.base.trainer import TrainedNetwork
from aecourse.models import ConvAutoencoder, DenseAutoencoder

pytestmark = pytest.mark.browser


def test_every_row_and_number(blank: Page) -> None:
    """The shipped networks, all sizes, all sets of digits, and drawings."""
    rng, explorer = random.Random(0), BottleneckExplorer()
    load(blank, explorer)
    draw = {
        "k": lambda: rng.randint(1, 64),
        "network": lambda: rng.choice(["nested", "separate"]),
        "digits": lambda: rng.randrange(explorer.images.sets),
        "ink": lambda: random_ink(rng),
    }
    states = random_states(explorer, draw, 60)
    for state, words in zip(states, compare(blank, explorer, states), strict=True):
        assert f"k = {state['k']}" in words


def test_a_network_of_ones_own(blank: Page) -> None:
    """Convolutions, folded batch normalisation, several sizes; pictures of one's own."""
    torch.manual_seed(0)
    rng, explorer = random.Random(1), BottleneckExplorer(images=torch.rand(23, 784))
    norm = DenseAutoencoder(6, hidden=(30,), batch_norm=True, activation="tanh")
    norm(torch.rand(50, 784))  # its running mean and variance leave 0 and 1
    for model in (norm, ConvAutoencoder(12, hidden=(4, 8)), DenseAutoencoder(3, hidden=(), output="linear")):
        explorer.adopt(TrainedNetwork(model.eval(), 0.04))
    load(blank, explorer)
    draw = {"k": lambda: rng.randint(1, 64), "network": lambda: "yours", "digits": lambda: rng.randrange(3)}
    words = compare(blank, explorer, random_states(explorer, draw, 50))
    assert all("shown: PCA" in sentence for sentence in words)
