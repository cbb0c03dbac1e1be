"""The sparsity explorer against the networks themselves."""

import io

import numpy as np
import pytest
import torch
from helpers.strategies import caption_in, picture_in, refuses
from PIL import Image

from aecourse.explorers import SparsityExplorer
from aecourse.explorers.sparsity import POSITIONS, atom_images, framed
from aecourse.plotting import as_images
from aecourse.zoo.shipped import SPARSE_SAMPLE, load_sparse_net
from aecourse.zoo.weights import load_weights, read_card

NETS = [(kind, place, i + 1) for kind, places in POSITIONS.items() for i, place in enumerate(places)]


@pytest.fixture(scope="module")
def explorer() -> SparsityExplorer:
    """One for all tests, each of which sets what it needs."""
    return SparsityExplorer()


def put(explorer, **values) -> str:
    """Set some controls and return the caption."""
    for name, value in values.items():
        explorer.controls[name].value = value
    role, words = caption_in(explorer)
    assert role == "status"
    return words


def tile(explorer, row: int, column: int) -> np.ndarray:
    """One 28×28 image of the picture."""
    return picture_in(explorer)[30 * row : 30 * row + 28, 30 * column : 30 * column + 28]


def close(picture: np.ndarray, expected: torch.Tensor) -> bool:
    """Equal up to one gray value, for rounding."""
    return np.abs(picture.astype(int) - as_images(expected[None])[0].astype(int)).max() <= 1


@pytest.mark.parametrize(("kind", "place", "strictness"), NETS)
def test_rows_against_the_network(explorer, mnist, kind, place, strictness):
    """Restored digits, the strongest atoms and their growing sum, computed anew from the weights."""
    words = put(explorer, penalty=kind, strictness=strictness, digits=4, digit=7)
    model, x = load_weights(f"sparse-{kind}-{place:g}"), mnist[1].one_of_each(4)
    with torch.no_grad():
        z, x_hat = model.encode(x)[7], model(x)
        drawn = z[None] * model.decoder.atoms  # (784, 1024): what each unit adds
        strongest = drawn.square().sum(0).argsort(descending=True)[:10]
        sums = model.decoder.bias + drawn[:, strongest].cumsum(1).T
    assert picture_in(explorer).shape == (5 * 30 - 2, 10 * 30 - 2)
    assert all(close(tile(explorer, 0, i), x[i]) and close(tile(explorer, 1, i), x_hat[i]) for i in range(10))
    assert all(close(tile(explorer, 3, i), sums[i]) for i in range(10))
    assert np.array_equal(tile(explorer, 2, 0), atom_images(model.decoder.atoms.T[strongest[:1]].detach())[0])
    scores = read_card(f"sparse-{kind}-{place:g}").scores
    assert f"= {place:g}: test MSE {scores['test_mse']:.4f}, {scores['test_awake']:.1%} of 1024" in words
    assert f"The 7 wakes {int(model.active(z).sum())};" in words


def test_atoms_are_numbered_by_use_and_shown_with_their_users(explorer, mnist):
    """Atom 5 is the sixth most used unit; its nine keenest digits stand beside it, the strongest first."""
    put(explorer, penalty="topk", strictness=1)
    model = load_weights("sparse-topk-50")
    with torch.no_grad():
        z = model.encode(mnist[1].x[:SPARSE_SAMPLE])
    wakes = (z > 0).sum(0)
    words = put(explorer, atom=5)
    assert f"Atom 5 is awake for {wakes.sort(descending=True).values[5] / SPARSE_SAMPLE:.1%} of 3,000" in words
    unit = int(load_sparse_net("topk", 50).order[5])
    assert int(wakes[unit]) == int(wakes.sort(descending=True).values[5])
    assert np.array_equal(tile(explorer, 4, 0), atom_images(model.decoder.atoms.T[unit][None].detach())[0])
    for place, user in enumerate(z[:, unit].argsort(descending=True)[:9]):
        assert close(tile(explorer, 4, place + 1), mnist[1].x[user])


def test_a_dead_atom_has_no_users(explorer):
    """The last atom of the strictest top-k network sleeps through every digit of the sample, and the words say so."""
    words = put(explorer, penalty="topk", strictness=3, atom=1023)
    assert words.endswith("Atom 1023 is awake for 0.0% of 3,000 test digits: nobody uses it.")
    assert (tile(explorer, 4, 1) == 255).all()


def test_the_map_frames_the_chosen_atom(explorer):
    """Page, frame and words follow the atom; the histogram's shares sum to nearly 1."""
    put(explorer, penalty="l1", strictness=1, atom=137)
    assert "atoms 100 to 149" in explorer.legend.value and "atom 137 is framed" in explorer.legend.value
    assert explorer.picker.value == pytest.approx([0.75, 0.7])
    shown = np.asarray(Image.open(io.BytesIO(explorer.picker.background)))
    assert shown.shape == (5 * 30 - 2, 10 * 30 - 2)
    tile = shown[3 * 30 : 3 * 30 + 28, 7 * 30 : 7 * 30 + 28]
    assert np.array_equal(tile[1:-1, 1:-1], atom_images(load_sparse_net("l1", 0.1).atoms[[137]])[0][1:-1, 1:-1])
    assert (shown[3 * 30 - 2 : 3 * 30, 7 * 30 : 7 * 30 + 28] == 0).all()
    put(explorer, atom=1023)
    assert "atoms 1000 to 1023" in explorer.legend.value
    assert 0.99 <= sum(load_sparse_net("l1", 0.1).share) <= 1 + 1e-6


def test_a_click_chooses_an_atom(explorer):
    """The tile under the pointer, on the page that is shown; an empty tile of the last page means the last atom."""
    put(explorer, atom=103)
    explorer.picker.value = [0.31, 0.79]
    assert explorer.atom.value == 133
    assert "Atom 133 is awake" in caption_in(explorer)[1]
    explorer.picker.value = [1.0, 1.0]
    assert explorer.atom.value == 149
    put(explorer, atom=1000)
    explorer.picker.value = [0.95, 0.95]
    assert explorer.atom.value == 1023


def test_the_workshop_follows_the_penalty():
    """What can be trained is of the penalty on the screen, also when the training_panel was opened before."""
    explorer = SparsityExplorer("l1")
    explorer.training_panel.button.value = True
    assert explorer.training_panel.trainer.setup.build(0.1).penalty == "l1"
    explorer.penalty.value = "topk"
    assert explorer.training_panel.trainer.setup.build(10).penalty == "topk"
    assert explorer.training_panel.children == (explorer.training_panel.trainer,)


def test_frame_touches_only_the_edge():
    """The frame is black, what lies inside and outside stays."""
    picture = framed(np.full((58, 58), 200, np.uint8), 0, 1)
    assert (picture[0, 30:] == 0).all() and (picture[27, 30:] == 0).all() and (picture[:28, 28:31] == 0).all()
    assert (picture[1:27, 31:57] == 200).all() and (picture[30:] == 200).all() and (picture[:, :28] == 200).all()


@pytest.mark.parametrize(
    ("name", "value"), [("penalty", "L1"), ("penalty", None), ("strictness", 0), ("strictness", 4)]
)
def test_bad_start(name, value):
    """An unknown penalty and a strictness outside 1 to 3 are refused by name."""
    refuses(name, SparsityExplorer, **{name: value})
