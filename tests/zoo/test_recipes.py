"""Making weights: the same seed gives the same file, and a run cut short gives none."""

import hashlib

import numpy as np
import pytest
import torch
from helpers.strategies import numpy_of, same

from aecourse.data import mask_pixels
from aecourse.evaluation import reconstruction_mse
from aecourse.models import (
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    DenseAutoencoder,
    NestedAutoencoder,
    SparseAutoencoder,
    StackedAutoencoder,
    VariationalAutoencoder,
)
from aecourse.training import fit, fit_layerwise
from aecourse.zoo import CONTRACTIVE, DENSE, NORMAL, SPARSE, VARIATIONAL, recipes
from aecourse.zoo.recipes import RECIPES, SPARSE_SETTING, Recipe, make, nested_mse
from aecourse.zoo.weights import ENDING, load_weights, read_card, save_weights, shipped_weights

SMALL = {
    "small": Recipe(lambda: DenseAutoencoder(2, hidden=(8,)), epochs=2, shift=1, seed=3),
    "ordered": Recipe(lambda: NestedAutoencoder(3, hidden=(8,)), epochs=1, lr=0.01, compensated=True),
    "greedy": Recipe(lambda: StackedAutoencoder(3, hidden=(8,)), epochs=0, layerwise=2),
    "tuned": Recipe(lambda: StackedAutoencoder(3, hidden=(8,)), epochs=1, layerwise=1),
    "sparse": Recipe(lambda: SparseAutoencoder(20, penalty="topk", k=5), epochs=1),
    "repairing": Recipe(lambda: DenoisingAutoencoder(3, hidden=(), noise="mask"), epochs=1),
    "mixed": Recipe(lambda: DenoisingAutoencoder(3, hidden=(), noise="mixed"), epochs=1),
    "still": Recipe(lambda: ContractiveAutoencoder(3, hidden=(8,)), epochs=1),
    "generator": Recipe(lambda: VariationalAutoencoder(2, hidden=(8,)), epochs=1),
    "one digit": Recipe(lambda: DenseAutoencoder(3, hidden=(8,)), epochs=3, only=0),
}


@pytest.fixture(autouse=True)
def _small_world(monkeypatch, mnist):
    """Two small recipes on few digits."""
    monkeypatch.setattr(recipes, "RECIPES", SMALL)
    monkeypatch.setattr(recipes, "VALIDATION_SIZE", 100)
    monkeypatch.setattr(recipes, "load_mnist", lambda device: (mnist[0][:600].to(device), mnist[1][:200].to(device)))


@pytest.mark.parametrize("name", SMALL)
def test_same_recipe_same_file(tmp_path, name):
    """To the last byte, whatever was drawn in between."""
    files = []
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        make(name, tmp_path / run)
        files.append((tmp_path / run / f"{name}{ENDING}").read_bytes())
        torch.rand(7)
    assert files[0] == files[1]


def test_scores_and_recipe_are_stored(tmp_path, mnist):
    """What the stored, rounded weights score, and every setting."""
    scores = make("ordered", tmp_path)
    path = tmp_path / f"ordered{ENDING}"
    model, card = load_weights(path), read_card(path)
    assert card.scores == scores
    assert scores["test_mse"] == pytest.approx(reconstruction_mse(model, mnist[1].x[:200]))
    assert scores["train_mse"] == pytest.approx(reconstruction_mse(model, mnist[0][:600].split(100, seed=0)[0].x))
    assert scores["test_mse_by_k"][-1] == pytest.approx(scores["test_mse"], rel=1e-5)
    expected = {"epochs": 1, "lr": 0.01, "batch_size": 64, "shift": 0, "seed": 0, "schedule": "trapezoid"}
    expected["compensated"] = True
    assert card.recipe == expected | {"script": "python -m aecourse.zoo.recipes"}


