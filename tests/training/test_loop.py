"""The training loop against Adam written out by hand, and what it records."""

import copy
import itertools

import numpy as np
import pytest
import torch
from helpers.strategies import refuses, same, state_of

from aecourse.evaluation import reconstruction_mse
from aecourse.models import Autoencoder, DenseAutoencoder, LinearAutoencoder, NestedAutoencoder
from aecourse.training import fit, mean_loss
from aecourse.training.settings import trapezoid

QUIET = {"progress": False}


@pytest.fixture
def x(blobs) -> torch.Tensor:
    """40 images that can be learnt."""
    return blobs


def test_it_learns(tiny, x):
    """The loss falls on data that can be learnt, and the record says so."""
    before = mean_loss(tiny, x)["total"]
    history = fit(tiny, x, epochs=60, batch_size=8, lr=1e-2, **QUIET)
    losses = [terms["total"] for terms in history.train]
    assert losses[-1] < 0.1 * losses[0]
    assert mean_loss(tiny, x)["total"] < 0.1 * before
    assert (history.epochs, history.stopped, len(history.seconds)) == (60, "", 60)
    assert history.seconds == sorted(history.seconds)
    assert history.validation == []


@pytest.mark.parametrize("build", [lambda: DenseAutoencoder(4, hidden=(16,)), lambda: LinearAutoencoder(4)])
def test_steps_are_adam_by_hand(build, device, x):
    """Three full-batch steps as Kingma & Ba write them: 10⁻⁸ and 0.9, with β₂ = 0.95."""
    torch.manual_seed(0)
    model = build().to(device)
    twin, lr = copy.deepcopy(model).double(), 1e-2
    x = x.to(device)
    fit(model, x, epochs=3, batch_size=len(x), lr=lr, schedule="constant", **QUIET)
    parameters = list(twin.parameters())
    first, second = ([torch.zeros_like(p) for p in parameters] for _ in range(2))
    for t in (1, 2, 3):
        gradients = torch.autograd.grad(((twin(x.double()) - x.double()) ** 2).mean(), parameters)
        for p, g, m, v in zip(parameters, gradients, first, second, strict=True):
            m.mul_(0.9).add_(0.1 * g)
            v.mul_(0.95).add_(0.05 * g**2)
            p.data -= lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.95**t)).sqrt() + 1e-8)
    for trained, by_hand in zip(model.parameters(), parameters, strict=True):
        torch.testing.assert_close(trained.double(), by_hand, atol=2e-4, rtol=0)
        assert (trained.double() - by_hand).abs().mean() < 1e-5


