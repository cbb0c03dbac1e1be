"""The search explorer: three searches against scikit-learn and SciPy, what is inverted, what is counted, a drawing."""

import numpy as np
import pytest
import torch
import traitlets
from helpers.strategies import numpy_of, refuses
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from aecourse.data import normalise_digit
from aecourse.explorers import SearchExplorer
from aecourse.explorers.search import SIZES
from aecourse.zoo.shipped import LIBRARY, QUERIES
from aecourse.zoo.weights import load_weights


@pytest.fixture
def explorer() -> SearchExplorer:
    """A fresh one."""
    return SearchExplorer()


def rows_of(explorer) -> dict[str, np.ndarray]:
    """What the query is seen as, and the ten found, for each search; (11, 784)."""
    with torch.inference_mode():
        return {name: numpy_of(row) for name, row in explorer.rows(**explorer.settings()).items()}


@torch.inference_mode()
def by_hand(mnist, x: torch.Tensor, k: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Positions found by pixels, by numbers and by bits; what numbers and bits look like when decoded."""
    library, model = mnist[0].x[:LIBRARY], load_weights(f"dense-k{k}")
    codes, code = numpy_of(model.encode(library).half().float()), numpy_of(model.encode(x[None]))
    found = [
        NearestNeighbors(n_neighbors=10).fit(rows).kneighbors(row, return_distance=False)[0]
        for rows, row in ((numpy_of(library), numpy_of(x[None])), (codes, code))
    ]
    middle = np.sort(codes, axis=0)[(LIBRARY - 1) // 2]
    differing = (cdist(code > middle, codes > middle, "hamming")[0] * k).round()
    found.append(np.lexsort((np.arange(LIBRARY), differing))[:10])
    side = [np.where(codes > middle, codes, np.nan), np.where(codes > middle, np.nan, codes)]
    above, below = (np.nanmean(part, axis=0) for part in side)
    blunt = torch.from_numpy(np.where(code > middle, above, below)).float()
    seen = [numpy_of(model.decode(z))[0] for z in (torch.from_numpy(code).float(), blunt)]
    return found, seen


@pytest.mark.parametrize(("query", "k"), [(0, 8), (12, 16), (9_999, 32), (4_321, 64)])
def test_three_searches(explorer, mnist, query, k):
    """The ten of each row in order, wrong labels inverted, and how many are right."""
    explorer.query, explorer.k = query, k
    train, test = mnist
    found, seen = by_hand(mnist, test.x[query], k)
    rows, numbers = rows_of(explorer), explorer.numbers(**explorer.settings())
    sizes = [f"pixels: {784} bytes", f"{k} numbers: {4 * k} bytes", f"{k} bits: {k // 8} byte" + "s" * (k > 8)]
    assert list(rows) == sizes
    kinds = ("pixels", f"{k} numbers", f"{k} bits")
    for kind, row, places, sight in zip(kinds, rows.values(), found, [numpy_of(test.x[query]), *seen], strict=True):
        right = numpy_of(train.y[places] == test.y[query]).astype(bool)
        pictures = numpy_of(train.x[places])
        pictures[~right] = 1 - pictures[~right]
        np.testing.assert_allclose(row[1:], pictures, atol=1e-6)
        np.testing.assert_allclose(row[0], sight, atol=1e-4)
        assert numbers[kind] == right.sum()


@pytest.mark.parametrize("k", [SIZES[0], SIZES[-1]])
def test_the_mean_over_many_queries(explorer, mnist, k):
    """How many of ten are right on average, measured anew."""
    explorer.k = k
    train, test = mnist
    library, sample, model = train[:LIBRARY], test.split(QUERIES, seed=0)[1], load_weights(f"dense-k{k}")
    with torch.inference_mode():
        rows = [(library.x, sample.x), (model.encode(library.x), model.encode(sample.x))]
    middle = rows[1][0].sort(0).values[(LIBRARY - 1) // 2]
    rows.append(tuple(2.0 * (z > middle) - 1 for z in rows[1]))
    expected = []
    for many, asked in rows:
        many, asked = many.double(), asked.double()
        ranks = (many.square().sum(1) / 2 - asked @ many.T) + 1e-9 * torch.arange(
            LIBRARY
        )  # the place decides between equals
        places = ranks.topk(10, largest=False).indices
        expected.append(10 * (library.y[places] == sample.y[:, None]).float().mean().item())
    numbers = explorer.numbers(**explorer.settings())
    figures = [numbers[f"{kind}, mean"] for kind in ("pixels", f"{k} numbers", f"{k} bits")]
    assert figures == pytest.approx(expected, abs=0.01)


def test_a_drawing_takes_the_digits_place(explorer, mnist, strokes):
    """Nothing is inverted, the labels found are said, and a clear brings the digit back."""
    before = rows_of(explorer)
    explorer.ink = strokes.tobytes()
    x = torch.from_numpy(normalise_digit(strokes))
    found, _ = by_hand(mnist, x, 16)
    numbers = explorer.numbers(**explorer.settings())
    kinds = ("pixels", "16 numbers", "16 bits")
    for kind, row, places in zip(kinds, rows_of(explorer).values(), found, strict=True):
        np.testing.assert_allclose(row[1:], numpy_of(mnist[0].x[places]), atol=1e-6)
        assert [numbers.pop(f"{kind}, {i}") for i in range(1, 11)] == mnist[0].y[places].tolist()
    assert numbers == {}
    explorer.ink = b""
    assert all(np.array_equal(row, before[name]) for name, row in rows_of(explorer).items())


def test_pictures_that_are_no_digits(mnist):
    """Nothing to be right or wrong: nothing is inverted, the labels found are said."""
    explorer = SearchExplorer(images=mnist[1].x[:30])
    assert explorer.query == 12
    with torch.inference_mode():
        x = explorer.rows(**explorer.settings())["pixels: 784 bytes"]
    assert torch.equal(x[0], mnist[1].x[12])
    assert (torch.cdist(x[1:], mnist[0].x[:LIBRARY]).min(1).values < 0.1).all()  # all of them are as in the library
    assert "pixels, 10" in explorer.numbers(**explorer.settings())


@pytest.mark.parametrize(("name", "value"), [("query", -1), ("query", 10_000), ("k", 4), ("k", 128), ("k", "8")])
def test_controls_end(explorer, name, value):
    """Digits there are, and sizes there is a network for."""
    before = explorer.settings()
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(explorer, name, value)
    assert explorer.settings() == before


@pytest.mark.parametrize("wrong", [-1, 10_000, 1.5, "8", None, True])
def test_bad_start(wrong):
    """A test digit's number, and a size there is a network for."""
    refuses("query", SearchExplorer, wrong)
    refuses("k", SearchExplorer, 0, k=wrong)
