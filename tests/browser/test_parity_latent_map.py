"""The map of codes in the page against torch: every picture, number and word, all over the map."""

import random

import pytest
import torch
from helpers.parity import compare, load, random_states
from playwright.sync_api import Page

from aecourse.data import ImageSet
from aecourse.explorers import LatentMapExplorer
from aecourse.models import ConvAutoencoder, DenseAutoencoder

pytestmark = pytest.mark.browser


def places(explorer: LatentMapExplorer, rng: random.Random, count: int) -> list[dict]:
    """Places all over the map, half of them on a code."""
    frame, states = explorer.map.frame, []
    for nth in range(count):
        share = torch.tensor([rng.random(), rng.random()]).numpy()
        place = frame.low + share * frame.sides if nth % 2 else rng.choice(explorer.map.codes)
        states.append(dict(zip(("z1", "z2"), frame.rounded(place), strict=True)))
    return states


def test_every_place(blank: Page) -> None:
    """The shipped map, on the islands and in the holes."""
    explorer = LatentMapExplorer()
    load(blank, explorer)
    words = compare(blank, explorer, places(explorer, random.Random(0), 80))
    assert {"a hole." in sentence for sentence in words} == {True, False}
    assert sum("of the 20 nearest test digits are a" in sentence for sentence in words) > 30


@pytest.mark.parametrize("labelled", [True, False])
def test_a_model_and_pictures_of_ones_own(blank: Page, mnist, labelled: bool) -> None:
    """Few images, with labels and without; batch normalisation and convolutions."""
    torch.manual_seed(0)
    own = mnist[1][:15] if labelled else torch.rand(15, 784)
    norm = DenseAutoencoder(2, hidden=(30, 20), batch_norm=True)
    norm(torch.rand(50, 784))  # its running mean and variance leave 0 and 1
    for model in (norm.eval(), ConvAutoencoder(2, hidden=(4, 8)).eval()):
        explorer = LatentMapExplorer(model, own)
        load(blank, explorer)
        words = " ".join(compare(blank, explorer, places(explorer, random.Random(1), 50)))
        assert ("of the 15 nearest pictures are a" in words) == labelled
        assert ("pictures have their codes near here." in words) != labelled


def test_a_long_code_and_named_classes(blank: Page, mnist) -> None:
    """The plane of two principal components of 12 numbers, which the caption names, and the classes by their names."""
    torch.manual_seed(0)
    pictures = ImageSet(mnist[1].x[:300], mnist[1].y[:300] % 2, names=("even", "odd"))
    explorer = LatentMapExplorer(DenseAutoencoder(12, hidden=(30,)), pictures)
    load(blank, explorer)
    words = compare(blank, explorer, places(explorer, random.Random(2), 50))
    assert all("on the first two principal components of 12 code numbers" in sentence for sentence in words)
    assert {"“even”" in sentence or "“odd”" in sentence for sentence in words} == {True, False}  # False: in the holes


def test_the_settings_ask_for_nothing_else(blank: Page) -> None:
    """All that the first picture needs comes with the widget."""
    explorer = LatentMapExplorer()
    assert explorer.later == {}
    load(blank, explorer)
    assert compare(blank, explorer, random_states(explorer, {}, 1))[0].startswith("z = (")