def test_layerwise_pretraining_comes_first(tmp_path, mnist):
    """Each layer for its epochs, then all together for theirs, and both are told; bytes if asked for."""
    torch.manual_seed(0)
    by_hand = StackedAutoencoder(3, hidden=(8,))
    x = mnist[0][:600].split(100, seed=0)[0].x
    settings = {"lr": 3e-3, "batch_size": 64, "seed": 0, "progress": False}
    fit_layerwise(by_hand, x, epochs=2, **settings)
    save_weights(by_hand, tmp_path / f"by_hand{ENDING}", dtype=torch.int8)
    make("greedy", tmp_path)
    expected, stack = load_weights(tmp_path / f"by_hand{ENDING}"), load_weights(tmp_path / f"greedy{ENDING}")
    assert same(stack.state_dict(), expected.state_dict())
    assert stack.depth == 2
    recipe = read_card(tmp_path / f"greedy{ENDING}").recipe
    assert (recipe["layerwise"], recipe["epochs"]) == (2, 0)
    torch.manual_seed(0)
    by_hand = StackedAutoencoder(3, hidden=(8,))
    fit_layerwise(by_hand, x, epochs=1, **settings)
    fit(by_hand, x, epochs=1, **settings)
    save_weights(by_hand, tmp_path / f"by_hand{ENDING}", dtype=torch.int8)
    make("tuned", tmp_path)
    expected, stack = load_weights(tmp_path / f"by_hand{ENDING}"), load_weights(tmp_path / f"tuned{ENDING}")
    assert same(stack.state_dict(), expected.state_dict())


def test_only_one_digit_and_none_put_aside(tmp_path, mnist):
    """Fitted to, and scored on, the images of that digit which no choice is made on."""
    fitting, _ = mnist[0][:600].split(100, seed=0)
    zeros = fitting.x[fitting.y == 0]
    torch.manual_seed(0)
    by_hand = DenseAutoencoder(3, hidden=(8,))
    fit(by_hand, zeros, epochs=3, progress=False)
    save_weights(by_hand, tmp_path / f"by_hand{ENDING}", dtype=torch.int8)
    scores = make("one digit", tmp_path)
    expected, model = load_weights(tmp_path / f"by_hand{ENDING}"), load_weights(tmp_path / f"one digit{ENDING}")
    assert same(model.state_dict(), expected.state_dict())
    assert scores["train_mse"] == pytest.approx(reconstruction_mse(model, zeros))
    assert read_card(tmp_path / f"one digit{ENDING}").recipe["only"] == 0
    x, strange = mnist[1].x[:200], numpy_of(mnist[1].y[:200]) != 0
    errors = ((numpy_of(model(x)) - numpy_of(x)) ** 2).sum(1)
    ranked = (errors[strange][:, None] > errors[~strange]).mean()  # the pairs, counted
    assert scores["test_auroc"] == pytest.approx(ranked, abs=1e-3)


def test_scores_of_each_family(tmp_path, mnist):
    """What only that family can claim, worked out again from the stored weights."""
    x = mnist[1].x[:200]
    scores = {name: make(name, tmp_path) for name in SMALL}
    models = {name: load_weights(tmp_path / f"{name}{ENDING}") for name in SMALL}
    own = {name: set(score) - {"test_mse", "train_mse"} for name, score in scores.items()}
    plain = ("small", "greedy", "tuned", "mixed")
    assert own == {name: set() for name in plain} | {
        "ordered": {"test_mse_by_k"},
        "sparse": {"test_awake", "test_dead"},
        "repairing": {"test_mse_repaired"},
        "still": {"test_contraction"},
        "generator": {"test_elbo"},
        "one digit": {"test_auroc"},
    }
    for name, model in models.items():
        assert scores[name]["test_mse"] == pytest.approx(reconstruction_mse(model, x))
    active = numpy_of(models["sparse"].encode(x)) > 0
    assert scores["sparse"]["test_awake"] == pytest.approx(active.mean(), rel=1e-5)
    assert scores["sparse"]["test_dead"] == pytest.approx(1 - active.any(0).mean(), abs=1e-6)
    damaged = mask_pixels(x, 0.5, seed=0)
    repaired = np.mean((numpy_of(models["repairing"](damaged)) - numpy_of(x)) ** 2)
    assert scores["repairing"]["test_mse_repaired"] == pytest.approx(repaired, rel=1e-5)
    squares = numpy_of(models["still"].jacobian(x)).reshape(200, -1) ** 2
    assert scores["still"]["test_contraction"] == pytest.approx(squares.sum(1).mean(), rel=0.2)  # one probe an image
    elbo = models["generator"].elbo(x, samples=5, seed=0).mean().item()
    assert scores["generator"]["test_elbo"] == pytest.approx(elbo)


