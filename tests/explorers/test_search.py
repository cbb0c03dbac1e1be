"""The search explorer: three searches against scikit-learn and SciPy, what is inverted, the words, a drawing."""

import re

import numpy as np
import pytest
import torch
from helpers.strategies import caption_in, numpy_of, picture_in, refuses
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


def tiles(explorer, row: int) -> np.ndarray:
    """What the query is seen as, and the ten found; (11, 28, 28)."""
    return np.stack([picture_in(explorer)[30 * row : 30 * row + 28, 30 * i : 30 * i + 28] for i in range(11)])


@torch.inference_mode()
def by_hand(mnist, x: torch.Tensor, k: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Positions found by pixels, by numbers and by bits; what numbers and bits look like when decoded."""
    library, model = mnist[0].x[:LIBRARY], load_weights(f"dense-k{k}")
    codes, code = numpy_of(model.encode(library)), numpy_of(model.encode(x[None]))
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
    seen = [numpy_of(model.decode(z))[0].reshape(28, 28) for z in (torch.from_numpy(code).float(), blunt)]
    return found, seen


@pytest.mark.parametrize(("query", "k"), [(0, 8), (12, 16), (9_999, 32), (4_321, 64)])
def test_three_searches(explorer, mnist, query, k):
    """The ten of each row in order, wrong labels inverted, and how many are right."""
    explorer.query.value, explorer.k.value = query, k
    train, test = mnist
    found, seen = by_hand(mnist, test.x[query], k)
    square = numpy_of(test.x[query]).reshape(28, 28)
    right = []
    for row, (places, sight) in enumerate(zip(found, [square, *seen], strict=True)):
        labels = train.y[places] == test.y[query]
        pictures = numpy_of(train.x[places]).reshape(-1, 28, 28)
        pictures[~labels.numpy()] = 1 - pictures[~labels.numpy()]
        assert np.abs(tiles(explorer, row)[1:] - 255 * pictures).max() <= 0.6
        assert np.abs(tiles(explorer, row)[0] - 255 * sight).max() <= 1
        right.append(int(labels.sum()))
    words = caption_in(explorer)[1]
    assert words.startswith(f"Test digit {query}, labelled {test.y[query]}. ")
    assert f"pixels {right[0]}, {k} numbers {right[1]}, {k} bits {right[2]}. " in words
    sizes = [f"pixels: {784} bytes", f"{k} numbers: {4 * k} bytes", f"{k} bits: {k // 8} byte" + "s" * (k > 8)]
    assert explorer.row_names == sizes


@pytest.mark.parametrize("k", [SIZES[0], SIZES[-1]])
def test_the_mean_over_many_queries(explorer, mnist, k):
    """The caption's last three figures, measured anew."""
    explorer.k.value = k
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
    figures = re.search(r"1,000 test digits: (\S+), (\S+) and (\S+)\.$", caption_in(explorer)[1]).groups()
    assert list(map(float, figures)) == pytest.approx(expected, abs=0.06)


def test_a_drawing_takes_the_digits_place(explorer, mnist, strokes):
    """Nothing is inverted, the labels found are said, and a clear brings the digit back."""
    before = picture_in(explorer)
    explorer.ink.value = strokes.tobytes()
    x = torch.from_numpy(normalise_digit(strokes))
    found, _ = by_hand(mnist, x, 16)
    for row, places in enumerate(found):
        assert np.abs(tiles(explorer, row)[1:] - 255 * numpy_of(mnist[0].x[places]).reshape(-1, 28, 28)).max() <= 0.6
    labels = [" ".join(map(str, mnist[0].y[places].tolist())) for places in found]
    assert caption_in(explorer)[1].endswith(f"pixels {labels[0]}; 16 numbers {labels[1]}; 16 bits {labels[2]}.")
    explorer.ink.clear()
    assert np.array_equal(picture_in(explorer), before)


@pytest.mark.parametrize("wrong", [-1, 10_000, 1.5, "8", None, True])
def test_bad_start(wrong):
    """A test digit's number, and a size there is a network for."""
    refuses("query", SearchExplorer, wrong)
    refuses("k", SearchExplorer, 0, k=wrong)
