"""Live training: it learns, it can be stopped, a second start waits, and it says what happens."""

import re
import signal
import threading
import time

import numpy as np
import pytest
import torch
from helpers.strategies import not_counts, numpy_of, refuses, same, state_of
from hypothesis import example, given, strategies as st

from aecourse.data import ImageSet, seven_segment_digits
from aecourse.explorers import TrainingExplorer
from aecourse.explorers.base import trainer as module
from aecourse.explorers.training_setups import matchsticks
from aecourse.plotting import as_images
from aecourse.training import History
from aecourse.zoo import load_split


@pytest.fixture(autouse=True)
def digits(monkeypatch):
    """3,000 digits to train on, and no more."""
    few = [part[:count] for part, count in zip(load_split(), (3_000, 500), strict=True)]
    monkeypatch.setattr(module, "load_split", lambda: few)
    return few


@pytest.fixture
def explorer():
    """A small run, and whatever still runs is stopped at the end."""
    explorer = TrainingExplorer(latent_dim=8)
    explorer.trainer.choose(epochs=1)
    yield explorer
    explorer.close()


def finish(explorer) -> None:
    """Wait for the run under way, but not for ever."""
    explorer.trainer.wait(600)
    assert not explorer.trainer.training


def wait_until(condition, seconds: float = 600) -> None:
    """Look again until it holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.005)


def go_on_for_ever(explorer) -> None:
    """A run that only Stop ends."""
    explorer.trainer.epochs = 1_000_000
    explorer.trainer.train()


def test_before_training(explorer):
    """An untrained network of the size asked for, two rows, and what to do."""
    shown = explorer.training
    assert shown["caption"] == "An untrained network, 784 → 256 → 8 → 256 → 784. Press Train."
    assert (shown["names"], len(shown["rows"])) == (["original", "restored"], 2 * 10 * 784)
    assert not shown["running"] and not shown["series"]


def test_one_epoch(explorer, mnist):
    """It trains: the model improves, the words and the curve carry the numbers measured."""
    x = mnist[1].x
    before = ((numpy_of(explorer.trainer.model(x)) - numpy_of(x)) ** 2).mean()
    explorer._hear({"train": True})
    finish(explorer)
    trainer, shown = explorer.trainer, explorer.training
    after = ((numpy_of(trainer.model(x)) - numpy_of(x)) ** 2).mean()
    assert after < 0.5 * before
    assert trainer.trained.test_mse == pytest.approx(after, rel=1e-4)
    assert (trainer.history.epochs, trainer.history.stopped) == (1, "")
    epoch, valid, test = re.search(
        r"epoch (\d+): .*validation ([\d.]+)\. Test MSE ([\d.]+)\.$", shown["caption"]
    ).groups()
    assert (int(epoch), float(test)) == (1, round(after, 4))
    assert float(valid) == round(trainer.history.validation[-1]["total"], 4)
    assert list(shown["series"]) == ["training", "validation", "500 of them, live"]
    restored = as_images(trainer.model(explorer.images.ten(1)).detach()).tobytes()
    assert shown["rows"][7840:] == restored and not shown["running"]


def test_stop_ends_early(explorer):
    """What was learnt is kept, and another run can follow."""
    untrained = state_of(explorer.trainer.model)
    go_on_for_ever(explorer)
    wait_until(lambda: explorer.trainer.history.epochs >= 1)
    assert explorer.trainer.training and explorer.training["running"]
    explorer._hear({"stop": True})
    finish(explorer)
    assert explorer.trainer.history.stopped == "Stop"
    assert not same(explorer.trainer.model.state_dict(), untrained)
    assert "Ended early by Stop; what was learnt is kept" in explorer.training["caption"]
    explorer._hear({"choose": {"epochs": 1}, "train": True})
    finish(explorer)
    assert (explorer.trainer.history.epochs, explorer.trainer.history.stopped) == (1, "")


def test_a_second_start_waits(explorer):
    """While one run is under way, another click changes nothing."""
    go_on_for_ever(explorer)
    model, thread = explorer.trainer.model, explorer.trainer._thread
    explorer._hear({"train": True})
    assert explorer.trainer.model is model
    assert explorer.trainer._thread is thread


def test_interrupt_while_it_starts(explorer, monkeypatch, ctrl_c):
    """Ctrl-C reaches the cell, and finds a run that goes on, ends and can be followed by another."""
    start = threading.Thread.start

    def interrupted(thread):
        ctrl_c()
        start(thread)
        ctrl_c()

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            explorer.trainer.train()
    for _ in range(2):
        finish(explorer)
        assert explorer.trainer.history.epochs == 1 and explorer.trainer.trained is not None
        explorer.trainer.train()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_picture_follows_the_training(explorer, monkeypatch):
    """More than one picture appears while it runs, and the size counts for the next run."""
    monkeypatch.setattr(module, "PAUSE", 0.01)
    pictures = set()
    explorer.observe(lambda change: pictures.add(bytes(change.new["rows"])), "training")
    explorer.trainer.choose(epochs=3)
    explorer.trainer.train()
    explorer.trainer.choose(setting=20)
    finish(explorer)
    assert len(pictures) > 4
    assert explorer.trainer.model.latent_dim == 8
    explorer._hear({"choose": {"setting": 21}})
    assert explorer.trainer.model.latent_dim == 21
    assert "→ 21 →" in explorer.training["caption"]


def test_same_start_same_numbers(explorer):
    """Two runs with the same settings tell the same story."""
    stories = []
    for _ in range(2):
        explorer.trainer.train()
        finish(explorer)
        stories.append(explorer.trainer.history.train + explorer.trainer.history.validation)
    assert stories[0] == stories[1]


def test_the_notebooks_random_numbers_go_on(explorer):
    """Neither a setting nor a run touches them, nor the thread count."""
    threads = torch.get_num_threads()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    explorer.trainer.choose(setting=9)
    TrainingExplorer(3)
    explorer.trainer.train()
    finish(explorer)
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads


def test_what_goes_wrong_is_said(explorer, digits):
    """An error in the thread stands under the picture, and another run can follow."""
    digits[0] = ImageSet(digits[0].x.clone(), digits[0].y)  # the digits themselves belong to everybody
    digits[0].x[0, 0] = float("nan")
    explorer.trainer.train()
    finish(explorer)
    assert explorer.training["error"] and not explorer.training["running"]
    assert explorer.training["caption"].startswith(("FloatingPointError: ", "ValueError: x must hold finite numbers"))


def test_the_trained_model_is_handed_on(explorer, monkeypatch):
    """Once, in evaluation mode, with its test error."""
    received = []
    explorer.trainer.on_done = received.append
    explorer.trainer.train()
    finish(explorer)
    wait_until(lambda: received)
    assert received == [explorer.trainer.trained]
    assert received[0].model is explorer.trainer.model
    assert not explorer.trainer.model.training
    assert 0 < received[0].test_mse < 0.2


@pytest.mark.parametrize("wrong", [{"setting": 65}, {"epochs": 0}, {"lr": 7.0}, {"seed": 100}])
def test_a_bad_choice_is_said(explorer, wrong):
    """By name and with what is accepted, in the page; nothing changes."""
    before = explorer.trainer.memory()["settings"]
    explorer._hear({"choose": wrong})
    assert next(iter(wrong)) in explorer.notice
    assert explorer.trainer.memory()["settings"] == before


def test_stored_picture_while_training(explorer):
    """A notebook saved in the middle of a run keeps a picture."""
    go_on_for_ever(explorer)
    wait_until(lambda: explorer.trainer.training)
    assert "image/png" in explorer._repr_mimebundle_()[0]


def test_training_does_not_keep_python_alive(explorer):
    """The run's thread dies with the kernel, and with the explorer."""
    go_on_for_ever(explorer)
    thread = explorer.trainer._thread
    assert thread.daemon and thread in threading.enumerate()
    explorer.close()
    assert not thread.is_alive()