class Ramp(Autoencoder):
    """A model whose loss is one weight: Adam's step then shows the learning rate itself."""

    def __init__(self) -> None:
        super().__init__(in_features=784, latent_dim=1)
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def loss(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """The slope is 1 everywhere."""
        return {"total": self.weight, "half": self.weight / 2}


def slopes(**options) -> np.ndarray:
    """How far each of 40 steps goes."""
    model, places = Ramp(), [0.0]
    keep = lambda history: places.append(model.weight.item())  # noqa: E731
    fit(model, torch.zeros(4, 784), epochs=40, on_epoch=keep, **options, **QUIET)
    return -np.diff(places)


def test_constant_schedule():
    """Every step as large as lr."""
    np.testing.assert_allclose(slopes(lr=0.1, schedule="constant"), 0.1, rtol=1e-3)


def test_trapezoid_schedule_by_hand():
    """Up to lr in a fifth of a short run, then constant, then down in a straight line over the second half."""
    rising = [0.01 + 0.99 * t / 8 for t in range(8)]
    expected = rising + [1.0] * 12 + [(40 - t) / 20 for t in range(20, 40)]
    np.testing.assert_allclose(slopes(lr=0.1), 0.1 * np.array(expected), rtol=2e-3, atol=1e-6)


def test_warm_up_counts_steps():
    """A hundred steps in a long run, however long."""
    share = trapezoid(10_000)
    assert [share(0), share(50), share(99), share(100), share(5_000)] == pytest.approx([0.01, 0.505, 0.9901, 1, 1])
    assert share(9_999) == pytest.approx(1 / 5_000)


def test_each_image_once_an_epoch(tiny, x):
    """Shuffled anew, in batches of the size asked for, the last one smaller."""
    x[:, 0] = torch.arange(40) / 40
    seen: list[list[int]] = []
    note = lambda batch: seen.append((batch[:, 0] * 40).round().int().tolist()) or batch  # noqa: E731
    fit(tiny, x, epochs=2, batch_size=16, augment=note, **QUIET)
    assert list(map(len, seen)) == [16, 16, 8] * 2
    first, second = (list(itertools.chain(*epoch)) for epoch in (seen[:3], seen[3:]))
    assert sorted(first) == sorted(second) == list(range(40))
    assert first != second
    assert first != sorted(first)


def test_on_step_is_called_after_each_step(tiny, x):
    """Three batches an epoch, without arguments, each time with the weights moved; before the epoch is reported."""
    calls, states = [], [state_of(tiny)]

    def on_step():
        calls.append("step")
        states.append(state_of(tiny))

    fit(tiny, x, epochs=2, batch_size=16, on_step=on_step, on_epoch=lambda history: calls.append("epoch"), **QUIET)
    assert calls == ["step", "step", "step", "epoch"] * 2
    assert not any(same(before, after) for before, after in itertools.pairwise(states))
    assert same(tiny.state_dict(), states[-1])


def test_on_step_changes_no_training(tiny, x):
    """Watching every step gives the same weights and the same losses, bit by bit."""
    twin, calls = copy.deepcopy(tiny), []
    watched = fit(tiny, x, epochs=2, batch_size=16, on_step=lambda: calls.append(mean_loss(tiny, x)), **QUIET)
    plain = fit(twin, x, epochs=2, batch_size=16, **QUIET)
    assert len(calls) == 6
    assert watched.train == plain.train
    assert same(tiny.state_dict(), twin.state_dict())


def test_history_is_the_mean_over_batches(x):
    """Every term, not only the total."""

    class Noting(DenseAutoencoder):
        def loss(self, x):
            total = super().loss(x)["total"]
            noted.append(total.item())
            return {"total": total, "twice": 2 * total.detach()}

    noted: list[float] = []
    history = fit(Noting(2, hidden=()), x, epochs=2, batch_size=16, **QUIET)
    for epoch, terms in enumerate(history.train):
        assert terms["total"] == pytest.approx(np.mean(noted[3 * epoch : 3 * epoch + 3]), rel=1e-5)
        assert terms["twice"] == pytest.approx(2 * terms["total"], rel=1e-5)


def test_validation_is_recorded(x):
    """After each epoch, in evaluation mode, and it changes nothing."""
    torch.manual_seed(0)
    model, twin = NestedAutoencoder(4, hidden=(8,)), NestedAutoencoder(4, hidden=(8,))
    twin.load_state_dict(model.state_dict())
    measured = []
    torch.manual_seed(1)
    on_epoch = lambda history: measured.append((reconstruction_mse(model, x[30:]), history.epochs))  # noqa: E731
    history = fit(model, x[:30], epochs=3, validation=x[30:], on_epoch=on_epoch, **QUIET)
    torch.manual_seed(1)
    fit(twin, x[:30], epochs=3, **QUIET)
    assert [terms["total"] for terms in history.validation] == pytest.approx([error for error, _ in measured], rel=1e-5)
    assert [epochs for _, epochs in measured] == [1, 2, 3]
    assert same(model.state_dict(), twin.state_dict())
    assert not model.training


def test_trains_in_training_mode(x):
    """Also a model that was judged before, and after each validation."""
    model, modes = DenseAutoencoder(2, hidden=(8,), batch_norm=True).eval(), []
    fit(model, x, epochs=2, validation=x, augment=lambda batch: modes.append(model.training) or batch, **QUIET)
    assert modes == [True, True]
    assert model.encoder[1].num_batches_tracked == 2


@pytest.mark.parametrize("objective", ["mse", "bce"])
def test_what_augment_returns_is_checked(x, objective):
    """Of another range or shape it is refused before a weight has changed, not trained on in silence."""
    model = DenseAutoencoder(2, hidden=(8,), objective=objective)
    before = state_of(model)
    noisy = lambda b: b + 0.1 * torch.randn_like(b)  # noqa: E731
    for augment in (noisy, lambda b: 255 * b, lambda b: b[:, :700], lambda b: b.numpy()):
        refuses("what augment returns", fit, model, x, epochs=1, augment=augment, **QUIET)
        assert same(model.state_dict(), before)


def test_a_narrow_range_is_suspect(mnist):
    """Pixels divided by 255 twice train without a word elsewhere."""
    with pytest.warns(UserWarning, match="divided by 255 twice"):
        fit(DenseAutoencoder(2, hidden=(8,)), mnist[0].x[:100] / 255, epochs=1, **QUIET)


def test_a_frozen_batch_norm_stays(x):
    """Its means and variances are those of before; one that learns moves its own."""
    model = DenseAutoencoder(2, hidden=(8,), batch_norm=True)
    frozen, free = (part for part in model.modules() if isinstance(part, torch.nn.BatchNorm1d))
    frozen.requires_grad_(False)
    fit(model, x, epochs=1, **QUIET)
    assert not frozen.running_mean.any() and free.running_mean.any()


def test_mean_loss_weighs_each_image_alike(tiny, x):
    """Batches of different size, and the mode stays as it was."""
    tiny.train()
    expected = ((tiny(x) - x) ** 2).mean().item()
    assert mean_loss(tiny, x, batch_size=17)["total"] == pytest.approx(expected, rel=1e-5)
    assert tiny.training


@pytest.mark.parametrize("family", [DenseAutoencoder, NestedAutoencoder])
def test_same_seed_same_numbers(family, device, x):
    """To the last bit; another seed gives others."""

    def train(seed: int) -> tuple[dict, list]:
        torch.manual_seed(0)
        model = family(4, hidden=(16,)).to(device)
        history = fit(model, x.to(device), epochs=2, batch_size=8, seed=seed, **QUIET)
        return state_of(model), history.train

    (state, losses), (again, losses_again), (other, _) = train(3), train(3), train(4)
    assert same(state, again)
    assert losses == losses_again
    assert not same(state, other)


def test_order_does_not_hang_on_the_notebook(tiny, x):
    """Whatever was drawn before, the seed alone decides the order of the images."""
    twin = copy.deepcopy(tiny)
    torch.manual_seed(1)
    fit(tiny, x, batch_size=8, **QUIET)
    torch.manual_seed(2)
    fit(twin, x, batch_size=8, **QUIET)
    assert same(tiny.state_dict(), twin.state_dict())
