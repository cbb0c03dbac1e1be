"""Units that have slept through DEAD_AFTER batches learn what the others missed."""

import pytest
import torch
from helpers.models import small_sparse, sparse_by_hand
from helpers.strategies import numpy_of, state_of

from aecourse.models import SparseAutoencoder
from aecourse.models.sparse import DEAD_AFTER
from aecourse.training import fit


@pytest.fixture
def x() -> torch.Tensor:
    """30 rows of noise."""
    return torch.rand(30, 12, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def model() -> SparseAutoencoder:
    """Units 5 and 6 never activate."""
    model = small_sparse("topk", strength=0.5, k=8).train()
    with torch.no_grad():
        model.encoder_bias[5:7] = -100
    return model


def gradients(model, x) -> tuple[torch.Tensor, torch.Tensor]:
    """Of one batch: (encoder bias, atoms)."""
    model.zero_grad()
    model.loss(x)["total"].backward()
    return model.encoder_bias.grad.clone(), model.decoder.weight.grad.clone()


def test_gradient_comes_after_patience_and_not_before(model, x):
    """For the dead alone: the others learn as if nobody had died."""
    plain = gradients(model.eval(), x)
    model.train()
    for _ in range(DEAD_AFTER):
        for now, before in zip(gradients(model, x), plain, strict=True):
            assert torch.equal(now, before)
            assert (now[..., 5:7] == 0).all()
    slept = model.steps_since_active.clone()
    bias, atoms = gradients(model, x)
    assert (slept[5:7] == DEAD_AFTER).all()
    dead = model.steps_since_active > DEAD_AFTER
    assert dead[5:7].all()
    assert not dead.all()
    assert (bias[5:7] != 0).all()
    assert (atoms[:, 5:7].abs().sum(0) > 0).all()
    torch.testing.assert_close(bias[~dead], plain[0][~dead])
    torch.testing.assert_close(atoms[:, ~dead], plain[1][:, ~dead])


def test_penalty_by_hand(model, x):
    """Strength · MSE between what the dead draw and what was missed."""
    z, x_hat = sparse_by_hand(model, x)
    dead = ~(z > 0).any(0)
    terms = [model.loss(x) for _ in range(DEAD_AFTER + 1)]
    atoms = numpy_of(model.decoder.atoms)[:, dead]
    rows = numpy_of(x)
    spare = (rows - numpy_of(model.decoder.bias)) @ atoms + numpy_of(model.encoder_bias)[dead]
    assert 2 <= dead.sum() <= model.k  # so that all of them may draw
    expected = 0.5 * ((spare @ atoms.T - (rows - x_hat)) ** 2).mean()
    assert [term["penalty"].item() for term in terms[:-1]] == [0] * DEAD_AFTER
    assert terms[-1]["penalty"].item() == pytest.approx(expected, rel=1e-4)


def test_waking_starts_the_count_anew(model, x):
    """One use is enough; judging does not count, and no file remembers."""
    for _ in range(4):
        model.loss(x)
    assert model.steps_since_active[5] == 4
    model.eval().loss(x)
    assert model.steps_since_active[5] == 4
    assert "steps_since_active" not in state_of(model)
    with torch.no_grad():
        model.encoder_bias[5] = 100
    model.train().loss(x)
    assert (model.steps_since_active[5], model.steps_since_active[6]) == (0, 5)


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_training_keeps_units_in_use(x, strength):
    """With the cure two units that hardly ever activate stay in use; without it they fall asleep for good."""
    model = small_sparse("topk", strength=strength, k=8)
    with torch.no_grad():
        model.encoder_bias[5:7] = -1
    fit(model, x, epochs=100, batch_size=10, lr=0.01, progress=False)
    used = model.active(model.encode(x)).any(0)[5:7]
    assert used.tolist() == [strength > 0] * 2
