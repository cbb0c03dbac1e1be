"""The spiral: a denoiser that repairs, the numbers of its caption, and a network from the page."""

import numpy as np
import pytest
import torch
import traitlets
from helpers.captions import captions
from scipy.spatial import cKDTree

from aecourse.data import spiral
from aecourse.evaluation import mixture_score
from aecourse.explorers import SpiralExplorer
from aecourse.explorers.spiral import PointDenoiser, first_network


@pytest.fixture(scope="module")
def explorer() -> SpiralExplorer:
    """One for all tests that only ask it."""
    return SpiralExplorer()


def as_bytes(model: PointDenoiser) -> bytes:
    """Its weights as the page sends them."""
    return b"".join(part.detach().numpy().tobytes() for part in model.parameters())


@pytest.mark.parametrize(("sigma", "off"), [(0.1, 0.5), (0.15, 0.3), (0.3, 0.2)])
def test_the_first_network_has_learnt_the_score(explorer, sigma, off):
    """At noisy points its arrows are those of Tweedie's formula but for a part, the smaller the stronger the noise."""
    torch.manual_seed(0)
    noisy = spiral().repeat(3, 1) + sigma * torch.randn(3_000, 2)
    learnt = explorer.way(noisy, sigma, b"")[1] - noisy
    true = sigma**2 * mixture_score(noisy, spiral(), sigma)
    assert (learnt - true).norm() < off * true.norm()
    assert torch.cosine_similarity(learnt, true)[true.norm(dim=1) > 0.5 * sigma].mean() > 0.95


def test_it_is_the_same_each_time(explorer):
    """Trained once, from a seed, without a trace in the random numbers of others."""
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first_network.cache_clear()
    again = first_network()
    assert torch.equal(torch.rand(2), expected)
    assert as_bytes(again) == as_bytes(explorer.first)


@pytest.mark.parametrize("sigma", [0.1, 0.2])
def test_distances(explorer, sigma):
    """Those of a k-d tree; a repair brings noisy points nearer, and ten of them nearer still."""
    found = explorer.numbers(sigma, [0.9, -0.8], 0, b"")
    tree = cKDTree(spiral().numpy())
    way = np.concatenate([x.numpy() for x in explorer.way(torch.tensor([[0.9, -0.8]]), sigma, b"")])
    expected = tree.query(way)[0]
    assert [found[name] for name in ("before", "after one", "after all")] == pytest.approx(
        expected[[0, 1, 10]], abs=1e-5
    )
    before, once, often = (found[f"noisy points, {name}"] for name in ("before", "after one", "after all"))
    noisy = explorer.clean + sigma * explorer.noise
    assert before == pytest.approx(tree.query(noisy.numpy())[0].mean(), abs=1e-5)
    assert often < once < 0.6 * before


def test_the_density_is_that_of_noisy_points(explorer):
    """Beside a count of a million of them in the squares of the map."""
    torch.manual_seed(0)
    points = (spiral().repeat(1_000, 1) + 0.15 * torch.randn(1_000_000, 2)).numpy()
    counts, *_ = np.histogram2d(-points[:, 1], points[:, 0], bins=28, range=[(-1.4, 1.4)] * 2)
    density = explorer.rows(0.15, [0, 0], 0, b"")["density"].view(28, 28).numpy()
    assert density.max() == 0.5
    assert np.corrcoef(density.ravel(), counts.ravel())[0, 1] > 0.99


def test_a_network_from_the_page(explorer):
    """Its weights in torch's order do what the network does, and stay when the cell runs again."""
    torch.manual_seed(1)
    model, own = PointDenoiser(explorer.first.variance), SpiralExplorer()
    own.weights = memoryview(as_bytes(model))  # what the browser sends
    x = torch.rand(5, 2)
    with torch.inference_mode():
        assert torch.allclose(own.way(x, 0.2, own.weights)[1], model(x, torch.full((5, 1), 0.2)))
    other = SpiralExplorer()
    other.remember(own.memory())
    assert other.weights == own.weights
    assert captions(own, [own.settings()])[0].endswith("This network was trained in this page.")
    assert captions(own, [own.settings() | {"weights": b""}])[0].endswith("This network was trained beforehand.")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("weights", b"1234"), ("sigma", 0.04), ("sigma", "0.1"), ("point", [0.0]), ("point", [0.0, 1.5]), ("seed", 100)],
)
def test_wrong_settings(explorer, name, wrong):
    """The error names the control."""
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(explorer, name, wrong)
