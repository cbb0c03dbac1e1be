"""Live training: it learns, it can be stopped, a second start waits, and it says what happens."""

import re
import threading
import time

import numpy as np
import pytest
import torch
from helpers.strategies import caption_in, not_counts, numpy_of, picture_in, refuses, same, state_of
from hypothesis import example, given, strategies as st

from aecourse.data import ImageSet
from aecourse.explorers import TrainingExplorer
from aecourse.training import History
from aecourse.zoo import load_split


@pytest.fixture(autouse=True)
def digits(monkeypatch):
    """3,000 digits to train on, and no more."""
    few = [part[:count] for part, count in zip(load_split(), (3_000, 500), strict=True)]
    monkeypatch.setattr("aecourse.explorers.training.load_split", lambda: few)
    return few


@pytest.fixture
def explorer():
    """A small run, and whatever still runs is stopped at the end."""
    explorer = TrainingExplorer(latent_dim=8)
    explorer.test = explorer.test[:1_000]
    explorer.epochs.value = 1
    yield explorer
    explorer.stop.click()
    explorer.wait(600)


def finish(explorer) -> None:
    """Wait for the run under way, but not for ever."""
    explorer.wait(600)
    assert not explorer.training


def wait_until(condition, seconds: float = 600) -> None:
    """Look again until it holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.005)


def test_before_training(explorer):
    """An untrained network of the size asked for, two rows, and what to do."""
    assert picture_in(explorer).shape == (58, 298)
    assert caption_in(explorer) == ("status", "An untrained network, 784 → 256 → 8 → 256 → 784. Press Train.")
    assert explorer.stop.disabled
    assert not explorer.start.disabled
    assert not explorer.training


def test_one_epoch(explorer):
    """The button trains: the model improves, the words and the curve carry the numbers measured."""
    before = ((numpy_of(explorer.model(explorer.test.x)) - numpy_of(explorer.test.x)) ** 2).mean()
    explorer.start.click()
    finish(explorer)
    model, x = explorer.model, explorer.test.x
    after = ((numpy_of(model(x)) - numpy_of(x)) ** 2).mean()
    assert after < 0.5 * before
    assert explorer.trained.test_mse == pytest.approx(after, rel=1e-4)
    assert (explorer.history.epochs, explorer.history.stopped) == (1, "")
    role, words = caption_in(explorer)
    epoch, validation, test = re.search(r"epoch (\d+): .*validation ([\d.]+)\. Test MSE ([\d.]+)\.$", words).groups()
    assert (role, int(epoch), float(test)) == ("status", 1, round(after, 4))
    assert float(validation) == round(explorer.history.validation[-1]["total"], 4)
    assert explorer.curve.value.count("<polyline") == 3
    restored = 255 * numpy_of(model(explorer.shown)).reshape(10, 28, 28)
    np.testing.assert_allclose(picture_in(explorer)[30:, :28], restored[0], atol=0.51)
    assert (explorer.start.disabled, explorer.stop.disabled) == (False, True)


def test_stop_ends_early(explorer):
    """What was learnt is kept, and another run can follow."""
    explorer.epochs.max = explorer.epochs.value = 1_000_000
    untrained = state_of(explorer.model)
    explorer.start.click()
    wait_until(lambda: explorer.history.epochs >= 1)
    assert explorer.training
    assert not explorer.stop.disabled
    explorer.stop.click()
    finish(explorer)
    assert explorer.history.stopped == "Stop"
    assert 1 <= explorer.history.epochs < 1_000_000
    assert not same(explorer.model.state_dict(), untrained)
    assert "Ended early by Stop; what was learnt is kept" in caption_in(explorer)[1]
    explorer.epochs.value = 1
    explorer.start.click()
    finish(explorer)
    assert (explorer.history.epochs, explorer.history.stopped) == (1, "")


def test_a_second_start_waits(explorer):
    """While one run is under way, another click changes nothing."""
    explorer.epochs.max = explorer.epochs.value = 1_000_000
    explorer.start.click()
    model, thread = explorer.model, explorer._thread
    explorer.start.click()
    explorer.train()
    assert explorer.model is model
    assert explorer._thread is thread
    assert explorer.start.disabled


def test_picture_follows_the_training(explorer, monkeypatch):
    """More than one picture appears while it runs, and the size slider counts for the next run."""
    monkeypatch.setattr("aecourse.explorers.training.PAUSE", 0.01)
    pictures = set()
    explorer.picture.observe(lambda change: pictures.add(change.new), "value")
    explorer.epochs.value = 3
    explorer.start.click()
    explorer.setting.value = 20
    finish(explorer)
    assert len(pictures) > 4
    assert explorer.model.latent_dim == 8
    explorer.setting.value = 21
    assert explorer.model.latent_dim == 21
    assert "→ 21 →" in caption_in(explorer)[1]


def test_same_start_same_numbers(explorer):
    """Two runs with the same settings tell the same story."""
    stories = []
    for _ in range(2):
        explorer.start.click()
        finish(explorer)
        stories.append(explorer.history.train + explorer.history.validation)
    assert stories[0] == stories[1]


def test_the_notebooks_random_numbers_go_on(explorer):
    """Neither the slider nor a run touches them, nor the thread count."""
    threads = torch.get_num_threads()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    explorer.setting.value = 9
    TrainingExplorer(3)
    explorer.start.click()
    finish(explorer)
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads


def test_too_high_a_learning_rate_is_said(explorer, digits):
    """Divergence is an alert with advice, and the buttons come back."""
    explorer.lr.options = [0.003, 1e20]
    explorer.lr.value = 1e20
    digits[0] = ImageSet(digits[0].x.clone(), digits[0].y)  # the digits themselves belong to everybody
    digits[0].x[0, 0] = float("nan")
    explorer.start.click()
    finish(explorer)
    role, words = caption_in(explorer)
    assert role == "alert"
    assert words.startswith(("FloatingPointError: ", "ValueError: x must hold finite numbers"))
    assert (explorer.start.disabled, explorer.stop.disabled) == (False, True)


def test_the_trained_model_is_handed_on():
    """Once, in evaluation mode, with its test error; an error of the receiver is said."""
    received = []
    explorer = TrainingExplorer(4, on_done=received.append)
    explorer.epochs.value = 1
    explorer.start.click()
    finish(explorer)
    assert received == [explorer.trained]
    assert explorer.trained.model is explorer.model
    assert not explorer.model.training
    assert 0 < explorer.trained.test_mse < 0.2
    explorer.on_done = lambda trained: trained.nonsense
    explorer.start.click()
    finish(explorer)
    assert caption_in(explorer)[0] == "alert"
    assert "nonsense" in caption_in(explorer)[1]


def test_stored_picture_while_training(explorer):
    """A notebook saved in the middle of a run keeps a picture."""
    explorer.epochs.max = explorer.epochs.value = 1_000_000
    explorer.start.click()
    wait_until(lambda: explorer.training)
    assert "image/png" in explorer._repr_mimebundle_()


def test_training_does_not_keep_python_alive(explorer):
    """The run's thread dies with the kernel."""
    explorer.epochs.max = explorer.epochs.value = 1_000_000
    explorer.start.click()
    assert explorer._thread.daemon
    assert explorer._thread in threading.enumerate()


@given(latent_dim=not_counts | st.integers(min_value=65))
@example(latent_dim=0)
@example(latent_dim=65)
@example(latent_dim=True)
def test_bad_latent_dim(latent_dim):
    """From 1 to 64, before the digits are loaded."""
    refuses("latent_dim", TrainingExplorer, latent_dim)


def test_a_dead_training_is_said(explorer):
    """In the caption, not as a warning that would land in another cell."""
    explorer.history = History(train=[{"total": 0.12}], validation=[{"total": 0.12}], died=True)
    assert "has died" in explorer.describe()
    assert "lower rate" in explorer.describe()
