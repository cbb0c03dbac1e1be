"""The generator in the page against torch: all three modes, every picture, number and word, in many states."""

import base64
import random

import numpy as np
import pytest
import torch
from helpers.foreign import Halves
from helpers.parity import compare, load, random_ink, random_states, show, with_kernel
from playwright.sync_api import Page
from torch import nn

from aecourse.explorers import GeneratorExplorer
from aecourse.models import DenseAutoencoder, VariationalAutoencoder
from aecourse.plotting import as_images
from aecourse.zoo import BETAS

pytestmark = pytest.mark.browser


def drawn_by(rng: random.Random, explorer: GeneratorExplorer, mode: str) -> dict:
    """How to draw each control of a mode."""
    last = len(explorer.images) - 1
    return {
        "map": {
            "beta": lambda: rng.choice(BETAS),
            "shows": lambda: rng.choice(["codes", "digits"]),
            "z1": lambda: round(rng.uniform(-3.5, 3.5), 2),
            "z2": lambda: round(rng.uniform(-3.5, 3.5), 2),
            "digit": lambda: rng.choice([-1, rng.randint(0, last)]),
        },
        "twenty": {"z": lambda: [rng.uniform(-3, 3) for _ in range(20)]},
        "between": {
            "share": lambda: rng.choice([0.0, 1.0, rng.randint(0, 50) / 50]),
            "first": lambda: rng.randint(0, last),
            "second": lambda: rng.randint(0, last),
            "network": lambda: rng.choice(["vae-20d", "vae-2d-beta1"]),
            "ink": lambda: random_ink(rng),
        },
    }[mode] | {"mode": lambda: mode}


@pytest.mark.parametrize("mode", ["map", "twenty", "between"])
def test_every_row_and_number(blank: Page, mode: str) -> None:
    """The shipped networks and the test digits, each mode over the whole range of its controls."""
    rng, explorer = random.Random(0), GeneratorExplorer(mode)
    load(blank, explorer)
    few = 1e-4 if mode != "between" else 0.01  # one pixel at the threshold of gray is no difference
    states = random_states(explorer, drawn_by(rng, explorer, mode), 60)
    for state, words in zip(states, compare(blank, explorer, states, digits=few), strict=True):
        if mode == "map":
            assert f"β = {state['beta']:g}:" in words and f"({state['z1']:.2f}, {state['z2']:.2f})" in words
            assert ("q(z|x) of test digit" in words) == (state["digit"] >= 0)
        elif mode == "between":
            start = "your drawing" if any(state["ink"]) else f"a {explorer.images.y[state['first']]}"
            assert words.startswith(f"{state['share']:.0%} of the way from {start} to a ")


@pytest.mark.parametrize("mode", ["map", "twenty", "between"])
@pytest.mark.parametrize("count", [1, 23])
def test_pictures_of_ones_own(blank: Page, mode: str, count: int) -> None:
    """No labels, and as few as one."""
    torch.manual_seed(0)
    rng, explorer = random.Random(1), GeneratorExplorer(mode, images=torch.rand(count, 784))
    load(blank, explorer)
    few = 1e-4 if mode != "between" else 0.02
    states = random_states(explorer, drawn_by(rng, explorer, mode), 50)
    words = compare(blank, explorer, states, digits=few)
    assert not any("test digit" in sentence for sentence in words)


@pytest.mark.parametrize("family", ["dense", "long", "map"])
def test_a_network_of_ones_own(blank: Page, family: str) -> None:
    """In all of its modes: without a prior, with more numbers than sliders, with a map of its own β."""
    torch.manual_seed(0)
    build = {
        "dense": lambda: DenseAutoencoder(6, hidden=(20,)),
        "long": lambda: VariationalAutoencoder(30, hidden=(20,)),
        "map": lambda: VariationalAutoencoder(2, hidden=(20,), beta=2.5),
    }
    rng, explorer = random.Random(2), GeneratorExplorer(model=build[family]())
    load(blank, explorer)
    fixed = {"beta": explorer.beta, "network": "yours"}
    for mode in explorer.modes:
        states = [state | fixed for state in random_states(explorer, drawn_by(rng, explorer, mode), 50)]
        for words in compare(blank, explorer, states, digits=1e-4 if mode != "between" else 0.01):
            assert explorer.setup["yours"].removeprefix("your ") in words
            assert ("has no prior" in words) == (family == "dense" and mode == "twenty")
            assert ("β = 2.5: your" in words) == (mode == "map")


def test_the_kernel_computes_what_the_page_cannot(blank: Page) -> None:
    """Each picture waits for its answer; the sliders start from a digit once its code has come, and are drawn anew."""
    torch.manual_seed(0)
    halves = (nn.Sequential(nn.Linear(784, 5), nn.LayerNorm(5)), nn.Sequential(nn.Linear(5, 784), nn.Sigmoid()))
    explorer = GeneratorExplorer(model=Halves(*halves))
    assert set(explorer._run_here) == {"yours"}
    with_kernel(blank, explorer)
    show(blank, explorer)
    blank.get_by_text("Your Halves has no prior").wait_for()
    before = blank.evaluate("model.get('z')")
    blank.get_by_label("or start from test digit").fill("7")
    blank.keyboard.press("Enter")
    blank.wait_for_function("(before) => String(model.get('z')) !== String(before)", arg=before)
    explorer.start_from(7)
    assert blank.evaluate("model.get('z')") == pytest.approx(explorer.z, abs=1e-4)
    blank.get_by_role("button", name="draw from the spread of the codes").click()
    explorer.z = blank.evaluate("model.get('z')")
    decoded = as_images(explorer.rows(**explorer.settings())["decoded"]).ravel()
    look = "(gray) => { const [c] = document.querySelectorAll('.aecourse-single canvas'); const d = c.getContext('2d')"
    look += ".getImageData(0, 0, 28, 28).data; return gray.every((v, i) => Math.abs(v - d[4 * i]) <= 1); }"
    blank.wait_for_function(look, arg=decoded.tolist())


TILES = """(s) => {
  const { gray, width, height } = explorer.compute(s, data).picture;
  return { gray: btoa(Array.from(gray, (v) => String.fromCharCode(v)).join("")), shape: [height, width] };
}"""


def test_what_is_decoded_everywhere(blank: Page) -> None:
    """The other background of the map, for every β: each of its tiles is what torch decodes there."""
    explorer = GeneratorExplorer()
    load(blank, explorer)
    for beta in BETAS:
        found = blank.evaluate(TILES, explorer.settings() | {"beta": beta, "shows": "digits"})
        here = np.frombuffer(base64.b64decode(found["gray"]), np.uint8).reshape(found["shape"]).astype(int)
        assert np.abs(here - explorer.map_of(beta).tiles()).max() <= 1
