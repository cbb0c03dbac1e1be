"""The search in the page against torch: every picture found, every number and word, in many states."""

import random

import pytest
import torch
from helpers.foreign import Halves
from helpers.parity import compare, load, random_ink, random_states, show, with_kernel
from playwright.sync_api import Page
from torch import nn

from aecourse.data import load_mnist
from aecourse.explorers import SearchExplorer
from aecourse.models import DenseAutoencoder
from aecourse.zoo.shipped import load_index

pytestmark = pytest.mark.browser


def compare_many(page: Page, explorer: SearchExplorer, count: int) -> list[tuple[dict, str]]:
    """Hold random queries, sizes and drawings to torch; return (state, caption) of each."""
    rng = random.Random(0)
    load(page, explorer)
    draw = {
        "query": lambda: rng.randrange(len(explorer.images)),
        "k": lambda: rng.choice(list(explorer.networks)),
        "ink": lambda: random_ink(rng) if rng.random() < 0.3 else b"",
    }
    states = random_states(explorer, draw, count)
    return list(zip(states, compare(page, explorer, states), strict=True))


def test_every_picture_and_number(blank: Page) -> None:
    """All test digits, all sizes of the code, drawings and none."""
    explorer = SearchExplorer()
    for state, words in compare_many(blank, explorer, 100):
        numbers, k, label = explorer.numbers(**state), state["k"], explorer.images.y[state["query"]]
        kinds = ("pixels", f"{k} numbers", f"{k} bits")
        if any(state["ink"]):
            found = [" ".join(f"{numbers[f'{kind}, {i}']:.0f}" for i in range(1, 11)) for kind in kinds]
            assert words == "Your drawing. Labels of the ten found by " + "; ".join(
                f"{kind} {labels}" for kind, labels in zip(kinds, found, strict=True)
            ) + "."  # fmt: skip
        else:
            right = ", ".join(f"{kind} {numbers[kind]:.0f}" for kind in kinds)
            pixels, precision = explorer.setup["precision"][str(k)]["pixels"], load_index(k)[1]
            assert words == (
                f"Test digit {state['query']}, labelled {label}. Same label among the ten found (others are inverted): "
                f"{right}. Mean over 1,000 test digits: {10 * pixels:.1f}, {10 * precision['numbers']:.1f} and "
                f"{10 * precision['bits']:.1f}."
            )


def test_pictures_of_ones_own(blank: Page) -> None:
    """Grays between the 256 levels; no label, so nothing is inverted."""
    torch.manual_seed(0)
    explorer = SearchExplorer(images=torch.rand(23, 784).pow(3))
    for state, words in compare_many(blank, explorer, 30):
        shown = "Your drawing" if any(state["ink"]) else f"Picture {state['query']}"
        assert words.startswith(f"{shown}. Labels of the ten found by pixels ")


def test_digits_of_ones_own(blank: Page) -> None:
    """With labels; pictures that are in the library find themselves, at a distance of 0."""
    explorer = SearchExplorer(images=load_mnist()[0][:600])
    for state, words in compare_many(blank, explorer, 20):
        if not any(state["ink"]):
            assert words.startswith(f"Picture {state['query']}, labelled {explorer.images.y[state['query']]}. ")


@pytest.mark.parametrize("k", [1, 13])
def test_a_network_of_ones_own(blank: Page, k: int) -> None:
    """Codes of any length, also of one that four does not divide; the caption says whose they are."""
    torch.manual_seed(0)
    explorer = SearchExplorer(model=DenseAutoencoder(k, hidden=(20,)))
    for state, words in compare_many(blank, explorer, 30):
        assert words.endswith(". The codes are those of your DenseAutoencoder.")
        assert f"{k} number{'s' * (k > 1)} " in words and state["k"] == k


def test_the_kernel_computes_what_the_page_cannot(blank: Page) -> None:
    """Code, decoded code and decoded bits come one after the other; the caption's numbers are Python's."""
    torch.manual_seed(0)
    halves = nn.Sequential(nn.Linear(784, 5), nn.LayerNorm(5)), nn.Sequential(nn.Linear(5, 784), nn.Sigmoid())
    explorer = SearchExplorer(model=Halves(*halves))
    with_kernel(blank, explorer)
    show(blank, explorer)
    numbers = explorer.numbers(**explorer.settings())
    found = ", ".join(f"{kind} {numbers[kind]:.0f}" for kind in ("pixels", "5 numbers", "5 bits"))
    blank.get_by_text(f"(others are inverted): {found}.").first.wait_for()
