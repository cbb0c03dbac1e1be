"""Train it yourself: every family's bench builds what its control says, trains it live, and shows it."""

import pytest
import torch
from helpers.strategies import caption_in, picture_in, places_of

from aecourse.data import corrupt
from aecourse.explorers import (
    ContractionExplorer,
    GeneratorExplorer,
    RepairExplorer,
    SparsityExplorer,
    StackExplorer,
    TrainingExplorer,
)
from aecourse.explorers.training_setups import (
    contraction_setup,
    generator_setup,
    repair_setup,
    sparse_setup,
    stack_setup,
)
from aecourse.models.denoising import DEFAULT_STRENGTHS
from aecourse.plotting import mosaic
from aecourse.zoo import load_split

BENCHES = {
    "stack": (stack_setup, lambda model: model.depth),
    "l1": (lambda: sparse_setup("l1"), lambda model: model.strength),
    "kl": (lambda: sparse_setup("kl"), lambda model: model.rho),
    "topk": (lambda: sparse_setup("topk"), lambda model: model.k),
    "repair": (repair_setup, lambda model: model.noise),
    "contraction": (contraction_setup, lambda model: model.strength),
    "generator": (generator_setup, lambda model: model.beta),
}


@pytest.mark.parametrize("name", BENCHES)
def test_the_control_decides_the_network(name):
    """Every place of it builds another network, with a name of its own and a finite loss."""
    bench, read = BENCHES[name][0](), BENCHES[name][1]
    values = places_of(bench.setting)
    models = [bench.build(value) for value in values]
    assert [read(model) for model in models] == values
    assert len({bench.name(model) for model in models}) == len(values)
    for model in models:
        assert model.loss(torch.rand(8, 784))["total"].isfinite()


@pytest.mark.parametrize("name", BENCHES)
def test_it_trains_and_says_so(name, monkeypatch):
    """One epoch on a few digits: another picture, a caption with the network's name and its test error."""
    explorer = TrainingExplorer(setup=BENCHES[name][0]())
    few = [part[:count] for part, count in zip(load_split(), (512, 100), strict=True)]
    monkeypatch.setattr("aecourse.explorers.training.load_split", lambda: few)
    explorer.epochs.value = 1
    before = picture_in(explorer)
    explorer.train()
    explorer.wait(600)
    role, words = caption_in(explorer)
    assert role == "status"
    assert words.startswith(f"{explorer.setup.name(explorer.model)}, epoch 1: training loss")
    assert f"Test MSE {explorer.trained.test_mse:.4f}" in words
    assert (picture_in(explorer) != before).any()
    assert explorer.setup.loss in explorer.curve.value


def test_the_repair_bench_shows_the_damage():
    """What goes in is the damaged digit, by the damage that is chosen."""
    explorer = TrainingExplorer(setup=repair_setup())
    for noise in places_of(explorer.setting):
        explorer.setting.value = noise
        damaged = corrupt(explorer.shown, noise, DEFAULT_STRENGTHS[noise], seed=0)
        assert explorer.row_names == ("damaged", "restored")
        assert (picture_in(explorer)[:28] == mosaic([damaged])[:28]).all()


@pytest.mark.parametrize(
    "family", [StackExplorer, SparsityExplorer, RepairExplorer, ContractionExplorer, GeneratorExplorer]
)
def test_a_workshop_below_each_explorer(family):
    """Closed at first, made once, closed again."""
    explorer = family()
    training_panel = explorer.training_panel
    assert training_panel in explorer.children
    assert training_panel.layout.display == "none"
    training_panel.button.value = True
    trainer = training_panel.trainer
    assert training_panel.children == (trainer,)
    assert training_panel.layout.display == "flex"
    training_panel.button.value = False
    assert training_panel.layout.display == "none"
    training_panel.button.value = True
    assert training_panel.trainer is trainer
