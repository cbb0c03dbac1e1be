"""The spiral in the page against torch: distances, arrows, paths and words, all over the map, with any network."""

import random

import numpy as np
import pytest
import torch
from helpers.parity import as_json, compare, load, random_states
from playwright.sync_api import Page

from aecourse.explorers import SpiralExplorer
from aecourse.explorers.spiral import PointDenoiser, first_network

pytestmark = pytest.mark.browser

DRAWN = """(states) => states.map((s) => {
  s.weights = inBytes(s.weights);
  const { heads, places } = explorer.compute(s, data);
  return { heads: [...heads], places: places.map((place) => [...place]) };
})"""


def random_weights(rng: random.Random) -> bytes:
    """None, those of a new network, or those of the first one after some noise."""
    seed = rng.randrange(1000)
    torch.manual_seed(seed)
    if seed % 3 == 0:
        return b""
    model = PointDenoiser(first_network().variance) if seed % 3 == 1 else first_network()
    noise = 0.02 * (seed % 3 - 1)
    return b"".join(
        (weight + noise * torch.randn(weight.shape)).detach().numpy().tobytes() for weight in model.parameters()
    )


def states(explorer: SpiralExplorer, count: int) -> list[dict]:
    """Every control over its whole range."""
    rng = random.Random(0)
    place = lambda: round(rng.uniform(-1.4, 1.4), 2)  # noqa: E731
    draw = {
        "sigma": lambda: round(rng.uniform(0.05, 0.5), 2), "point": lambda: [place(), place()],
        "seed": lambda: rng.randrange(100), "weights": lambda: random_weights(rng),
    }  # fmt: skip
    return random_states(explorer, draw, count)


def test_every_state(blank: Page) -> None:
    """Both ends of every slider too."""
    explorer = SpiralExplorer()
    load(blank, explorer)
    ends = [explorer.settings() | {"sigma": sigma, "point": [x, -x]} for sigma in (0.05, 0.5) for x in (-1.4, 0.0, 1.4)]
    words = compare(blank, explorer, states(explorer, 60) + ends)
    assert {"trained in this page" in sentence for sentence in words} == {True, False}


def test_arrows_and_path(blank: Page) -> None:
    """Each of them, to 1e-4."""
    explorer = SpiralExplorer()
    load(blank, explorer)
    drawn = states(explorer, 50)
    for state, found in zip(drawn, blank.evaluate(DRAWN, [as_json(state) for state in drawn]), strict=True):
        settings = state["sigma"], state["weights"]
        heads = explorer.way(explorer.grid, *settings)[1].flatten().numpy()
        np.testing.assert_allclose(found["heads"], heads, atol=1e-4)
        path = torch.cat(explorer.way(torch.tensor([state["point"]]), *settings)).numpy()
        np.testing.assert_allclose(found["places"], path, atol=1e-4)
