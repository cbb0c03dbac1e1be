"""The sparsity explorer against the networks themselves."""

import numpy as np
import pytest
import torch
import traitlets
from helpers.strategies import refuses
from safetensors.torch import load

from aecourse.explorers import SparsityExplorer
from aecourse.explorers.sparsity import POSITIONS, USUAL, atom_images
from aecourse.models import DenseAutoencoder, SparseAutoencoder
from aecourse.plotting import as_images
from aecourse.zoo.shipped import SPARSE_SAMPLE, THRESHOLDS, load_sparse_net
from aecourse.zoo.weights import load_weights, read_card

NETS = [(kind, place, i + 1) for kind, places in POSITIONS.items() for i, place in enumerate(places)]


@pytest.fixture(scope="module")
def explorer() -> SparsityExplorer:
    """One for all tests, which ask it for rows and numbers."""
    return SparsityExplorer()


def asked(explorer, **values) -> tuple[list[torch.Tensor], dict[str, float]]:
    """The rows and numbers of some settings; the others stay as they are, with the penalty's usual threshold."""
    settings = explorer.settings() | {"threshold": USUAL[values.get("penalty", "l1")]} | values
    return list(explorer.rows(**settings).values()), explorer.numbers(**settings)


def same(row: torch.Tensor, expected: torch.Tensor) -> bool:
    """Equal up to one gray value, for rounding."""
    return np.abs(as_images(row).astype(int) - as_images(expected).astype(int)).max() <= 1


@pytest.mark.parametrize(("kind", "place", "strictness"), NETS)
def test_rows_against_the_network(explorer, mnist, kind, place, strictness):
    """Restored digits, the strongest atoms and their growing sum, computed anew from the weights."""
    rows, numbers = asked(explorer, penalty=kind, strictness=strictness, digits=4, digit=7)
    model, x = load_weights(f"sparse-{kind}-{place:g}"), mnist[1].one_of_each(4)
    with torch.no_grad():
        z, x_hat = model.encode(x)[7], model(x)
        drawn = z[None] * model.decoder.atoms  # (784, 1024): what each unit adds
        strongest = drawn.square().sum(0).argsort(descending=True)[:10]
        sums = model.decoder.bias + drawn[:, strongest].cumsum(1).T
    assert torch.equal(rows[0], x)
    assert same(rows[1], x_hat)
    assert torch.equal(rows[2], atom_images(model.decoder.atoms.T[strongest].detach()))
    assert same(rows[3], sums)
    scores = read_card(f"sparse-{kind}-{place:g}").scores
    expected = [scores["test_mse"], scores["test_awake"], scores["test_dead"], int(model.active(z).sum())]
    assert [numbers[name] for name in ("MSE", "active", "dead", "activates")] == expected
    assert numbers["alone"] == pytest.approx((sums[-1] - x[7]).square().mean().item(), rel=1e-5)


def test_atoms_are_numbered_by_use_and_shown_with_their_users(explorer, mnist):
    """Atom 5 is the sixth most used unit; its nine keenest digits stand beside it, the strongest first."""
    rows, numbers = asked(explorer, penalty="topk", strictness=1, atom=5)
    model = load_weights("sparse-topk-50")
    with torch.no_grad():
        z = model.encode(mnist[1].x[:SPARSE_SAMPLE])
    activates = (z > 0).sum(0)
    assert numbers["uses"] == activates.sort(descending=True).values[5]
    unit = int(load_sparse_net("topk", 50).order[5])
    assert int(activates[unit]) == numbers["uses"]
    assert torch.equal(rows[4][:1], atom_images(model.decoder.atoms.T[unit][None].detach()))
    assert torch.equal(rows[4][1:], mnist[1].x[z[:, unit].argsort(descending=True)[:9]])