def test_checksums_cover_every_file(tmp_path):
    """One line a file, as sha256sum writes it."""
    for name in SMALL:
        make(name, tmp_path)
    lines = (tmp_path / "SHA256SUMS").read_text().splitlines()
    digests = {name: hashlib.sha256((tmp_path / f"{name}{ENDING}").read_bytes()).hexdigest() for name in SMALL}
    assert lines == [f"{digests[name]}  {name}{ENDING}" for name in sorted(SMALL)]


def test_a_stopped_run_writes_nothing(tmp_path, monkeypatch):
    """Half-trained weights never take a trained file's place."""

    def interrupted(batch, max_shift):
        raise KeyboardInterrupt

    monkeypatch.setattr(recipes, "shift_images", interrupted)
    with pytest.raises(KeyboardInterrupt, match="nothing was written"):
        make("small", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nested_error_at_every_k(mnist):
    """Each with the rest of the code at zero."""
    torch.manual_seed(0)
    model, x = NestedAutoencoder(4, hidden=(8,)).eval(), mnist[1].x[:50]
    z = model.encode(x).detach()
    for k, error in enumerate(nested_mse(model, x), start=1):
        cut = z * (torch.arange(4) < k)
        assert error == pytest.approx(np.mean((numpy_of(model.decode(cut)) - numpy_of(x)) ** 2), rel=1e-5)


def test_command_line(monkeypatch, capsys):
    """Names choose, none means all, an unknown name makes nothing."""
    made = []
    monkeypatch.setattr(recipes, "make", lambda name, device: made.append(name) or {"test_mse": 0.0123})
    for arguments, expected in ((["ordered"], ["ordered"]), ([], list(SMALL))):
        made.clear()
        monkeypatch.setattr("sys.argv", ["recipes", *arguments])
        recipes.main()
        assert made == expected
        assert "ordered: test MSE 0.01230" in capsys.readouterr().out
    made.clear()
    monkeypatch.setattr("sys.argv", ["recipes", "ordered", "resnet"])
    with pytest.raises(SystemExit) as caught:
        recipes.main()
    assert caught.value.code == 2
    assert "resnet" in capsys.readouterr().err
    assert made == []


def test_every_network_of_the_catalogue_has_a_recipe():
    """k, λ, ρ, k and β as the names say, and nothing ships that no recipe makes."""
    for k, name in DENSE.items():
        assert RECIPES[name].build().latent_dim == k
    for strength, name in CONTRACTIVE.items():
        assert RECIPES[name].build().strength == strength
    for penalty, networks in SPARSE.items():
        for setting, name in networks.items():
            model = RECIPES[name].build()
            assert (model.penalty, getattr(model, SPARSE_SETTING[penalty])) == (penalty, setting)
    for digit, name in NORMAL.items():
        assert RECIPES[name].only == digit
    for beta, name in VARIATIONAL.items():
        model = RECIPES[name].build()
        assert (model.latent_dim, model.beta) == (2, beta)
    assert sorted(RECIPES) == shipped_weights()


def test_a_price_that_rises(tmp_path, monkeypatch):
    """From 0 in equal steps to its value, which the file then tells."""
    model = SparseAutoencoder(20, strength=0.2)
    rise, strengths = recipes._ramp(model, 4), [model.strength]
    for _ in range(6):
        rise()
        strengths.append(model.strength)
    assert strengths == pytest.approx([0, 0.05, 0.1, 0.15, 0.2, 0.2, 0.2])
    priced = Recipe(lambda: SparseAutoencoder(20, strength=0.2), epochs=2, ramp=1)
    monkeypatch.setitem(recipes.RECIPES, "priced", priced)
    make("priced", tmp_path)
    card = read_card(tmp_path / f"priced{ENDING}")
    assert (card.recipe["ramp"], card.config["strength"]) == (1, 0.2)
