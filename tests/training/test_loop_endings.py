"""Every way a training can end or never begin: nothing is lost, and the next cell works."""

import threading

import pytest
import torch
from helpers.strategies import (
    bad_images,
    choices_other_than,
    junk,
    not_counts,
    not_functions,
    not_rates,
    not_seeds,
    refuses,
    same,
    state_of,
)
from hypothesis import example, given

from aecourse.data import ImageSet
from aecourse.models import DenseAutoencoder, LinearAutoencoder
from aecourse.training import fit, loop

QUIET = {"progress": False}


@pytest.fixture
def x(blobs) -> torch.Tensor:
    """40 images that can be learnt."""
    return blobs


class TestEndings:
    """Stop, Ctrl-C and divergence: what is learnt is kept, and the next fit works."""

    @pytest.fixture(autouse=True)
    def _next_fit_works(self, tiny, x):
        yield
        history = fit(tiny, x, epochs=2, **QUIET)
        assert (history.epochs, history.stopped) == (2, "")

    def ended(self, model, x, history, why: str, epochs: int) -> None:
        """A partial History whose lists agree, and a model in evaluation mode that is better than none."""
        assert (history.stopped, history.epochs) == (why, epochs)
        assert len(history.train) == len(history.validation) == len(history.seconds) == epochs
        assert not model.training

    def test_stop_between_epochs(self, tiny, x):
        """An event set while an epoch is reported ends the training after one more step."""
        stop, untrained = threading.Event(), state_of(tiny)
        on_epoch = lambda history: history.epochs == 2 and stop.set()  # noqa: E731
        self.ended(tiny, x, fit(tiny, x, epochs=9, validation=x, stop=stop, on_epoch=on_epoch, **QUIET), "Stop", 2)
        assert not same(tiny.state_dict(), untrained)

    def test_stop_before_the_start(self, tiny, x):
        """One step at most."""
        stop, batches = threading.Event(), []
        stop.set()
        history = fit(tiny, x, batch_size=4, validation=x, stop=stop, augment=lambda b: batches.append(1) or b, **QUIET)
        self.ended(tiny, x, history, "Stop", 0)
        assert len(batches) <= 1

    def test_stop_from_another_thread(self, tiny, x):
        """As a button does it."""
        stop = threading.Event()
        press = lambda history: history.epochs == 1 and threading.Timer(0.05, stop.set).start()  # noqa: E731
        history = fit(tiny, x, epochs=1_000_000, stop=stop, on_epoch=press, **QUIET)
        assert history.stopped == "Stop"
        assert 0 < history.epochs < 1_000_000

    def test_stop_from_on_step(self, tiny, x):
        """An event set after a step ends the training there: no other step is made."""
        stop, states = threading.Event(), []

        def on_step():
            states.append(state_of(tiny))
            if len(states) == 2 * 5 + 3:
                stop.set()

        history = fit(tiny, x, epochs=9, batch_size=8, validation=x, stop=stop, on_step=on_step, **QUIET)
        self.ended(tiny, x, history, "Stop", 2)
        assert len(states) == 2 * 5 + 3
        assert same(tiny.state_dict(), states[-1])

    def test_interrupt_from_on_step(self, tiny, x):
        """The epoch in which it comes does not count; its steps are not undone."""
        states = []

        def on_step():
            states.append(state_of(tiny))
            if len(states) == 5 + 1:
                raise KeyboardInterrupt

        history = fit(tiny, x, epochs=9, batch_size=8, validation=x, on_step=on_step, **QUIET)
        self.ended(tiny, x, history, "Ctrl-C", 1)
        assert same(tiny.state_dict(), states[-1])

    def test_interrupt_from_on_epoch(self, tiny, x):
        """The epoch that was reported counts."""

        def on_epoch(history):
            if history.epochs == 2:
                raise KeyboardInterrupt

        self.ended(tiny, x, fit(tiny, x, epochs=9, validation=x, on_epoch=on_epoch, **QUIET), "Ctrl-C", 2)

    def test_interrupt_within_an_epoch(self, tiny, x, ctrl_c):
        """A real Ctrl-C in the third epoch: two are kept, and the steps done since are not undone."""
        steps, states = [], []

        def augment(batch):
            states.append(state_of(tiny))
            steps.append(1)
            if len(steps) == 2 * 5 + 3:
                ctrl_c()
            return batch

        history = fit(tiny, x, epochs=9, batch_size=8, validation=x, augment=augment, **QUIET)
        self.ended(tiny, x, history, "Ctrl-C", 2)
        assert same(tiny.state_dict(), states[-1])

    def test_interrupt_within_validation(self, tiny, x, monkeypatch):
        """An epoch without its validation does not count."""
        calls, loss = [], type(tiny).loss

        def interrupted(self, batch):
            calls.append(1)
            if not self.training and len(calls) > 2:
                raise KeyboardInterrupt
            return loss(self, batch)

        with monkeypatch.context() as patch:
            patch.setattr(type(tiny), "loss", interrupted)
            history = fit(tiny, x, epochs=9, validation=x, **QUIET)
        self.ended(tiny, x, history, "Ctrl-C", 1)

    @pytest.mark.parametrize(("drawn", "epochs"), [(1, 0), (2, 1)])
    def test_interrupt_while_the_bar_draws(self, tiny, x, monkeypatch, drawn, epochs):
        """Another thread can train afterwards: tqdm's own bars keep their lock, and that thread waits for ever."""
        draw, times = loop._Bar.display, []

        def interrupted(bar, *args, **kwargs):
            times.append(bar)
            if len(times) == drawn:
                raise KeyboardInterrupt
            return draw(bar, *args, **kwargs)

        monkeypatch.setattr(loop._Bar, "display", interrupted)
        self.ended(tiny, x, fit(tiny, x, epochs=9, validation=x), "Ctrl-C", epochs)
        later = threading.Thread(target=fit, args=(tiny, x), kwargs=QUIET, daemon=True)
        later.start()
        later.join(60)
        assert not later.is_alive()

    def test_divergence(self, x):
        """A loss that is no number any more is an error with advice, not a curve of NaN."""
        model = LinearAutoencoder(4)
        with pytest.raises(FloatingPointError, match=r"lr below 1e\+30"):
            fit(model, x, epochs=5, lr=1e30, schedule="constant", **QUIET)
        assert not model.training

    def test_divergence_keeps_the_last_good_weights(self, tiny, x):
        """Those from before the epoch that the message names, also if the last step spoils but a weight."""
        fit(tiny, x, epochs=2, **QUIET)
        after_two = state_of(tiny)

        def poisoned():
            with torch.no_grad():
                next(tiny.parameters())[0] = float("nan")

        with pytest.raises(FloatingPointError, match="in epoch 1; the weights are put back"):
            fit(tiny, x, epochs=3, batch_size=len(x), on_step=poisoned, **QUIET)
        assert same(tiny.state_dict(), after_two)

    @pytest.mark.parametrize("callback", [{"on_epoch": lambda history: 1 / 0}, {"on_step": lambda: 1 / 0}])
    def test_an_error_in_a_callback_is_passed_on(self, tiny, x, callback):
        """Nobody swallows it, and the model is left in evaluation mode."""
        with pytest.raises(ZeroDivisionError):
            fit(tiny, x, **callback, **QUIET)
        assert not tiny.training


