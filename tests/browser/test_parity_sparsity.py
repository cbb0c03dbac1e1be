"""Sparse networks in the page against torch: every row, number and word, in many states; the map of atoms."""

import random

import numpy as np
import pytest
import torch
from helpers.parity import compare, load, random_states, show
from playwright.sync_api import Page

from aecourse.explorers import BottleneckExplorer, SparsityExplorer
from aecourse.explorers.base.trainer import TrainedNetwork
from aecourse.explorers.sparsity import POSITIONS, USUAL, atom_images
from aecourse.models import SparseAutoencoder
from aecourse.plotting import as_images, mosaic
from aecourse.zoo.shipped import THRESHOLDS, load_sparse_net

pytestmark = pytest.mark.browser


def some_states(explorer: SparsityExplorer, rng: random.Random, count: int) -> list[dict]:
    """Every control drawn anew; half of the time the threshold is the penalty's own."""
    draw = {
        "penalty": lambda: rng.choice(list(explorer.positions)),
        "strictness": lambda: rng.randint(1, len(next(iter(explorer.positions.values())))),
        "digits": lambda: rng.randrange(explorer.images.sets),
        "digit": lambda: rng.randrange(explorer.images.per_set),
        "atom": lambda: rng.choice([rng.randrange(explorer.units), rng.randrange(20), explorer.units - 1]),
        "threshold": lambda: rng.choice(THRESHOLDS),
    }
    states = random_states(explorer, draw, count)
    return [s | {"threshold": USUAL[s["penalty"]]} if rng.random() < 0.5 else s for s in states]


def test_every_row_and_number(blank: Page) -> None:
    """All nine networks, all sets of digits, all atoms, all thresholds."""
    explorer = SparsityExplorer()
    load(blank, explorer)
    states = some_states(explorer, random.Random(0), 80)
    for state, words in zip(states, compare(blank, explorer, states), strict=True):
        numbers, place = explorer.numbers(**state), POSITIONS[state["penalty"]][state["strictness"] - 1]
        assert f"= {place:g}: test MSE {numbers['MSE']:.4f}, {numbers['active']:.1%} of 1024 units active" in words
        assert (
            f"{numbers['dead']:.1%} dead. The {state['digit']} activates {numbers['activates']}; the ten strongest"
            in words
        )
        assert f"(MSE with these alone {numbers['alone']:.4f})" in words
        assert f"Atom {state['atom']} is active for {numbers['uses'] / 3000:.1%} of 3,000 test digits" in words
        assert words.endswith(
            f"the {min(9, numbers['uses'])} that use it most." if numbers["uses"] else "nobody uses it."
        )
        assert (f"(activity above {state['threshold']:g}" in words) == (state["threshold"] > 0)
        assert ("whisper" in words) == (state["threshold"] > 0 and state["penalty"] == "kl")
        assert ("for a digit of 3,000" in words) == (state["threshold"] != USUAL[state["penalty"]])


def test_the_words_of_the_first_picture(blank: Page) -> None:
    """To the letter."""
    explorer = SparsityExplorer()
    load(blank, explorer)
    (words,) = compare(blank, explorer, [explorer.settings()])
    assert words == (
        "L1, λ = 0.25: test MSE 0.0053, 6.9% of 1024 units active for a digit, 0.4% dead. The 3 activates 65; the ten "
        "strongest, from the left, are 6, 23, 99, 1, 29, 11, 92, 35, 79, 77 (MSE with these alone 0.0188). Atom 6 is "
        "active for 45.1% of 3,000 test digits; beside it the 9 that use it most."
    )


@pytest.mark.parametrize("count", [3, 23])
def test_pictures_of_ones_own(blank: Page, count: int) -> None:
    """Of any gray, fewer than ten, and no whole tens; among them a black one."""
    torch.manual_seed(0)
    x = torch.rand(count, 784)
    x[1] = 0
    explorer = SparsityExplorer("kl", images=x)
    load(blank, explorer)
    states = some_states(explorer, random.Random(1), 50)
    for state, words in zip(states, compare(blank, explorer, states), strict=True):
        assert f"Picture {state['digit']} of the ten activates" in words


