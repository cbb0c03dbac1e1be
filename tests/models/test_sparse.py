"""Sparse codes against NumPy's sort, and their penalty against KL from torch.distributions."""

import numpy as np
import pytest
import torch
from helpers.models import small_sparse, sparse_by_hand
from helpers.strategies import choices_other_than, junk, not_counts, numpy_of, refuses
from hypothesis import example, given, strategies as st
from hypothesis.extra import numpy as hnp
from torch.distributions import Bernoulli, kl_divergence

from aecourse.models import SparseAutoencoder
from aecourse.models.sparse import PENALTIES, bernoulli_kl, keep_largest
from aecourse.training import fit

not_strengths = junk.filter(lambda s: s is not None and not (isinstance(s, float) and 0 <= s < float("inf")))
not_shares = junk.filter(lambda r: not (isinstance(r, float) and 0 < r < 1)) | st.integers()
each_penalty = pytest.mark.parametrize("penalty", PENALTIES)


@pytest.fixture
def x() -> torch.Tensor:
    """30 rows of noise."""
    return torch.rand(30, 12, generator=torch.Generator().manual_seed(1))


@each_penalty
def test_code_by_hand(x, penalty, device):
    """Tied weights, the activation of each penalty, and a sum of atoms."""
    model = small_sparse(penalty).to(device)
    z, x_hat = sparse_by_hand(model, x)
    x = x.to(device)
    np.testing.assert_allclose(numpy_of(model.encode(x)), z, atol=1e-5)
    np.testing.assert_allclose(numpy_of(model(x)), x_hat, atol=1e-5)
    assert np.array_equal(model.active(model.encode(x)).cpu().numpy(), z > (0.1 if penalty == "kl" else 0))
    assert model.train().loss(x)["total"].device == model.steps_since_active.device == x.device


@each_penalty
def test_loss_by_hand(x, penalty):
    """MSE per pixel plus what each penalty asks; the KL of coins from torch.distributions."""
    model = small_sparse(penalty, strength=0.7, rho=0.2)
    z, x_hat = sparse_by_hand(model, x)
    coins = Bernoulli(torch.tensor(z.mean(0).clip(1e-6, 1 - 1e-6)))  # only read for "kl"
    expected = {
        "l1": lambda: 0.7 * np.abs(z).sum(1).mean() / 12,
        "kl": lambda: 0.7 * kl_divergence(Bernoulli(torch.tensor(0.2).double()), coins).sum().item() / 12,
        "topk": lambda: 0.0,
    }[penalty]()
    terms = {name: value.item() for name, value in model.eval().loss(x).items()}
    assert terms["reconstruction"] == pytest.approx(((x_hat - numpy_of(x)) ** 2).mean(), rel=1e-5)
    assert terms["penalty"] == pytest.approx(expected, rel=1e-5)
    assert terms["total"] == pytest.approx(terms["reconstruction"] + expected, rel=1e-5)
    assert terms.keys() == {"total", "reconstruction", "penalty"}


@given(rho=st.floats(0.001, 0.999), rho_hat=st.lists(st.floats(0.001, 0.999), min_size=1, max_size=5))
def test_kl_of_two_coins(rho, rho_hat):
    """As torch.distributions has it; 0 where they agree."""
    rho_hat = torch.tensor(rho_hat, dtype=torch.float64)
    expected = kl_divergence(Bernoulli(torch.tensor(rho, dtype=torch.float64)), Bernoulli(rho_hat))
    torch.testing.assert_close(bernoulli_kl(rho, rho_hat), expected, atol=1e-10, rtol=1e-7)
    assert bernoulli_kl(rho, torch.tensor(rho)).item() == pytest.approx(0, abs=1e-6)


def test_kl_of_certain_coins_stays_finite():
    """A unit that is always asleep, or never, costs much but not infinity, and spoils no gradient."""
    rho_hat = torch.tensor([0.0, 1e-30, 1.0], requires_grad=True)
    cost = bernoulli_kl(0.05, rho_hat)
    cost.sum().backward()
    assert torch.isfinite(cost).all()
    assert (cost > 0.4).all()
    assert torch.isfinite(rho_hat.grad).all()


@given(
    z=hnp.arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 9)), elements=st.integers(-5, 5)),
    k=st.integers(1, 12),
)
def test_keep_largest_against_sort(z, k):
    """Each row keeps the k largest values, ties and negative ones included, each where it was; the rest is 0."""
    kept = keep_largest(torch.from_numpy(z), k).numpy()
    count = min(k, z.shape[1])
    for row, left in zip(z, kept, strict=True):
        assert np.array_equal(left[left != 0], row[left != 0])
        largest = np.sort(row)[::-1][:count]
        assert np.array_equal(np.sort(left[left != 0]), np.sort(largest[largest != 0]))


@pytest.mark.parametrize("penalty", ["l1", "topk"])
def test_atoms_have_length_one(x, penalty):
    """So that halving the codes and doubling the atoms is no way round the penalty."""
    model, cheat = small_sparse(penalty), small_sparse(penalty)
    with torch.no_grad():
        cheat.decoder.weight.mul_(2)
    torch.testing.assert_close(cheat.decoder.atoms.norm(dim=0), torch.ones(20))
    for name, term in model.eval().loss(x).items():
        torch.testing.assert_close(cheat.eval().loss(x)[name], term)
    fit(model, x, epochs=20, lr=0.05, progress=False)
    torch.testing.assert_close(model.decoder.atoms.norm(dim=0), torch.ones(20))


def test_kl_atoms_are_free():
    """Sigmoids stop at 1, so the atoms must be free to grow."""
    model = small_sparse("kl")
    assert torch.equal(model.decoder.atoms, model.decoder.weight)


def test_stronger_is_sparser(x):
    """The penalty of "l1" makes units inactive; rho is what "kl" gets; "topk" never exceeds k."""
    active = []
    for strength in (0.0, 0.2, 2.0):
        model = small_sparse("l1", strength=strength)
        fit(model, x, epochs=100, lr=0.02, progress=False)
        active.append(model.active(model.encode(x)).float().mean().item())
    assert active[0] > active[1] > active[2]
    model = small_sparse("kl", rho=0.1, strength=20.0)
    fit(model, x, epochs=300, lr=0.05, progress=False)
    assert model.encode(x).mean(0).sub(0.1).abs().mean() < 0.03
    assert (small_sparse("topk").encode(x) > 0).sum(1).max() <= 3


@given(
    penalty=choices_other_than(*PENALTIES),
    strength=not_strengths | st.floats(max_value=-1e-9),
    rho=not_shares,
    k=not_counts,
)
@example(penalty="L1", strength=-0.1, rho=0.0, k=0)
@example(penalty="top-k", strength=float("nan"), rho=1.0, k=True)
@example(penalty=None, strength=True, rho=float("nan"), k=21)
def test_bad_settings(penalty, strength, rho, k):
    """Each is named before any unit is drawn; more active units than units only "topk" can ask for."""
    before = torch.get_rng_state()
    assert "l1, kl, topk" in refuses("penalty", SparseAutoencoder, penalty=penalty)
    refuses("strength", SparseAutoencoder, strength=strength)
    refuses("rho", SparseAutoencoder, penalty="kl", rho=rho)
    refuses("k", SparseAutoencoder, 20, penalty="topk", k=k)
    refuses("k", SparseAutoencoder, 20, penalty="topk", k=21)
    assert torch.equal(torch.get_rng_state(), before)
    assert SparseAutoencoder(20, penalty="l1", k=50).latent_dim == 20
