"""Loading, measuring and drawing leave the random numbers of Python, NumPy and torch as they found them."""

import random

import numpy as np
import pytest
import torch
from helpers.explorers import walk
from helpers.strategies import same, state_of

import aecourse
from aecourse.data import load_mnist
from aecourse.device import own_random_numbers, seed_everything
from aecourse.models import (
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    NestedAutoencoder,
    SparseAutoencoder,
    VariationalAutoencoder,
)
from aecourse.training import fit, mean_loss
from aecourse.zoo.weights import load_weights, save_weights, shipped_weights

EXPLORERS = [name for name in aecourse.explorers.__all__ if name not in ("DemoBoard", "PictureUpload")]
NOISY = {
    "variational": lambda: VariationalAutoencoder(2, hidden=(16,)),
    "denoising": lambda: DenoisingAutoencoder(4, hidden=(16,)),
    "mixed": lambda: DenoisingAutoencoder(4, hidden=(16,), noise="mixed"),
    "hutchinson": lambda: ContractiveAutoencoder(4, hidden=(8,)),
    "nested": lambda: NestedAutoencoder(4, hidden=(16,)),
    "topk": lambda: SparseAutoencoder(20, penalty="topk", k=3),
}


def numbers() -> list[float]:
    """The next number of each generator."""
    return [random.random(), float(np.random.rand()), torch.rand(()).item()]


@pytest.fixture
def untouched():
    """After the test the generators must stand where the test found them."""
    seed_everything(5)
    expected = numbers()
    seed_everything(5)
    yield
    assert numbers() == expected


@pytest.mark.parametrize("name", shipped_weights())
def test_loading_weights(untouched, name):
    """Every family builds itself with random weights first."""
    load_weights(name)


@pytest.mark.parametrize("name", EXPLORERS)
def test_building_and_moving_an_explorer(untouched, name):
    """Also the first time, also its stored picture, its settings, what goes to the page, its training panel."""
    explorer = getattr(aecourse, name)()
    explorer._repr_mimebundle_()
    for settings in walk(explorer, steps=0):
        explorer.rows(**settings), explorer.numbers(**settings)
    for later in list(explorer.later)[::7]:
        explorer._hear({"want": later})
    if hasattr(explorer, "open_training"):
        explorer.open_training()
    explorer.close()


@pytest.mark.parametrize("name", NOISY)
def test_measuring(blobs, name):
    """The validation loss, though it draws noise; and it is the same each time."""
    model = NOISY[name]()
    seed_everything(1)
    expected = numbers()
    seed_everything(1)
    first = mean_loss(model, blobs)
    assert numbers() == expected
    assert mean_loss(model, blobs) == first


@pytest.mark.parametrize("name", NOISY)
def test_watching_changes_no_training(blobs, name):
    """Same seeds with and without validation: the same weights, bit by bit."""
    states = []
    for validation in (None, blobs[:8]):
        seed_everything(3)
        model = NOISY[name]()
        fit(model, blobs, epochs=3, batch_size=16, validation=validation, progress=False)
        states.append(state_of(model))
    assert same(*states)


def test_the_same_cell_twice_gives_the_same_numbers():
    """Seed, load, build an explorer, train: the second time as the first."""
    results = []
    for _ in range(2):
        seed_everything(0)
        load_weights("dense-k8"), aecourse.DrawingPad()
        model = VariationalAutoencoder(2, hidden=(16,))
        fit(model, load_mnist()[0].x[:500], epochs=1, validation=load_mnist()[1].x[:100], progress=False)
        results.append(state_of(model))
    assert same(*results)


def test_saving_and_loading_in_the_middle_of_a_training(blobs, tmp_path):
    """An on_epoch that stores and reads the network back changes nothing."""
    states = []
    for store in (False, True):
        seed_everything(3)
        model = NOISY["variational"]()

        def keep(history, model=model, store=store) -> None:
            if store:
                load_weights(save_weights(model, tmp_path / "now.safetensors"))

        fit(model, blobs, epochs=3, batch_size=16, on_epoch=keep, progress=False)
        states.append(state_of(model))
    assert same(*states)


def test_own_random_numbers():
    """Repeatable inside with a seed, invisible outside, also after an error."""
    seed_everything(2)
    expected = numbers()
    seed_everything(2)
    with pytest.raises(ZeroDivisionError), own_random_numbers():
        numbers(), 1 / 0
    drawn = []
    for _ in range(2):
        with own_random_numbers(seed=7):
            drawn.append(torch.rand(3).tolist())
    assert drawn[0] == drawn[1]
    assert numbers() == expected
