"""The catalogue says each grid, name and split once, and what it lends out is loaded once and stays as it was."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.paths import ROOT
from sklearn import decomposition

from aecourse.data import load_mnist
from aecourse.zoo import CODE_SIZES, VALIDATION_SIZE, digits_pca, load_split

GRIDS = r"1, 2, 4, 8, 16|0\.03, 0\.1, 0\.3, 1[^.0]|0, 0\.3, 1, 3|0\.1, 0\.25, 0\.5|0\.1, 0\.05, 0\.02|50, 25, 10"
NAMES = r"""f["'](dense-k|vae-2d-beta|contractive-|normal-|sparse-)"""
SPLIT = r"split\(5_?000"


def code_of(path: Path) -> str:
    """A module, or the code of a notebook."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    return "".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code")


def test_grids_and_names_stand_in_the_catalogue_only():
    """No module and no notebook writes a grid down again or puts the name of a network together.

    The notebooks alone write the split out, since they teach it.
    """
    modules = [path for path in (ROOT / "aecourse").rglob("*.py") if path.name != "catalogue.py"]
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert modules and notebooks
    for path, forbidden in [*((path, f"{GRIDS}|{NAMES}|{SPLIT}") for path in modules),
                            *((path, f"{GRIDS}|{NAMES}") for path in notebooks)]:  # fmt: skip
        found = re.search(forbidden, code_of(path))
        assert not found, f"{path.name}: {found}"


def test_the_split_of_the_notebooks_is_the_fixed_one(mnist):
    """The same two sets, not copies of them."""
    fitting, valid = load_split()
    assert (len(fitting), len(valid)) == (60_000 - VALIDATION_SIZE, VALIDATION_SIZE)
    again = mnist[0].split(5_000, seed=0)
    assert again[0] is fitting
    assert again[1] is valid


def test_digits_are_shared():
    """Who loads them second gets the very same tensors, also if the first was an explorer in inference mode."""
    with torch.inference_mode():
        train, test = load_mnist()
        fitting, _ = train.split(7)
    assert load_mnist()[0] is train
    assert load_mnist()[1] is test
    assert not any(part.x.is_inference() for part in (train, test, fitting))


def test_a_change_in_place_stays_with_who_made_it():
    """The next who asks for digits or their split gets them as they were."""
    clean = load_mnist()[1].x[:3].clone()
    spoilt = load_mnist()[1]
    spoilt.x[:3] = 0.5
    assert torch.equal(load_mnist()[1].x[:3], clean)
    assert (spoilt.x[:3] == 0.5).all()
    spoilt.x[:3] = clean  # other tests hold them too
    fitting, _ = load_split()
    fitting.x[0] = 0.5
    assert load_split()[0] is not fitting
    assert not (load_split()[0].x[0] == 0.5).all()


def test_pca_is_that_of_scikit_learn(mnist):
    """The components, and the pictures rebuilt from the first k of them."""
    pca, x = digits_pca(), mnist[1].x[:200]
    assert digits_pca() is pca
    reference = decomposition.PCA(CODE_SIZES[-1], svd_solver="covariance_eigh").fit(load_split()[0].x.numpy())
    for k in (1, 7, 64):
        coefficients = reference.transform(x.numpy())[:, :k]
        expected = coefficients @ reference.components_[:k] + reference.mean_
        assert np.allclose(pca.encode(x, k).numpy(), coefficients, atol=1e-4)
        assert np.allclose(pca.squeeze(x, k).numpy(), expected, atol=1e-4)


@pytest.mark.parametrize("k", [1, 16, 64])
def test_what_shows_pca_shows_this_one(k, mnist):
    """The bottleneck explorer's second row."""
    from aecourse.explorers import BottleneckExplorer

    row = BottleneckExplorer(k).rows(k, "nested", 1, b"")[f"PCA-{k}"]
    assert torch.equal(row, digits_pca().squeeze(mnist[1].one_of_each(1), k))
