"""Search by code: the nearest pictures by distance, or by bits, and how many of them are right."""

from __future__ import annotations

import numpy as np
import torch

from aecourse.checks import check_whole
from aecourse.models.base import check_rows


def nearest(library: torch.Tensor, queries: torch.Tensor, *, n: int = 10, batch_size: int = 250) -> torch.Tensor:
    """positions of the n rows of the library nearest to each query by Euclidean distance, nearest first

    Parameters
    ----------
    library : float tensor (rows, d), pixels or codes
    queries : float tensor (m, d)
    n : int from 1 to rows
    batch_size : how many queries are answered at once; rows × batch_size distances are held in memory

    Returns
    -------
    int64 tensor (m, n); of rows equally far from a query, those first in the library come first

    Raises
    ------
    ValueError
        Beside wrong shapes, if numbers are not finite, or so large that their squares are not.
    """
    check_rows("library", library)
    check_rows("queries", queries, library.shape[1])
    n = check_whole("n", n, most=len(library))
    batch_size = check_whole("batch_size", batch_size)
    precise = torch.promote_types(torch.promote_types(library.dtype, queries.dtype), torch.float32)
    library, queries = library.to(precise), queries.to(precise)
    if 0 < len(queries) <= 4:  # too few to repay the preparations below
        return torch.stack([_squares(library, query).argsort(stable=True)[:n] for query in queries])

    # One matrix product gives ‖l‖² − 2 q·l, which orders like ‖q − l‖², but rounded: badly if all lie far from 0,
    # hence the centring. Who could be among the n nearest in spite of the rounding is then measured by differences.
    centre = library.mean(0)
    centred = library - centre
    length = _squares(library, centre)
    found = []
    for batch in queries.split(batch_size):
        rough = torch.addmm(length, batch - centre, centred.T, alpha=-2)  # (batch, rows)
        reach = (_squares(batch, centre).sqrt() + length.max().sqrt()) ** 2  # (batch,), the largest of all
        slack = 2 * (library.shape[1] + 4) * torch.finfo(precise).eps * reach  # a bound on twice the rounding error
        limit = rough.topk(n, largest=False)[0][:, -1] + slack
        asked, place = (rough <= limit[:, None]).nonzero(as_tuple=True)  # (pairs,) each, by query, then by place
        pairs = zip(asked.split(len(library)), place.split(len(library)), strict=True)
        distance = torch.cat([(library[p] - batch[a]).square_().sum(1) for a, p in pairs])
        order = distance.argsort(stable=True)
        order = order[asked[order].argsort(stable=True)]  # by query, then by distance, then by place
        first = torch.searchsorted(asked, torch.arange(len(batch), device=asked.device))
        found.append(place[order[first[:, None] + torch.arange(n, device=asked.device)]])
    return torch.cat(found)


def hash_bits(z: torch.Tensor, thresholds: torch.Tensor) -> np.ndarray:
    """one bit for each code number, 1 above its threshold, eight to a byte; (n, d) → (n, ⌈d / 8⌉) uint8

    With the training codes' medians as thresholds every bit halves the training set, the most a bit can tell.

    Parameters
    ----------
    z : float tensor (n, d)
    thresholds : float tensor (d,)

    References
    ----------
    Salakhutdinov & Hinton (2009), Semantic hashing.
    """
    check_rows("z", z)
    check_rows("thresholds", thresholds[None] if isinstance(thresholds, torch.Tensor) else thresholds, z.shape[1])
    return np.packbits((z > thresholds).cpu().numpy(), axis=1)


def hamming(library: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """in how many bits each query differs from each row of the library; (rows, b), (m, b) uint8 → (m, rows)

    Parameters
    ----------
    library, queries : uint8 array, eight bits to a byte, as `hash_bits` makes them

    References
    ----------
    Hamming (1950), Error detecting and error correcting codes.
    """
    for name, bits in (("library", library), ("queries", queries)):
        if not isinstance(bits, np.ndarray) or bits.dtype != np.uint8 or bits.ndim != 2 or bits.shape[1] == 0:
            came = f"{bits.dtype} of {bits.shape}" if isinstance(bits, np.ndarray) else type(bits).__name__
            raise TypeError(f"{name} must hold bytes of bits, a uint8 array (n, b) as hash_bits makes; got {came}")
    if library.shape[1] != queries.shape[1]:
        raise ValueError(f"queries must be {library.shape[1]} bytes wide like library; got {queries.shape[1]}")
    library, queries = _words(library), _words(queries)
    differing = np.zeros((len(queries), len(library)), np.uint16)
    for word in range(library.shape[1]):
        differing += np.bitwise_count(queries[:, word, None] ^ library[None, :, word])
    return differing


def hamming_nearest(library: np.ndarray, queries: np.ndarray, *, n: int = 10, batch_size: int = 100) -> np.ndarray:
    """positions of the n rows of the library that differ from each query in the fewest bits, nearest first; (m, n)

    Many rows are equally near: of those, the first in the library come first.
    """
    n = check_whole("n", n, most=len(library) if isinstance(library, np.ndarray) else None)
    batch_size = check_whole("batch_size", batch_size)
    found = []
    for start in range(0, len(queries), batch_size):
        for distance in hamming(library, queries[start : start + batch_size]):
            close = np.flatnonzero(
                distance <= np.partition(distance, n - 1)[n - 1]
            )  # n rows, or more if some are equal
            found.append(close[np.argsort(distance[close], kind="stable")[:n]])
    return np.array(found, np.int64).reshape(-1, n)


def precision_at(found: torch.Tensor | np.ndarray, labels: torch.Tensor, query_labels: torch.Tensor) -> float:
    """share of the pictures found that have their query's label

    Parameters
    ----------
    found : whole numbers (m, n), positions in the library
    labels : int64 tensor (rows,), the library's
    query_labels : int64 tensor (m,)
    """
    found = torch.as_tensor(found).to(labels.device)
    if found.ndim != 2 or len(found) != len(query_labels) or found.numel() == 0:
        raise ValueError(
            f"found must have shape (m, n), a row for each of the {len(query_labels)} queries; got {tuple(found.shape)}"
        )
    return (labels[found] == query_labels.to(labels.device)[:, None]).float().mean().item()


def _squares(rows: torch.Tensor, origin: torch.Tensor) -> torch.Tensor:
    """each row's squared distance from a point, (m, d) and (d,) → (m,); an error if one is not finite"""
    squares = torch.cat([(part - origin).square_().sum(1) for part in rows.split(500)])  # parts stay in the cache
    if not squares.isfinite().all():
        raise ValueError(f"library and queries must hold finite numbers, small enough to be squared in {rows.dtype}")
    return squares


def _words(bits: np.ndarray) -> np.ndarray:
    """the same bits in the widest whole numbers that fit, up to 64 bits: fewer and faster steps"""
    size = next(size for size in (8, 4, 2, 1) if bits.shape[1] % size == 0)
    return np.ascontiguousarray(bits).view(f"u{size}")