def test_progress_bar_can_be_silenced(tiny, x, capfd):
    """Quiet is quiet; else one bar with the loss and the time that is left."""
    fit(tiny, x, epochs=2, progress=False)
    assert capfd.readouterr() == ("", "")
    history = fit(tiny, x, epochs=2)
    drawn = capfd.readouterr().err
    assert f" left, epoch 2, loss {history.train[-1]['total']:.5f}" in drawn
    assert drawn.lstrip("\r").split("\r")[0].strip() == "training, 2 epochs"  # what a notebook stores has no time in it


@given(
    epochs=not_counts,
    batch_size=not_counts,
    lr=not_rates,
    schedule=choices_other_than("trapezoid", "constant"),
    seed=not_seeds,
    augment=not_functions,
    on_epoch=not_functions,
    on_step=not_functions,
    stop=not_functions,
)
@example(epochs=0, batch_size=0, lr=0, schedule="one-cycle", seed=-1, augment=1, on_epoch="x", on_step=2, stop=True)
@example(epochs=True, batch_size=2.0, lr=True, schedule=None, seed=2**32, augment=[], on_epoch=0, on_step=[], stop=1)
def test_bad_settings(**settings):
    """Each is refused by its name before any work: no weight, mode or random number changes."""
    model, x = DenseAutoencoder(2, hidden=()), torch.zeros(3, 784)
    before, random = state_of(model), torch.get_rng_state()
    for name, value in settings.items():
        refuses(name, fit, model, x, **{name: value})
    assert same(model.state_dict(), before)
    assert model.training
    assert torch.equal(torch.get_rng_state(), random)


@given(images=bad_images(784))
def test_bad_training_images(images):
    """Both `x` and `validation` are looked at."""
    model = DenseAutoencoder(2, hidden=())
    before, good = state_of(model), torch.full((3, 784), 0.5)
    refuses("x", fit, model, images)
    if images is not None:
        refuses("validation", fit, model, good, validation=images)
    assert same(model.state_dict(), before)


def test_an_image_set_is_not_its_images(tiny, x):
    """The commonest slip is answered with what to write."""
    images = ImageSet(x, torch.zeros(40, dtype=torch.int64))
    with pytest.raises(TypeError, match=r"ImageSet; pass its images, x\.x"):
        fit(tiny, images)
    with pytest.raises(TypeError, match=r"ImageSet; pass its images, validation\.x"):
        fit(tiny, x, validation=images)


@given(model=junk)
def test_no_model(model):
    """Only a network can be trained."""
    refuses("model", fit, model, torch.zeros(3, 784))


@pytest.mark.parametrize(("count", "batch_size"), [(9, 4), (5, 1), (1, 256)])
def test_batch_norm_cannot_train_on_one_image(count, batch_size):
    """A last batch of one is refused before the first step, not after many."""
    model, x = DenseAutoencoder(2, hidden=(4,), batch_norm=True), torch.zeros(count, 784)
    refuses("batch_size", fit, model, x, batch_size=batch_size)
    assert fit(DenseAutoencoder(2, hidden=(4,)), x, epochs=1, batch_size=batch_size, **QUIET).epochs == 1
