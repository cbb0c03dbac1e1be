"""Search by code against scikit-learn's and SciPy's neighbours, and what is refused."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors
from strategies import junk, refuses

from aecourse.retrieval import hamming, hamming_nearest, hash_bits, nearest, precision_at


def codes(rows: int, width: int, seed: int = 0) -> torch.Tensor:
    """random codes, far from 0, where squared distances lose the most digits"""
    return torch.randn(rows, width, generator=torch.Generator().manual_seed(seed)) + 3


@pytest.mark.parametrize("n", [1, 10, 57])
@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_nearest_by_scikit_learn(n, batch_size):
    """the same rows in the same order, whatever the batches"""
    library, queries = codes(57, 5), codes(9, 5, seed=1)
    expected = NearestNeighbors(n_neighbors=n).fit(library).kneighbors(queries, return_distance=False)
    found = nearest(library, queries, n=n, batch_size=batch_size)
    assert found.dtype == torch.int64
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("width", [1, 7, 8, 9, 16, 24, 32, 40, 64, 72, 130])
def test_hamming_by_scipy(width):
    """every width of bits, in words of every size"""
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
    """each bit is 1 for half the rows"""
    z = codes(100, 16)
    assert (np.unpackbits(hash_bits(z, z.median(0).values), axis=1).mean(0) == 0.5).all()


def test_precision_counts_equal_labels():
    """two of three, then one of three"""
    labels, asked = torch.tensor([7, 7, 1, 2]), torch.tensor([7, 2])
    assert precision_at(torch.tensor([[0, 1, 2], [3, 0, 1]]), labels, asked) == pytest.approx(0.5)
    assert precision_at(np.array([[0], [3]]), labels, asked) == 1


@given(wrong=junk | st.sampled_from([torch.zeros(3), torch.zeros(3, 2), torch.zeros(3, 4).int(), np.zeros((3, 4))]))
def test_what_is_no_code(wrong):
    """each argument is named"""
    good = codes(5, 4)
    refuses("queries", nearest, good, wrong)
    refuses("thresholds", hash_bits, good, wrong)
    refuses("queries", hamming, hash_bits(good, good[0]), wrong)
    refuses("library", hamming, wrong, hash_bits(good, good[0]))


@pytest.mark.parametrize("n", [0, 6, -1, 2.0, None, True])
def test_bad_count(n):
    """from 1 to the library's size"""
    good = codes(5, 4)
    refuses("n", nearest, good, good, n=n)
    bits = hash_bits(good, good[0])
    refuses("n", hamming_nearest, bits, bits, n=n)
    refuses("found", precision_at, torch.zeros(4, 1).long(), torch.zeros(5), torch.zeros(5))
    refuses("queries", hamming, bits, np.zeros((2, 3), np.uint8))
    refuses("library", nearest, torch.zeros(4).long(), good)
