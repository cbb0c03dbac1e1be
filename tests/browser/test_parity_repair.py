"""The repair explorer in the page against torch: every damage at every strength, scribbles, own pictures."""

import random

import pytest
import torch
from helpers.parity import compare, load, random_ink, random_states
from playwright.sync_api import Page

from aecourse.data import corrupt
from aecourse.explorers import RepairExplorer
from aecourse.explorers.repair import DAMAGES
from aecourse.models import DenseAutoencoder

pytestmark = pytest.mark.browser
EVERY = [(noise, place) for noise, damage in DAMAGES.items() for place in range(len(damage.strengths))]


def some_states(explorer: RepairExplorer, rng: random.Random, count: int) -> list[dict]:
    """Every strength of every damage, and then more at random, over any set and under any scribble."""
    draw = {
        "digits": lambda: rng.randrange(explorer.images.sets),
        "pen": lambda: rng.choice(["rubber", "white pen"]),
        "ink": lambda: random_ink(rng),
    }
    states = random_states(explorer, draw, count)
    damages = EVERY + [rng.choice(EVERY) for _ in states]
    return [state | {"noise": noise, "strength": place} for state, (noise, place) in zip(states, damages, strict=False)]


def test_every_row_and_number(blank: Page) -> None:
    """The shipped network on the test digits."""
    explorer = RepairExplorer()
    load(blank, explorer)
    states = some_states(explorer, random.Random(0), 70)
    for state, words in zip(states, compare(blank, explorer, states, digits=2e-5), strict=True):
        damage = DAMAGES[state["noise"]]
        assert words.lower().startswith(f"{damage.name}, {damage.words(damage.strengths[state['strength']])}".lower())
        assert (f"your scribble with the {state['pen']}" in words) == any(state["ink"])


def test_undamaged(blank: Page) -> None:
    """Where nothing is damaged the PSNR is infinite, and the words say so."""
    explorer = RepairExplorer()
    load(blank, explorer)
    states = [explorer.settings() | {"noise": noise, "strength": 0} for noise in DAMAGES]
    assert all("undamaged → median filter" in words for words in compare(blank, explorer, states))
    assert explorer.numbers(**states[0])["damaged"] == float("inf")


def test_a_network_of_ones_own(blank: Page, mnist) -> None:
    """Its repairs, and the error of those at every strength."""
    torch.manual_seed(0)
    explorer = RepairExplorer(model=DenseAutoencoder(20, hidden=(30,)))
    load(blank, explorer)
    compare(blank, explorer, some_states(explorer, random.Random(2), 50), digits=2e-5)
    damaged = corrupt(mnist[1].x[:300], "mask", 0.5, seed=0)
    with torch.inference_mode():
        error = (explorer.model(damaged) - mnist[1].x[:300]).square().mean().item()
    assert explorer.curves["mask"]["repaired"][5] == pytest.approx(error, rel=1e-5)


@pytest.mark.parametrize("count", [3, 23])
def test_pictures_of_ones_own(blank: Page, count: int) -> None:
    """Bright up to the border, where the median filter goes on as SciPy's does; fewer than ten, and no whole tens."""
    torch.manual_seed(0)
    explorer = RepairExplorer(images=torch.rand(count, 784))
    load(blank, explorer)
    compare(blank, explorer, some_states(explorer, random.Random(1), 50), digits=2e-5)
