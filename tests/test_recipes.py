"""Making weights: the same seed gives the same file, and a run cut short gives none."""

import hashlib

import numpy as np
import pytest
import torch
from strategies import numpy_of

from aecourse import recipes
from aecourse.evaluation import mse
from aecourse.models import DenseAutoencoder, NestedAutoencoder
from aecourse.recipes import RECIPES, Recipe, make, nested_mse
from aecourse.weights import load_weights, read_card

SMALL = {
    "small": Recipe(lambda: DenseAutoencoder(2, hidden=(8,)), epochs=2, shift=1, seed=3),
    "ordered": Recipe(lambda: NestedAutoencoder(3, hidden=(8,)), epochs=1, lr=0.01),
}


@pytest.fixture(autouse=True)
def _small_world(monkeypatch, mnist):
    """two small recipes on few digits"""
    monkeypatch.setattr(recipes, "RECIPES", SMALL)
    monkeypatch.setattr(recipes, "load_mnist", lambda device: (mnist[0][:600].to(device), mnist[1][:200].to(device)))


@pytest.mark.parametrize("name", SMALL)
def test_same_recipe_same_file(tmp_path, name):
    """to the last byte, whatever was drawn in between"""
    files = []
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        make(name, tmp_path / run)
        files.append((tmp_path / run / f"{name}.safetensors").read_bytes())
        torch.rand(7)
    assert files[0] == files[1]


def test_scores_and_recipe_are_stored(tmp_path, mnist):
    """what the stored, rounded weights score, and every setting"""
    scores = make("ordered", tmp_path)
    path = tmp_path / "ordered.safetensors"
    model, card = load_weights(path), read_card(path)
    assert card.scores == scores
    assert scores["test_mse"] == pytest.approx(mse(model, mnist[1].x[:200]))
    assert scores["train_mse"] == pytest.approx(mse(model, mnist[0].x[:600]))
    assert scores["test_mse_by_k"][-1] == pytest.approx(scores["test_mse"], rel=1e-5)
    expected = {"epochs": 1, "lr": 0.01, "batch_size": 256, "shift": 0, "seed": 0, "schedule": "one-cycle"}
    assert card.recipe == expected | {"script": "python -m aecourse.recipes"}


def test_checksums_cover_every_file(tmp_path):
    """one line a file, as sha256sum writes it"""
    for name in SMALL:
        make(name, tmp_path)
    lines = (tmp_path / "SHA256SUMS").read_text().splitlines()
    digests = {name: hashlib.sha256((tmp_path / f"{name}.safetensors").read_bytes()).hexdigest() for name in SMALL}
    assert lines == [f"{digests[name]}  {name}.safetensors" for name in sorted(SMALL)]


def test_a_stopped_run_writes_nothing(tmp_path, monkeypatch):
    """half-trained weights never take a trained file's place"""

    def interrupted(batch, most):
        raise KeyboardInterrupt

    monkeypatch.setattr(recipes, "shift_images", interrupted)
    with pytest.raises(KeyboardInterrupt, match="nothing was written"):
        make("small", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nested_error_at_every_k(mnist):
    """each with the rest of the code at zero"""
    torch.manual_seed(0)
    model, x = NestedAutoencoder(4, hidden=(8,)).eval(), mnist[1].x[:50]
    z = model.encode(x).detach()
    for k, error in enumerate(nested_mse(model, x), start=1):
        cut = z * (torch.arange(4) < k)
        assert error == pytest.approx(np.mean((numpy_of(model.decode(cut)) - numpy_of(x)) ** 2), rel=1e-5)


def test_command_line(monkeypatch, capsys):
    """names choose, none means all, an unknown name makes nothing"""
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


def test_every_explorer_size_has_a_recipe():
    """one network for each k of the slider's menu"""
    for k in recipes.EXPLORER_SIZES:
        assert RECIPES[f"dense-k{k}"].build().latent_dim == k
