"""The nudge explorer in the page against torch: pictures, codes, movements and singular values, in many states."""

import random

import pytest
import torch
from helpers.parity import compare, load, random_states
from playwright.sync_api import Page

from aecourse.data import ImageSet
from aecourse.explorers import ContractionExplorer
from aecourse.explorers.contraction import DIRECTIONS, STRENGTHS
from aecourse.models import ContractiveAutoencoder

pytestmark = pytest.mark.browser


def some_states(explorer: ContractionExplorer, rng: random.Random, count: int) -> list[dict]:
    """Every direction with every network, and more at random, at any digit and length."""
    draw = {
        "amount": lambda: rng.choice([0.0, rng.randrange(-40, 41) / 10]),
        "digit": lambda: rng.randrange(len(explorer.images)),
    }
    every = [(direction, weights) for direction in DIRECTIONS.values() for weights in explorer.models]
    states, ways = random_states(explorer, draw, count), every + rng.choices(every, k=count)
    return [state | {"direction": way, "weights": weights} for state, (way, weights) in zip(states, ways, strict=False)]


def test_every_row_and_number(blank: Page) -> None:
    """The shipped networks and the test digits."""
    explorer = ContractionExplorer()
    load(blank, explorer)
    states = some_states(explorer, random.Random(0), 100)
    for state, words in zip(states, compare(blank, explorer, states), strict=True):
        name = next(name for name, way in DIRECTIONS.items() if way == state["direction"])
        ranked = isinstance(state["direction"], int)
        by = f"along the {name.removeprefix('… ')} fastest direction" if name.startswith("… ") else f"along {name}"
        length = f"{state['amount']:.1f}".replace("-", "−")
        start = f"λ = {STRENGTHS[state['weights']]}, nudge of length {length} {by if ranked else f'by {name}'}:"
        assert words.startswith(start)


@pytest.mark.parametrize("labels", [[0], [0, 1, 1, 1, 2, 0]])
def test_pictures_of_ones_own(blank: Page, labels: list[int]) -> None:
    """Bright up to the border; one alone, and some whose neighbours have their label."""
    torch.manual_seed(0)
    images = ImageSet(torch.rand(len(labels), 784), torch.tensor(labels))
    explorer = ContractionExplorer(0, images=images)
    load(blank, explorer)
    compare(blank, explorer, some_states(explorer, random.Random(1), 60))


def test_a_network_of_ones_own(blank: Page) -> None:
    """Beside that of λ = 0, every direction of both."""
    torch.manual_seed(0)
    explorer = ContractionExplorer(model=ContractiveAutoencoder(strength=0.05))
    load(blank, explorer)
    states = some_states(explorer, random.Random(2), 60)
    for state, words in zip(states, compare(blank, explorer, states), strict=True):
        assert words.startswith(f"λ = {explorer.strengths[state['weights']]}, nudge of length ")
