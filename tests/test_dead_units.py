"""Units that have slept through PATIENCE batches learn what the others missed."""

import pytest
import torch
from strategies import numpy_of, state_of
from test_sparse import build, by_hand

from aecourse.models import SparseAutoencoder
from aecourse.models.sparse import PATIENCE
from aecourse.training import fit


@pytest.fixture
def x() -> torch.Tensor:
    """30 rows of noise"""
    return torch.rand(30, 12, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def model() -> SparseAutoencoder:
    """units 5 and 6 never wake"""
    model = build("topk", strength=0.5, k=8).train()
    with torch.no_grad():
        model.encoder_bias[5:7] = -100
    return model


def gradients(model, x) -> tuple[torch.Tensor, torch.Tensor]:
    """of one batch: (encoder bias, atoms)"""
    model.zero_grad()
    model.loss(x)["total"].backward()
    return model.encoder_bias.grad.clone(), model.decoder.weight.grad.clone()


def test_gradient_comes_after_patience_and_not_before(model, x):
    """for the dead alone: the others learn as if nobody had died"""
    plain = gradients(model.eval(), x)
    model.train()
    for _ in range(PATIENCE):
        for now, before in zip(gradients(model, x), plain, strict=True):
            assert torch.equal(now, before)
            assert (now[..., 5:7] == 0).all()
    slept = model.asleep.clone()
    bias, atoms = gradients(model, x)
    assert (slept[5:7] == PATIENCE).all()
    dead = model.asleep > PATIENCE
    assert dead[5:7].all()
    assert not dead.all()
    assert (bias[5:7] != 0).all()
    assert (atoms[:, 5:7].abs().sum(0) > 0).all()
    torch.testing.assert_close(bias[~dead], plain[0][~dead])
    torch.testing.assert_close(atoms[:, ~dead], plain[1][:, ~dead])


def test_penalty_by_hand(model, x):
    """strength · MSE between what the dead draw and what was missed"""
    z, x_hat = by_hand(model, x)
    dead = ~(z > 0).any(0)
    terms = [model.loss(x) for _ in range(PATIENCE + 1)]
    atoms = numpy_of(model.decoder.atoms)[:, dead]
    rows = numpy_of(x)
    spare = (rows - numpy_of(model.decoder.bias)) @ atoms + numpy_of(model.encoder_bias)[dead]
    assert 2 <= dead.sum() <= model.k  # so that all of them may draw
    expected = 0.5 * ((spare @ atoms.T - (rows - x_hat)) ** 2).mean()
    assert [term["penalty"].item() for term in terms[:-1]] == [0] * PATIENCE
    assert terms[-1]["penalty"].item() == pytest.approx(expected, rel=1e-4)


def test_waking_starts_the_count_anew(model, x):
    """one use is enough; judging does not count, and no file remembers"""
    for _ in range(4):
        model.loss(x)
    assert model.asleep[5] == 4
    model.eval().loss(x)
    assert model.asleep[5] == 4
    assert "asleep" not in state_of(model)
    with torch.no_grad():
        model.encoder_bias[5] = 100
    model.train().loss(x)
    assert (model.asleep[5], model.asleep[6]) == (0, 5)


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_training_keeps_units_in_use(x, strength):
    """with the cure two units that hardly ever wake stay in use; without it they fall asleep for good"""
    model = build("topk", strength=strength, k=8)
    with torch.no_grad():
        model.encoder_bias[5:7] = -1
    fit(model, x, epochs=100, batch_size=10, lr=0.02, progress=False)
    used = model.awake(model.encode(x)).any(0)[5:7]
    assert used.tolist() == [strength > 0] * 2
