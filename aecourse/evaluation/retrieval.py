"""Search by code: the nearest images by Euclidean distance or by bits, and how many of them are right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from aecourse.checks import check_whole
from aecourse.evaluation.arrays import check_array
from aecourse.models.base import check_dense, check_finite, check_rows, check_same_device


def nearest(library: torch.Tensor, queries: torch.Tensor, *, n: int = 10, batch_size: int = 250) -> torch.Tensor:
    """Return the positions of the n rows of the library nearest to each query by Euclidean distance, nearest first.

    Parameters
    ----------
    library : float tensor (rows, d)
        Pixels or codes.
    queries : float tensor (m, d)
    n : int
        From 1 to rows.
    batch_size : int
        How many queries are answered at once; rows × batch_size distances are held in memory.

    Returns
    -------
    int64 tensor (m, n)
        Rows at the same distance from a query keep the order of the library.

    Raises
    ------
    ValueError
        If shapes are wrong, or numbers are not finite or too large to be squared.
    """
    check_rows("library", library, least=1)
    check_rows("queries", queries, library.shape[1])
    check_same_device("queries", queries, "library", library)
    n = check_whole("n", n, maximum=len(library))
    batch_size = check_whole("batch_size", batch_size)
    precise = torch.promote_types(torch.promote_types(library.dtype, queries.dtype), torch.float32)
    library, queries = library.to(precise), queries.to(precise)
    if 0 < len(queries) <= 4:  # too few to repay the preparations below
        return torch.stack([_squares(library, query).argsort(stable=True)[:n] for query in queries])

    # One matrix product gives ‖l‖² − 2 q·l, which has the order of ‖q − l‖² but is rounded, badly so far from 0: hence
    # the centring. All rows that may be among the n nearest in spite of the rounding are then measured by differences.
    centre = library.mean(0)
    centred = library - centre
    length = _squares(library, centre)
    found = []
    for batch in queries.split(min(batch_size, max(1, len(queries)))):
        with torch.autocast(batch.device.type, enabled=False):  # which would round it more than the margin allows for
            rough = torch.addmm(length, batch - centre, centred.T, alpha=-2)  # (batch, rows)
        largest = (_squares(batch, centre).sqrt() + length.max().sqrt()) ** 2  # (batch,), a bound on each distance²
        margin = 2 * (library.shape[1] + 4) * torch.finfo(precise).eps * largest  # a bound on twice the rounding error
        limit = rough.topk(n, largest=False)[0][:, -1] + margin
        query, row = (rough <= limit[:, None]).nonzero(as_tuple=True)  # (pairs,) each, by query, then by row
        pairs = zip(query.split(len(library)), row.split(len(library)), strict=True)
        distance = torch.cat([(library[r] - batch[q]).square_().sum(1) for q, r in pairs])
        order = distance.argsort(stable=True)
        order = order[query[order].argsort(stable=True)]  # by query, then by distance, then by row
        first = torch.searchsorted(query, torch.arange(len(batch), device=query.device))
        found.append(row[order[first[:, None] + torch.arange(n, device=query.device)]])
    return torch.cat(found)


def hash_bits(z: torch.Tensor, thresholds: torch.Tensor) -> np.ndarray:
    """Turn each code number into one bit, 1 above its threshold, eight to a byte; (n, d) → (n, ⌈d / 8⌉) uint8.

    With the medians of the training codes as thresholds, every bit halves the training set, which is the most that one
    bit can tell.

    Parameters
    ----------
    z : float tensor (n, d)
    thresholds : float tensor (d,)

    References
    ----------
    Salakhutdinov & Hinton (2009), Semantic hashing.
    """
    check_rows("z", z)
    check_dense("thresholds", thresholds, "(d,)")
    check_rows("thresholds", thresholds[None], z.shape[1])
    check_same_device("thresholds", thresholds, "z", z)
    for name, numbers in (("z", z), ("thresholds", thresholds)):
        if numbers.isnan().any():
            raise ValueError(f"{name} must hold numbers; got NaN among them")
    return np.packbits((z > thresholds).cpu().numpy(), axis=1)


def hamming(library: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Count in how many bits each query differs from each row of the library; (rows, b), (m, b) uint8 → (m, rows).

    Parameters
    ----------
    library, queries : uint8 array
        Eight bits to a byte, as `hash_bits` makes them.

    References
    ----------
    Hamming (1950), Error detecting and error correcting codes.
    """
    _check_bits(library, queries)
    width = library.shape[1]
    library, queries = _words(library), _words(queries)
    differing = np.zeros((len(queries), len(library)), np.min_scalar_type(8 * width))
    for word in range(library.shape[1]):
        differing += np.bitwise_count(queries[:, word, None] ^ library[None, :, word])
    return differing


