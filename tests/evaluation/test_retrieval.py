"""Search by code against scikit-learn's and SciPy's neighbours, and what is refused."""

import numpy as np
import pytest
import torch
from helpers.strategies import junk, refuses
from hypothesis import example, given, strategies as st
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from aecourse.evaluation.retrieval import hamming, hamming_nearest, hash_bits, nearest, precision_at


def codes(rows: int, width: int, seed: int = 0) -> torch.Tensor:
    """Random codes, far from 0, where squared distances lose the most digits."""
    return torch.randn(rows, width, generator=torch.Generator().manual_seed(seed)) + 3


@pytest.mark.parametrize("n", [1, 10, 57])
@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_nearest_by_scikit_learn(n, batch_size):
    """The same rows in the same order, whatever the batches."""
    library, queries = codes(57, 5), codes(9, 5, seed=1)
    expected = NearestNeighbors(n_neighbors=n).fit(library).kneighbors(queries, return_distance=False)
    found = nearest(library, queries, n=n, batch_size=batch_size)
    assert found.dtype == torch.int64
    assert np.array_equal(found, expected)


def by_differences(library: torch.Tensor, queries: torch.Tensor, n: int) -> np.ndarray:
    """The n nearest rows by SciPy in float64, of equals the first."""
    return cdist(queries.double(), library.double(), "sqeuclidean").argsort(1, kind="stable")[:, :n]


def awkward(kind: str) -> torch.Tensor:
    """2,000 codes that lie badly for the squares of single precision."""
    library = 0.1 * torch.randn(2_000, 16, generator=torch.Generator().manual_seed(0))
    if kind == "two clusters":
        library += torch.where(torch.arange(2_000) % 2 == 0, 300.0, -300.0)[:, None]
    elif kind == "huge offset":
        library[:, 3] += 1e5
    elif kind == "huge scale":
        library[:, 3] *= 1e6
    else:
        library += 300
    return library.double() if kind == "double" else library


@pytest.mark.parametrize("queries", [1, 4, 200])
@pytest.mark.parametrize("kind", ["far", "two clusters", "huge offset", "huge scale", "double"])
def test_nearest_wherever_the_codes_lie(kind, queries, device):
    """Each row finds itself first, and the rest are those of float64."""
    library = awkward(kind)
    found = nearest(library.to(device), library[:queries].to(device), n=10, batch_size=70).cpu()
    assert np.array_equal(found[:, 0], np.arange(queries))
    asked = cdist(library[:queries].double(), library.double())
    distance = np.take_along_axis(asked, found.numpy(), axis=1)  # two may be equal in single precision
    np.testing.assert_allclose(distance, np.sort(asked, axis=1)[:, :10], rtol=1e-6, atol=1e-12)


@given(seed=st.integers(0, 2**32 - 1), count=st.sampled_from([0, 1, 4, 5, 9]), n=st.integers(1, 40), offset=st.just(0))
@example(seed=0, count=9, n=40, offset=4_000)
@example(seed=0, count=2, n=40, offset=4_000)
def test_of_equals_the_first_come_first(seed, count, n, offset):
    """Whole numbers, whose distances are exact and often equal: by SciPy, to the last place."""
    rng = torch.Generator().manual_seed(seed)
    library, queries = (torch.randint(0, 3, (m, 3), generator=rng).float() + offset for m in (40, count))
    assert np.array_equal(nearest(library, queries, n=n), by_differences(library, queries, n))
    half = nearest(library.bfloat16(), queries.bfloat16(), n=n) if offset == 0 else nearest(library, queries, n=n)
    assert np.array_equal(half, by_differences(library, queries, n))


@pytest.mark.parametrize("count", [1, 9])
@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 1e25])
def test_what_has_no_distance(wrong, count):
    """Refused, in the library and in a query, and not put anywhere."""
    good, bad = codes(12, 4), codes(12, 4)
    bad[0, 0] = wrong
    refuses("library", nearest, bad, good[:count])
    refuses("queries", nearest, good, bad[:count])


@pytest.mark.parametrize("width", [1, 7, 8, 9, 16, 24, 32, 40, 64, 72, 130])
def test_hamming_by_scipy(width):
    """Every width of bits, in words of every size."""
    library, queries = codes(50, width), codes(6, width, seed=1)
    thresholds = library.median(0).values
    bits, asked = hash_bits(library, thresholds), hash_bits(queries, thresholds)
    assert bits.shape == (50, -(-width // 8))
    assert bits.dtype == np.uint8
    expected = (cdist(queries > thresholds, library > thresholds, "hamming") * width).round()
    distance = hamming(bits, asked)
    assert np.array_equal(distance, expected)
    order = np.lexsort((np.broadcast_to(np.arange(50), expected.shape), expected))  # by distance, then by place
    for n in (1, 10, 50):
        assert np.array_equal(hamming_nearest(bits, asked, n=n, batch_size=4), order[:, :n])


def test_medians_halve_the_library():
    """Each bit is 1 for half the rows."""
    z = codes(100, 16)
    assert (np.unpackbits(hash_bits(z, z.median(0).values), axis=1).mean(0) == 0.5).all()


def test_precision_counts_equal_labels():
    """Two of three, then one of three."""
    labels, asked = torch.tensor([7, 7, 1, 2]), torch.tensor([7, 2])
    assert precision_at(torch.tensor([[0, 1, 2], [3, 0, 1]]), labels, asked) == pytest.approx(0.5)
    assert precision_at(np.array([[0], [3]]), labels, asked) == 1


@given(wrong=junk | st.sampled_from([torch.zeros(3), torch.zeros(3, 2), torch.zeros(3, 4).int(), np.zeros((3, 4))]))
def test_what_is_no_code(wrong):
    """Each argument is named."""
    good = codes(5, 4)
    refuses("queries", nearest, good, wrong)
    refuses("thresholds", hash_bits, good, wrong)
    refuses("queries", hamming, hash_bits(good, good[0]), wrong)
    refuses("library", hamming, wrong, hash_bits(good, good[0]))


@pytest.mark.parametrize("n", [0, 6, -1, 2.0, None, True])
def test_bad_count(n):
    """From 1 to the library's size."""
    good = codes(5, 4)
    refuses("n", nearest, good, good, n=n)
    bits = hash_bits(good, good[0])
    refuses("n", hamming_nearest, bits, bits, n=n)
    refuses("found", precision_at, torch.zeros(4, 1).long(), torch.zeros(5), torch.zeros(5))
    refuses("queries", hamming, bits, np.zeros((2, 3), np.uint8))
    refuses("library", nearest, torch.zeros(4).long(), good)