def test_a_dead_atom_has_no_users(explorer):
    """The last atom of the strictest top-k network sleeps through every digit of the sample."""
    rows, numbers = asked(explorer, penalty="topk", strictness=3, atom=1023)
    assert numbers["uses"] == 0
    assert rows[4].shape == (1, 784)


@pytest.mark.parametrize(("kind", "place", "strictness"), NETS[::4])
@pytest.mark.parametrize("threshold", [THRESHOLDS[0], THRESHOLDS[4], THRESHOLDS[6], THRESHOLDS[-1]])
def test_awake_is_counted_anew(explorer, mnist, kind, place, strictness, threshold):
    """Above another threshold: one digit's units, an atom's digits, and the means over the sample; fewer users."""
    model, order = load_weights(f"sparse-{kind}-{place:g}"), load_sparse_net(kind, place).order
    with torch.no_grad():
        active = model.encode(mnist[1].x[:SPARSE_SAMPLE])[:, order] > threshold
        own = model.encode(mnist[1].one_of_each(2))[3] > threshold
    for atom in (0, 500, 1023):
        settings = {"penalty": kind, "strictness": strictness, "digits": 2, "digit": 3, "atom": atom}
        rows, numbers = asked(explorer, **settings, threshold=threshold)
        assert (numbers["activates"], numbers["uses"]) == (own.sum(), active[:, atom].sum())
        assert len(rows[4]) == 1 + min(9, numbers["uses"])
    if threshold != USUAL[kind]:
        assert numbers["active"] == pytest.approx(active.double().mean().item())
        assert numbers["dead"] == pytest.approx((~active.any(0)).double().mean().item())


def test_a_penalty_brings_its_threshold():
    """Unless it was moved."""
    explorer = SparsityExplorer("topk")
    assert explorer.threshold == 0
    explorer.penalty = "kl"
    assert explorer.threshold == 0.1
    explorer.threshold = 0.5
    explorer.penalty = "l1"
    assert explorer.threshold == 0.5


@pytest.mark.parametrize(("kind", "place", "strictness"), NETS)
def test_the_page_gets_the_network_as_it_was_shipped(explorer, kind, place, strictness):
    """Atoms, biases and users to the bit; the histogram's shares sum to nearly 1."""
    everything = explorer.assets | {name: make() for name, make in explorer.later.items()}
    found, net = load(everything[f"{kind}-{strictness}"]), load_sparse_net(kind, place)
    weight = load_weights(f"sparse-{kind}-{place:g}").decoder.weight.detach()
    assert found["atoms"].dtype == torch.int8
    assert torch.equal((found["atoms"].float() * found["steps"].float()).T, weight[:, net.order.clone()])
    assert torch.equal(found["bias"], net.model.decoder.bias)
    assert torch.equal(found["users"].T, net.users.int())
    assert torch.equal(found["uses"], net.uses)
    assert 0.99 <= found["share"].sum() <= 1 + 1e-6


def test_the_first_picture_comes_with_the_widget(explorer, mnist):
    """One network of nine, and the digits that use the first atom; it is the one that adds most to the 3."""
    assert [name for name in explorer.assets if "-" in name] == ["l1-2"]
    near, rows = load(explorer.assets["near digits"]), list(explorer.rows(**explorer.settings()).values())
    assert torch.equal(near["images"].float() / 255, mnist[1].x[near["places"].long()])
    assert sorted(map(bytes, near["images"].numpy())) == sorted(map(bytes, as_images(rows[4][1:])))
    assert torch.equal(rows[2][0], rows[4][0])
    assert sum(map(len, explorer.assets.values())) < 1.1e6


def test_the_workshop_follows_the_penalty():
    """What can be trained is of the penalty on the screen, also when the panel was opened before, and folded."""
    explorer = SparsityExplorer("l1")
    assert explorer.open_training().setup.build(0.1).penalty == "l1"
    explorer.penalty = "topk"
    assert explorer.trainer.setup.build(10).penalty == "topk"
    assert explorer.training["label"] == "units that stay active, k"
    explorer.fold_training()
    explorer.penalty = "kl"
    assert explorer.training == {}
    assert explorer.open_training().setup.build(0.1).penalty == "kl"