def test_top_k_units_of_ones_own(blank: Page) -> None:
    """Another explorer runs such a network, too: of its units the page keeps the k largest."""
    torch.manual_seed(0)
    explorer = BottleneckExplorer(images=torch.rand(23, 784))
    for k in (1, 5, 20):
        explorer.adopt(TrainedNetwork(SparseAutoencoder(20 + k, penalty="topk", k=k).eval(), 0.04))
    load(blank, explorer)
    states = [explorer.settings() | {"network": "yours", "k": k, "digits": 1} for k in (21, 25, 40)]
    compare(blank, explorer, states)


@pytest.mark.parametrize("atom", [0, 137, 1010])
def test_the_map_of_atoms(blank: Page, atom: int) -> None:
    """Fifty atoms in five rows, the page on which the chosen one lies; the last page is not full."""
    explorer = SparsityExplorer("l1", 1)
    load(blank, explorer)
    look = "(s) => { const { width, gray } = explorer.compute(s, data).map.picture; return [width, [...gray]]; }"
    found = blank.evaluate(look, explorer.settings() | {"atom": atom})
    first = atom // 50 * 50
    page = np.full((50, 28, 28), 255, np.uint8)
    held = as_images(atom_images(load_sparse_net("l1", 0.1).atoms[first : first + 50]))
    page[: len(held)] = held
    expected = mosaic(page.reshape(5, 10, 28, 28)).astype(int)
    assert found[0] == expected.shape[1]
    assert np.abs(np.reshape(found[1], expected.shape) - expected).max() <= 1


def test_a_click_or_a_key_chooses_an_atom(blank: Page) -> None:
    """The tile under the pointer, on the page that is shown; an empty tile means the last atom. Keys turn pages."""
    explorer = SparsityExplorer()
    explorer.atom = 103
    show(blank, explorer)
    atoms = blank.get_by_role("application", name="Map of atoms")

    def chosen() -> int:
        blank.wait_for_timeout(50)
        atom = blank.evaluate("model.get('atom')")
        assert blank.get_by_text(f"atom {atom} is framed").is_visible()
        picture, frame = (atoms.locator(part).bounding_box() for part in ("canvas", "> div"))
        across = (frame["x"] + 9 - picture["x"]) / picture["width"]
        down = (frame["y"] + 9 - picture["y"]) / picture["height"]
        assert (int(across * 10), int(down * 5)) == (atom % 10, atom % 50 // 10)
        return atom

    def click(right: float, down: float) -> int:
        box = atoms.bounding_box()
        atoms.click(position={"x": right * box["width"], "y": down * box["height"]})
        return chosen()

    assert chosen() == 103
    assert click(0.31, 0.79) == 133
    assert click(0.99, 0.99) == 149
    for key, atom in (
        ("ArrowRight", 150), ("ArrowLeft", 149), ("ArrowUp", 139), ("ArrowDown", 149), ("PageUp", 99), ("PageUp", 49),
        ("PageUp", 0), ("ArrowUp", 0), *(("PageDown", 50 * (i + 1)) for i in range(20)), ("PageDown", 1023),
    ):  # fmt: skip
        blank.keyboard.press(key)
        assert chosen() == atom, key
    assert click(0.95, 0.95) == 1023


def test_a_penalty_brings_its_threshold(blank: Page) -> None:
    """Without a kernel, too; unless it was moved."""
    show(blank, SparsityExplorer())
    menu, slider = blank.get_by_label("penalty"), blank.get_by_label("active: activity above")
    values = lambda: blank.evaluate("['penalty', 'threshold'].map(model.get)")  # noqa: E731
    menu.select_option(label="KL to a target activity")
    assert values() == ["kl", 0.1]
    slider.focus()
    blank.keyboard.press("ArrowRight")
    assert values() == ["kl", 0.2]
    menu.select_option(label="top-k")
    assert values() == ["topk", 0.2]
    blank.get_by_text("(activity above 0.2)").wait_for()


@pytest.mark.parametrize("penalty", ["l1", "kl", "topk"])
def test_a_network_of_ones_own(blank: Page, penalty: str) -> None:
    """Of 37 units, a number that four does not divide; the caption says whose they are."""
    torch.manual_seed(0)
    model = SparseAutoencoder(37, penalty=penalty, k=7)
    with torch.no_grad():
        model.encoder_bias.uniform_(-1, 1)
    explorer = SparsityExplorer(model=model)
    load(blank, explorer)
    for words in compare(blank, explorer, some_states(explorer, random.Random(3), 50)):
        assert words.startswith("Your SparseAutoencoder, ") and " of 37 units active" in words
    show(blank, explorer)
    assert blank.get_by_label("strictness").count() == blank.get_by_role("combobox").count() == 0
