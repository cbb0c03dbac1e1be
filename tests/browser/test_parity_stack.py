"""The stack in the page against torch: every row, number and word, in many states."""

import random

import pytest
import torch
from helpers.parity import compare, load, random_states
from playwright.sync_api import Page

from aecourse.explorers import StackExplorer
from aecourse.models import StackedAutoencoder

pytestmark = pytest.mark.browser


def compare_many(page: Page, explorer: StackExplorer, count: int) -> None:
    """Hold every step, with random digits, to torch."""
    rng = random.Random(0)
    load(page, explorer)
    draw = {
        "step": lambda: rng.randrange(len(explorer.steps)),
        "digits": lambda: rng.randrange(explorer.images.sets),
    }
    states = random_states(explorer, draw, count)
    for state, words in zip(states, compare(page, explorer, states), strict=True):
        step = state["step"]
        now = explorer.steps[step]
        assert words == (
            f"Step {step}, {now.name}: 784 pixels → {now.model.latent_dim} numbers. Test MSE {now.test_mse:.4f} "
            f"(PCA with as many numbers {now.pca_mse:.4f}); a linear probe on the code names {now.accuracy:.1%} of the "
            f"test digits rightly (on the pixels themselves {explorer.pixel_accuracy:.1%})."
        )


def test_every_row_and_number(blank: Page) -> None:
    """The shipped stack, all steps and all sets of digits."""
    compare_many(blank, StackExplorer(), 60)


@pytest.mark.parametrize("hidden", [(9,), (800, 30), (40, 20, 7)], ids=str)
def test_a_stack_of_ones_own(blank: Page, hidden: tuple[int, ...]) -> None:
    """Two to four layers, one of them wider than a picture, and pictures of one's own."""
    torch.manual_seed(0)
    greedy, tuned = (StackedAutoencoder(5, hidden=hidden, depth=len(hidden) + 1) for _ in range(2))
    compare_many(blank, StackExplorer(0, greedy=greedy, tuned=tuned, images=torch.rand(23, 784)), 15)