def hamming_nearest(library: np.ndarray, queries: np.ndarray, *, n: int = 10, batch_size: int = 100) -> np.ndarray:
    """Return the positions of the n rows of the library that differ from each query in the fewest bits; (m, n).

    The nearest come first; rows at the same distance keep the order of the library.
    """
    _check_bits(library, queries)
    if len(library) == 0:
        raise ValueError("library must hold at least one row; got none")
    n = check_whole("n", n, maximum=len(library))
    batch_size = check_whole("batch_size", batch_size)
    found = []
    for start in range(0, len(queries), batch_size):
        for distance in hamming(library, queries[start : start + batch_size]):
            limit = np.partition(distance, n - 1)[n - 1]
            close = np.flatnonzero(distance <= limit)  # n rows, or more if some are equally near
            found.append(close[np.argsort(distance[close], kind="stable")[:n]])
    return np.array(found, np.int64).reshape(-1, n)


def precision_at(found: torch.Tensor | np.ndarray, labels: torch.Tensor, query_labels: torch.Tensor) -> float:
    """Return the share of the images found that have their query's label.

    Parameters
    ----------
    found : int tensor or array (m, n)
        Positions in the library.
    labels : int64 tensor or array (rows,)
        The labels of the library.
    query_labels : int64 tensor or array (m,)

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, or a position is not one of the library's.
    """
    found = check_array("found", found, "(m, n)", kinds="iu")
    labels, query_labels = check_array("labels", labels, "(rows,)"), check_array("query_labels", query_labels, "(m,)")
    if len(found) != len(query_labels):
        raise ValueError(f"found must have a row for each of the {len(query_labels)} queries; got {len(found)}")
    if found.min() < 0 or found.max() >= len(labels):
        raise ValueError(
            f"found must hold positions from 0 to {len(labels) - 1}; got from {found.min()} to {found.max()}"
        )
    return float((labels[found] == query_labels[:, None]).mean())


@dataclass(frozen=True)
class CodeIndex:
    """A library of images, stored for a search by codes of k numbers or by one bit for each of them.

    Attributes
    ----------
    z : float tensor (rows, k)
        The codes.
    thresholds : float tensor (k,)
        Their medians.
    bits : uint8 array (rows, ⌈k / 8⌉)
        Which code numbers lie above their median.
    low, high : float tensors (k,)
        The mean code number not above and above its median.
    """

    z: torch.Tensor
    thresholds: torch.Tensor
    bits: np.ndarray
    low: torch.Tensor
    high: torch.Tensor

    @classmethod
    def of(cls, z: torch.Tensor) -> CodeIndex:
        """Build the index of a library's codes, (rows, k)."""
        check_rows("z", z, least=1)
        check_finite("z", z)
        thresholds = z.median(0).values
        above = z > thresholds
        low = (z * ~above).sum(0) / (~above).sum(0)
        high = torch.where(above.any(0), (z * above).sum(0) / above.sum(0), thresholds)  # of equal codes none is above
        return cls(z, thresholds, hash_bits(z, thresholds), low, high)

    def search(self, z: torch.Tensor, *, n: int = 10) -> dict[str, torch.Tensor]:
        """Return the positions of the n images nearest to each query's code; (m, k) → {"numbers" | "bits": (m, n)}."""
        self._check(z)
        by_bits = hamming_nearest(self.bits, hash_bits(z, self.thresholds), n=n)
        return {"numbers": nearest(self.z, z, n=n), "bits": torch.from_numpy(by_bits)}

    def from_bits(self, z: torch.Tensor) -> torch.Tensor:
        """Return the code that the bits alone tell: each number becomes the mean on its side of the median."""
        self._check(z)
        return torch.where(z > self.thresholds, self.high, self.low)

    def _check(self, z: torch.Tensor) -> None:
        """Raise an error unless z holds codes that can be compared with those of the library."""
        check_rows("z", z, len(self.thresholds), least=1)
        check_same_device("z", z, "the index", self.thresholds)
        check_finite("z", z)


def _squares(rows: torch.Tensor, origin: torch.Tensor) -> torch.Tensor:
    """Return each row's squared distance from a point, (m, d) and (d,) → (m,); raise an error if one is not finite."""
    squares = torch.cat([(part - origin).square_().sum(1) for part in rows.split(500)])  # parts stay in the cache
    if not squares.isfinite().all():
        raise ValueError(f"library and queries must hold finite numbers, small enough to be squared in {rows.dtype}")
    return squares


def _check_bits(library: np.ndarray, queries: np.ndarray) -> None:
    """Raise an error unless both are bits of one width, eight to a byte."""
    for name, bits in (("library", library), ("queries", queries)):
        if not isinstance(bits, np.ndarray) or bits.dtype != np.uint8 or bits.ndim != 2 or bits.shape[1] == 0:
            came = f"{bits.dtype} of {bits.shape}" if isinstance(bits, np.ndarray) else type(bits).__name__
            raise TypeError(f"{name} must hold bytes of bits, a uint8 array (n, b) as hash_bits makes; got {came}")
    if library.shape[1] != queries.shape[1]:
        raise ValueError(f"queries must be {library.shape[1]} bytes wide like library; got {queries.shape[1]}")


def _words(bits: np.ndarray) -> np.ndarray:
    """View the bits as the widest whole numbers that fit, up to 64 bits: fewer and faster steps."""
    size = next(size for size in (8, 4, 2, 1) if bits.shape[1] % size == 0)
    return np.ascontiguousarray(bits).view(f"u{size}")
