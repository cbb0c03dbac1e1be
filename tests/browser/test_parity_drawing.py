"""The drawing pad in the page against torch: every row, number and word, in many states."""

import random

import pytest
import torch
from helpers.foreign import FOREIGN
from helpers.parity import compare, load, random_ink, random_states
from playwright.sync_api import Page

from aecourse.data import load_mnist
from aecourse.explorers import DrawingPad
from aecourse.models import PCA, ConvAutoencoder, DenseAutoencoder, SparseAutoencoder, VariationalAutoencoder, adopt

pytestmark = pytest.mark.browser
IN_THE_PAGE = {"tutorial 404", "contractive", "Keras dense"}


def random_moves(rng: random.Random) -> list[float]:
    """All code numbers at rest, or each somewhere on its slider."""
    if rng.random() < 0.4:
        return [0.0] * 16
    return [rng.choice([0.0, round(rng.uniform(-3, 3), 1)]) for _ in range(16)]


def compare_many(page: Page, pad: DrawingPad, count: int) -> None:
    """Hold random sizes, drawings and moves to torch."""
    rng, most = random.Random(0), pad.model.latent_dim
    load(page, pad)
    draw = {
        "k": lambda: rng.randint(1, most) if pad.model.ordered else most,
        "ink": lambda: random_ink(rng),
        "moves": lambda: random_moves(rng),
    }
    states = random_states(pad, draw, count)
    for state, words in zip(states, compare(page, pad, states), strict=True):
        if any(state["ink"]):
            error = pad.numbers(**state)["MSE"]
            assert words == f"784 pixels → {state['k']} numbers → 784 pixels, MSE {error:.4f}."
        else:
            assert words == "Draw a digit in the black square: it comes back through the bottleneck as you draw."


def test_every_row_and_number(blank: Page) -> None:
    """The shipped network: all sizes, all places of the sliders, drawings and none."""
    compare_many(blank, DrawingPad(), 80)


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_networks_of_others(blank: Page, name: str) -> None:
    """Those whose halves are layers that the page knows are computed there, others in the kernel."""
    torch.manual_seed(0)
    net, told = FOREIGN[name]()
    model = adopt(net, **told)
    if not model.latent_dim:
        pytest.skip("it has no code to show")
    model.train()
    for _ in range(20):  # running means and variances leave 0 and 1
        model.loss(load_mnist()[0].x[:100])
    pad = DrawingPad(model)
    assert (not pad._run_here) == (name in IN_THE_PAGE)
    if name in IN_THE_PAGE:
        compare_many(blank, pad, 10)


@pytest.mark.parametrize("family", ["dense", "conv", "vae", "sparse", "PCA", "small"])
def test_another_network(blank: Page, family: str) -> None:
    """Its own size, or all sizes if its code is ordered."""
    torch.manual_seed(0)
    model = {
        "dense": lambda: DenseAutoencoder(20, hidden=(64,), activation="tanh"),
        "conv": lambda: ConvAutoencoder(6, hidden=(4, 8)),
        "vae": lambda: VariationalAutoencoder(12, hidden=(32,)),
        "sparse": lambda: SparseAutoencoder(40, penalty="l1"),
        "PCA": lambda: PCA.fit(load_mnist()[1].x[:2_000], 30),
        "small": lambda: DenseAutoencoder(1, hidden=(), output="linear"),
    }[family]()
    compare_many(blank, DrawingPad(model), 10)
