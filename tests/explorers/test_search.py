"""The search explorer: three searches against SciPy, what is inverted, what is counted, a drawing."""

import numpy as np
import pytest
import torch
import traitlets
from helpers.strategies import numpy_of, refuses
from safetensors.torch import load
from scipy.spatial.distance import cdist

from aecourse.data import normalise_digit
from aecourse.explorers import SearchExplorer
from aecourse.explorers.search import SIZES
from aecourse.models import Autoencoder, DenseAutoencoder
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


def in_bytes(codes: np.ndarray) -> np.ndarray:
    """Codes as they are shipped to the page, each with a step of its own."""
    step = (np.abs(codes).max(1, keepdims=True) / 127).astype(np.float16).astype(float)
    return (codes / step).round() * step


@torch.inference_mode()
def by_hand(
    mnist, x: torch.Tensor, k: int, model: Autoencoder | None = None
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Positions found by pixels, by numbers and by bits; what numbers and bits look like when decoded."""
    own, library, model = model is not None, mnist[0].x[:LIBRARY], model or load_weights(f"dense-k{k}")
    codes, code = numpy_of(model.encode(library)), numpy_of(model.encode(x[None]))
    codes = codes if own else in_bytes(codes)
    found = [
        np.argsort(cdist(row, rows)[0], kind="stable")[:10]
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
        codes = torch.from_numpy(in_bytes(numpy_of(model.encode(library.x))))
        rows = [(library.x, sample.x), (codes, model.encode(sample.x))]
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


@pytest.mark.parametrize("k", [1, 6, 13])
def test_a_network_of_ones_own(mnist, k):
    """Its codes are searched, of any size; the means are those of its codes, and there is nothing else on the menu."""
    torch.manual_seed(0)
    model = DenseAutoencoder(k, hidden=(20,)).eval()
    explorer = SearchExplorer(model=model, k=16)
    assert (explorer.k, explorer.setup["sizes"], explorer.setup["by"]) == (k, [k], "your DenseAutoencoder")
    found, seen = by_hand(mnist, mnist[1].x[12], k, model)
    rows, s = rows_of(explorer), "s" * (k > 1)
    assert list(rows)[1:] == [f"{k} number{s}: {4 * k} bytes", f"{k} bit{s}: {-(-k // 8)} byte" + "s" * (k > 8)]
    for row, places, sight in zip(rows.values(), found, [numpy_of(mnist[1].x[12]), *seen], strict=True):
        pictures = numpy_of(mnist[0].x[places])
        wrong = numpy_of(mnist[0].y[places]) != int(mnist[1].y[12])
        np.testing.assert_allclose(row[1:], np.where(wrong[:, None], 1 - pictures, pictures), atol=1e-6)
        np.testing.assert_allclose(row[0], sight, atol=1e-4)
    index = load(explorer.later[f"index-{k}"]())
    assert index["codes"].shape == (LIBRARY, 4 * -(-k // 4))  # the page reads four at a time
    assert not index["codes"][:, k:].any()
    with pytest.raises(traitlets.TraitError, match="k must be"):
        explorer.k = 16
    assert explorer.static_png()


@pytest.mark.parametrize("scale", [1e-7, 1e6])
def test_codes_that_half_precision_would_spoil(scale):
    """They stay as they are: the same pictures are found as with codes of usual size."""
    torch.manual_seed(0)
    model = DenseAutoencoder(8, hidden=())
    usual = SearchExplorer(model=model)
    with torch.no_grad():
        model.encoder[0].weight *= scale
        model.encoder[0].bias *= scale
    odd = SearchExplorer(model=model)
    names = [f"8 {kind}, mean" for kind in ("numbers", "bits")]
    for name in names:
        means = [explorer.numbers(**explorer.settings())[name] for explorer in (usual, odd)]
        assert means[0] == pytest.approx(means[1], abs=0.02)


def test_a_code_too_long_to_search():
    """Ten thousand of them do not go to a page."""
    assert "1024" in refuses("model", SearchExplorer, model=DenseAutoencoder(1025, hidden=()))
    refuses("model", SearchExplorer, model="dense-k16")


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