def test_pictures_of_ones_own():
    """Three of them; a black one activates whom it activates, and ties are broken by number."""
    explorer = SparsityExplorer("topk", 3, images=torch.cat([torch.rand(2, 784), torch.zeros(1, 784)]))
    assert (explorer.digit, explorer.images.per_set) == (2, 3)
    rows = explorer.rows(**explorer.settings())
    assert list(rows)[:3] == ["ten pictures", "restored", "strongest atoms of picture 2 of the ten"]
    assert len(rows["ten pictures"]) == 3
    explorer._repr_mimebundle_()


@pytest.mark.parametrize(
    ("name", "value"), [("penalty", "L1"), ("penalty", None), ("strictness", 0), ("strictness", 4)]
)
def test_bad_start(name, value):
    """An unknown penalty and a strictness outside 1 to 3 are refused by name."""
    refuses(name, SparsityExplorer, **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("penalty", "l2"), ("strictness", 4), ("digits", -1), ("digit", 10), ("atom", 1024), ("threshold", 0.3)],
)
def test_bad_setting(explorer, name, value):
    """So is what a control does not have."""
    before = explorer.settings()
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(explorer, name, value)
    assert explorer.settings() == before


def own_network(penalty: str, units: int = 37) -> SparseAutoencoder:
    """One whose units activate for some digits."""
    torch.manual_seed(0)
    model = SparseAutoencoder(units, penalty=penalty, k=7, rho=0.2, strength=0.3)
    with torch.no_grad():
        model.encoder_bias.uniform_(-1, 1)
    return model.eval()


@pytest.mark.parametrize(("penalty", "place"), [("l1", 0.3), ("kl", 0.2), ("topk", 7)])
def test_a_network_of_ones_own(mnist, penalty, place):
    """Its atoms, restored digits and scores, measured anew; of any number of units, and nothing else on the menu."""
    model = own_network(penalty)
    explorer = SparsityExplorer(model=model)
    assert explorer.positions == {penalty: (place,)} and explorer.setup["yours"] == "your SparseAutoencoder"
    rows, numbers = asked(explorer, penalty=penalty, threshold=USUAL[penalty])
    x = mnist[1].one_of_each(1)
    with torch.no_grad():
        z = model.encode(mnist[1].x)
        drawn = model.encode(x)[3][None] * model.decoder.atoms
        strongest = drawn.square().sum(0).argsort(descending=True)[:10]
        assert same(rows[1], model(x))
        few = 7 if penalty == "topk" else 10  # no other unit is active then
        assert torch.equal(rows[2][:few], atom_images(model.decoder.atoms.T[strongest[:few]]))
        error = (model(mnist[1].x) - mnist[1].x).square().mean().item()
    active = z > USUAL[penalty]
    assert numbers["MSE"] == pytest.approx(error, rel=1e-4)
    assert numbers["active"] == pytest.approx(active.double().mean().item(), abs=1e-5)
    assert numbers["dead"] == pytest.approx((~active.any(0)).double().mean().item(), abs=1e-5)
    wrong = {"penalty": {"l1": "kl"}.get(penalty, "l1"), "strictness": 2, "atom": 37}
    for name, value in wrong.items():
        with pytest.raises(traitlets.TraitError, match=f"{name} must be"):
            setattr(explorer, name, value)
    assert explorer.static_png()


def test_networks_without_atoms():
    """Are refused, with the explorer to use instead; and so are fewer units than a row shows."""
    assert "DrawingPad" in refuses("model", SparsityExplorer, model=DenseAutoencoder(12, hidden=()))
    assert "10" in refuses("model", SparsityExplorer, model=SparseAutoencoder(9, penalty="l1"))
