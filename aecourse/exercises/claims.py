"""A sentence with a number that must hold, or the notebook fails."""

from __future__ import annotations

import math

import torch


def claim(
    sentence: str, value: float, *, at_least: float | None = None, at_most: float | None = None, digits: int = 3
) -> None:
    """print a sentence with the number that backs it, and fail if the number is out of bounds

    The number is printed behind "≈", so that a comparison of stored outputs passes over what training decides;
    the bounds are printed to the letter.

    Parameters
    ----------
    sentence : what the number means
    value : the number measured
    at_least, at_most : the bounds it must keep; one of them, or both
    digits : significant digits to print

    Raises
    ------
    AssertionError
        If the number is out of bounds, or is not a number.
    """
    bounds = [
        f"{word} {bound:g}" for word, bound in (("at least", at_least), ("at most", at_most)) if bound is not None
    ]
    if at_least is not None and at_least == at_most:
        bounds = [f"exactly {at_least:g}"]
    if not bounds:
        raise ValueError("claim needs at_least, at_most or both; got neither")
    value = float(value.detach() if isinstance(value, torch.Tensor) else value)
    low = -math.inf if at_least is None else at_least
    high = math.inf if at_most is None else at_most
    line = f"{sentence}: ≈ {value:.{digits}g} (claimed: {' and '.join(bounds)})"
    assert low <= value <= high, f"✗ {line}"
    print(f"✓ {line}")
