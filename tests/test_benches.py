"""Train it yourself: every family's bench builds what its control says, trains it live, and shows it."""

import pytest
import torch
from strategies import caption_in, picture_in, places_of

from aecourse.data import corrupt
from aecourse.models.denoising import EVERYDAY
from aecourse.plotting import mosaic
from aecourse.widgets import (
    ContractionExplorer,
    GeneratorExplorer,
    RepairExplorer,
    SparsityExplorer,
    StackExplorer,
    TrainingExplorer,
)
from aecourse.widgets.benches import contraction_bench, generator_bench, repair_bench, sparse_bench, stack_bench
from aecourse.zoo import load_split

BENCHES = {
    "stack": (stack_bench, lambda model: model.depth),
    "l1": (lambda: sparse_bench("l1"), lambda model: model.strength),
    "kl": (lambda: sparse_bench("kl"), lambda model: model.rho),
    "topk": (lambda: sparse_bench("topk"), lambda model: model.k),
    "repair": (repair_bench, lambda model: model.noise),
    "contraction": (contraction_bench, lambda model: model.strength),
    "generator": (generator_bench, lambda model: model.beta),
}


@pytest.mark.parametrize("name", BENCHES)
def test_the_control_decides_the_network(name):
    """every place of it builds another network, with a name of its own and a finite loss"""
    bench, read = BENCHES[name][0](), BENCHES[name][1]
    values = places_of(bench.setting)
    models = [bench.build(value) for value in values]
    assert [read(model) for model in models] == values
    assert len({bench.name(model) for model in models}) == len(values)
    for model in models:
        assert model.loss(torch.rand(8, 784))["total"].isfinite()


@pytest.mark.parametrize("name", BENCHES)
def test_it_trains_and_says_so(name, monkeypatch):
    """one epoch on a few digits: another picture, a caption with the network's name and its test error"""
    explorer = TrainingExplorer(bench=BENCHES[name][0]())
    few = [part[:count] for part, count in zip(load_split(), (512, 100), strict=True)]
    monkeypatch.setattr("aecourse.widgets.trainer.load_split", lambda: few)
    explorer.epochs.value = 1
    before = picture_in(explorer)
    explorer.train()
    explorer.wait(60)
    role, words = caption_in(explorer)
    assert role == "status"
    assert words.startswith(f"{explorer.bench.name(explorer.model)}, epoch 1: training loss")
    assert f"Test MSE {explorer.model.test_mse:.4f}" in words
    assert (picture_in(explorer) != before).any()
    assert explorer.bench.loss in explorer.curve.value


def test_the_repair_bench_shows_the_damage():
    """what goes in is the damaged digit, by the damage that is chosen"""
    explorer = TrainingExplorer(bench=repair_bench())
    for noise in places_of(explorer.setting):
        explorer.setting.value = noise
        damaged = corrupt(explorer.shown, noise, EVERYDAY[noise], seed=0)
        assert explorer.row_names == ("damaged", "restored")
        assert (picture_in(explorer)[:28] == mosaic([damaged])[:28]).all()


@pytest.mark.parametrize(
    "family", [StackExplorer, SparsityExplorer, RepairExplorer, ContractionExplorer, GeneratorExplorer]
)
def test_a_workshop_below_each_explorer(family):
    """closed at first, made once, closed again"""
    explorer = family()
    workshop = explorer.workshop
    assert workshop in explorer.children
    assert workshop.layout.display == "none"
    workshop.button.value = True
    trainer = workshop.trainer
    assert workshop.children == (trainer,)
    assert workshop.layout.display == "flex"
    workshop.button.value = False
    assert workshop.layout.display == "none"
    workshop.button.value = True
    assert workshop.trainer is trainer
