"""Train it yourself: every family's panel builds what its setting says, trains it live, and shows it."""

import pytest
import torch

from aecourse.data import corrupt
from aecourse.explorers import (
    ContractionExplorer,
    GeneratorExplorer,
    RepairExplorer,
    SparsityExplorer,
    StackExplorer,
    TrainingExplorer,
)
from aecourse.explorers.base import trainer as module
from aecourse.explorers.training_setups import (
    contraction_setup,
    generator_setup,
    repair_setup,
    sparse_setup,
    stack_setup,
)
from aecourse.models.denoising import DEFAULT_STRENGTHS
from aecourse.plotting import as_images
from aecourse.zoo import load_split

SETUPS = {
    "stack": (stack_setup, lambda model: model.depth),
    "l1": (lambda: sparse_setup("l1"), lambda model: model.strength),
    "kl": (lambda: sparse_setup("kl"), lambda model: model.rho),
    "topk": (lambda: sparse_setup("topk"), lambda model: model.k),
    "repair": (repair_setup, lambda model: model.noise),
    "contraction": (contraction_setup, lambda model: model.strength),
    "generator": (generator_setup, lambda model: model.beta),
}


@pytest.mark.parametrize("name", SETUPS)
def test_the_setting_decides_the_network(name):
    """Every value builds another network, with a name of its own and a finite loss."""
    setup, read = SETUPS[name][0](), SETUPS[name][1]
    models = [setup.build(value) for value in setup.options]
    assert setup.value in setup.options
    assert [read(model) for model in models] == list(setup.options)
    assert len({setup.name(model) for model in models}) == len(setup.options)
    for model in models:
        assert model.loss(torch.rand(8, 784))["total"].isfinite()


@pytest.mark.parametrize("name", SETUPS)
def test_it_trains_and_says_so(name, monkeypatch):
    """One epoch on a few digits: another picture, a caption with the network's name and its test error."""
    explorer = TrainingExplorer(setup=SETUPS[name][0]())
    few = [part[:count] for part, count in zip(load_split(), (512, 100), strict=True)]
    monkeypatch.setattr(module, "load_split", lambda: few)
    trainer, before = explorer.trainer, explorer.training["rows"]
    trainer.choose(epochs=1)
    trainer.train()
    trainer.wait(600)
    words = explorer.training["caption"]
    assert words.startswith(f"{trainer.setup.name(trainer.model)}, epoch 1: training loss")
    assert f"Test MSE {trainer.trained.test_mse:.4f}" in words
    assert explorer.training["rows"] != before
    assert explorer.training["loss"] == trainer.setup.loss


def test_the_repair_panel_shows_the_damage():
    """What goes in is the damaged digit, by the damage that is chosen."""
    explorer = TrainingExplorer(setup=repair_setup())
    for noise in explorer.trainer.setup.options:
        explorer.trainer.choose(setting=noise)
        damaged = corrupt(explorer.images.ten(1), noise, DEFAULT_STRENGTHS[noise], seed=0)
        assert explorer.training["names"] == ["damaged", "restored"]
        assert explorer.training["rows"][:7840] == as_images(damaged).tobytes()


@pytest.mark.parametrize(
    "family", [StackExplorer, SparsityExplorer, RepairExplorer, ContractionExplorer, GeneratorExplorer]
)
def test_a_panel_below_each_explorer(family):
    """Closed at first, made once, closed again."""
    explorer = family()
    assert not explorer.training and explorer.trainer is None
    explorer._hear({"open": True})
    trainer = explorer.trainer
    assert explorer.training["label"] == trainer.setup.label
    explorer._hear({"fold": True})
    assert not explorer.training
    explorer._hear({"open": True})
    assert explorer.trainer is trainer
