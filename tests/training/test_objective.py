"""Anybody's network trains: what its loss may return, what is said when it does not fit, and a training that died."""

from __future__ import annotations

import pytest
import torch
from helpers.strategies import same, state_of
from torch import nn
from torch.nn import functional as F

from aecourse.evaluation import reconstruct, reconstruction_mse
from aecourse.models import DenseAutoencoder
from aecourse.training import fit, mean_loss
from aecourse.training.objective import objective

QUIET = {"progress": False}


@pytest.fixture
def x(blobs) -> torch.Tensor:
    """40 images that can be learnt."""
    return blobs


def plain() -> nn.Sequential:
    """A network of nobody's class."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(784, 8), nn.Tanh(), nn.Linear(8, 784), nn.Sigmoid())


def squared_error(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """A loss that is a number."""
    return F.mse_loss(model(x), x)


class Own(nn.Module):
    """A learner's class with a loss of its own, which draws random numbers."""

    def __init__(self, answer=lambda loss: loss) -> None:
        super().__init__()
        self.net, self.answer = plain(), answer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)

    def loss(self, x: torch.Tensor):
        return self.answer(F.mse_loss(self(x + 0.1 * torch.randn_like(x)), x))


class Pictures(nn.Module):
    """A convolutional network on (n, 3, 8, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 3, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.up(self.down(x).relu())


def test_a_function_of_model_and_batch(x):
    """The same as the course's own class with the same weights and loss, to the last bit."""
    model, twin = plain(), Own()
    history = fit(model, x, loss=squared_error, epochs=3, validation=x, **QUIET)
    twin.loss = lambda batch: squared_error(twin, batch)
    again = fit(twin, x, epochs=3, validation=x, **QUIET)
    assert same(model.state_dict(), twin.net.state_dict())
    assert history.train == again.train and history.validation == again.validation
    assert history.validation[-1]["total"] == pytest.approx(reconstruction_mse(model, x), rel=1e-5)
    assert mean_loss(model, x, loss=squared_error) == history.validation[-1]


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        (lambda loss: loss, {"total"}),
        (lambda loss: {"total": loss, "half": loss / 2}, {"total", "half"}),
        (lambda loss: {"loss": loss, "half": loss / 2}, {"total", "half"}),
        (lambda loss: loss.reshape(1), {"total"}),
    ],
)
def test_a_method_may_return_a_number_or_terms(x, answer, names):
    """A scalar, or a dict with the entry "total" or "loss"."""
    history = fit(Own(answer), x, epochs=30, batch_size=10, lr=1e-2, **QUIET)
    assert set(history.train[-1]) == names
    assert history.train[-1]["total"] < 0.5 * history.train[0]["total"]


def test_an_autoencoder_whose_loss_is_a_number(x):
    """A subclass of the course's class as well."""

    class Number(DenseAutoencoder):
        def loss(self, x):
            return F.mse_loss(self(x), x)

    history = fit(Number(2, hidden=()), x, epochs=2, validation=x, **QUIET)
    assert set(history.train[-1]) == set(history.validation[-1]) == {"total"}


def test_pictures_of_any_shape():
    """Images (n, 3, 8, 8) are trained and restored as they are."""
    pictures, model = torch.rand(30, 3, 8, 8), Pictures()
    fit(model, pictures, loss=squared_error, epochs=2, batch_size=10, **QUIET)
    assert reconstruct(model, pictures).shape == pictures.shape
    assert reconstruction_mse(model, pictures) == pytest.approx(squared_error(model, pictures).item(), rel=1e-5)


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        (plain(), {}, r"method loss\(x\), or pass loss="),
        (plain(), {"loss": 3}, "loss must be a function"),
        (plain(), {"loss": lambda model, x: 0.5}, "loss must return a tensor"),
        (plain(), {"loss": lambda model, x: model(x)}, "loss must return a tensor .* shape"),
        (plain(), {"loss": lambda model, x: {"mse": model(x).mean()}}, "'total' or 'loss'"),
        (plain(), {"loss": lambda model, x: x.mean()}, "depend on the weights"),
        (plain(), {"loss": lambda x: x.mean()}, "loss cannot be computed"),
        (Pictures(), {"loss": squared_error}, r"images of shape \(n, 784\)"),
        (Own(lambda loss: None), {}, "loss must return a tensor"),
    ],
)
def test_what_does_not_fit_is_said_first(x, model, options, words):
    """Before any work: no weight, mode or random number changes."""
    before, random = state_of(model), torch.get_rng_state()
    with pytest.raises((TypeError, ValueError, RuntimeError), match=words):
        fit(model, x, **options, **QUIET)
    assert same(model.state_dict(), before) and model.training
    assert torch.equal(torch.get_rng_state(), random)


def test_the_first_try_changes_no_random_numbers(x):
    """A network that draws noise is tried once before it is trained, and nothing shows it."""
    model = Own()
    before, random = state_of(model), torch.get_rng_state()
    objective(model, None, x)
    assert same(model.state_dict(), before) and model.training
    assert torch.equal(torch.get_rng_state(), random)


@pytest.mark.parametrize(
    "answer",
    [lambda x: (x, x), lambda x: x[:, :10], lambda x: x.reshape(-1, 1, 28, 28)],
    ids=["pair", "short", "shape"],
)
def test_only_images_are_reconstructions(x, answer):
    """What else a network gives back is not guessed at."""

    class Other(Own):
        def forward(self, x):
            return answer(x)

    with pytest.raises(TypeError, match="model must give back images"):
        reconstruction_mse(Other(), x)


def test_parts_keep_their_mode(x):
    """A part that the learner froze stays frozen when the network is judged."""
    model = nn.Sequential(nn.Linear(784, 8), nn.BatchNorm1d(8), nn.Linear(8, 784))
    model[1].eval()
    reconstruction_mse(model, x)
    mean_loss(model, x, loss=squared_error)
    assert [part.training for part in model] == [True, False, True]


class TestDeath:
    """A network that answers every image alike, worse than the mean image."""

    def killed(self, x, **options):
        """A network whose output layer is driven into saturation."""
        model = DenseAutoencoder(2, hidden=(8,))
        with torch.no_grad():
            model.decoder[-2].bias.fill_(200.0)  # all white for ever: the sigmoid has no gradient there
        return fit(model, x, batch_size=10, **options, **QUIET)

    def test_it_is_said(self, x):
        """As a warning with advice, and in the history."""
        with pytest.warns(RuntimeWarning, match=r"has died.*lr below 0\.003"):
            assert self.killed(x, epochs=60).died

    def test_not_of_one_that_has_hardly_begun(self, x, recwarn):
        """An untrained network answers every image nearly alike too."""
        assert not self.killed(x, epochs=2).died
        assert not recwarn

    def test_not_of_one_that_learns(self, tiny, x, recwarn):
        """Nor of one that gives back something else than images."""
        assert not fit(tiny, x, epochs=60, batch_size=10, **QUIET).died
        head = nn.Linear(784, 1)
        assert not fit(head, x, loss=lambda model, x: model(x).square().mean(), epochs=60, batch_size=10, **QUIET).died
        assert not recwarn