def test_it_goes_on_in_another_run_of_the_cell(explorer):
    """Settings, network and curve."""
    explorer.trainer.choose(setting=5, lr=0.01)
    explorer.trainer.train()
    finish(explorer)
    other = TrainingExplorer(8)
    other.remember(explorer.memory())
    assert other.trainer.model is explorer.trainer.model
    assert other.training["caption"] == explorer.training["caption"]
    assert np.isclose(other.training["lr"], 0.01)


@given(latent_dim=not_counts.filter(lambda count: count is not None) | st.integers(min_value=65))
@example(latent_dim=0)
@example(latent_dim=65)
@example(latent_dim=True)
def test_bad_latent_dim(latent_dim):
    """From 1 to 64, before the digits are loaded."""
    refuses("latent_dim", TrainingExplorer, latent_dim)


@pytest.mark.parametrize(("name", "settings"), [("latent_dim", {"latent_dim": 8}), ("data", {"data": "letters"})])
def test_bad_matchsticks(name, settings):
    """Seven numbers at most, and no other data."""
    refuses(name, lambda **given: TrainingExplorer(**{"data": "matchsticks"} | given), **settings)


def test_matchsticks():
    """The smallest network, 7 → 3 → 7: in place of a test error, how many of the ten digits come back whole."""
    explorer, x = TrainingExplorer(data="matchsticks"), seven_segment_digits()
    assert explorer.training["caption"] == "An untrained network, 7 → 3 → 7. Press Train."
    assert explorer.training["rows"][:784] == as_images(x[:1] @ matchsticks()).tobytes()
    explorer._hear({"train": True})
    finish(explorer)
    restored = explorer.trainer.model(x).detach()
    whole = ((restored > 0.5) == (x > 0.5)).all(1).sum().item()
    assert explorer.training["caption"].endswith(f". {whole} of the 10 digits come back whole.")
    assert whole >= 9 and list(explorer.training["series"]) == ["training"]
    assert explorer.training["rows"][7840:] == as_images((restored @ matchsticks()).clamp(0, 1)).tobytes()


def test_another_seed_is_another_start(explorer):
    """Other weights and another order, and the same again for the same seed."""
    starts, losses = [], []
    for seed in (0, 1, 0):
        explorer._hear({"choose": {"seed": seed}})
        starts.append(state_of(explorer.trainer.model))
        explorer.trainer.train()
        finish(explorer)
        losses.append(explorer.trainer.history.train[-1]["total"])
    assert same(starts[0], starts[2]) and not same(starts[0], starts[1])
    assert losses[0] == losses[2] != losses[1]


def test_a_dead_training_is_said(explorer):
    """In the caption, not as a warning that would land in another cell."""
    explorer.trainer.history = History(train=[{"total": 0.12}], validation=[{"total": 0.12}], died=True)
    assert "has died" in explorer.trainer.describe()
    assert "lower rate" in explorer.trainer.describe()
