"""Argument checks, made before any work; each error names the argument, the value and what is accepted."""

from __future__ import annotations

import contextlib
import math
import numbers
import operator
from collections.abc import Sequence

import numpy as np


def check_whole(name: str, value: int, *, minimum: int = 1, maximum: int | None = None) -> int:
    """Return `value` as an int if it is a whole number from `minimum` to `maximum`; raise an error otherwise.

    Integers of NumPy and tensors without dimensions are accepted too; 2.0 and True are not.
    """
    accepted = "a whole number" + (f", at least {minimum}" if maximum is None else f" from {minimum} to {maximum}")
    try:
        number = None if is_bool(value) else operator.index(value)  # np.bool only warns
    except (TypeError, RuntimeError):  # a tensor of the meta device raises the latter
        number = None
    if number is None or np.ndim(value) > 0:
        raise TypeError(f"{name} must be {accepted}; got {value!r} of type {type(value).__name__}")
    if number < minimum or (maximum is not None and number > maximum):
        raise ValueError(f"{name} must be {accepted}; got {number}")
    return number


def check_number(
    name: str, value: float, *, minimum: float = 0.0, maximum: float = math.inf, open_ends: bool = False
) -> float:
    """Return `value` as a float if it is finite and from `minimum` to `maximum`; raise an error otherwise.

    With `open_ends` the limits themselves are excluded. Numbers of NumPy and tensors without dimensions are accepted
    too; True is not.
    """
    ends = f"from {minimum:g} to {maximum:g}" if maximum < math.inf else f"from {minimum:g} up"
    if open_ends:
        ends = f"strictly between {minimum:g} and {maximum:g}" if maximum < math.inf else f"above {minimum:g}"
    accepted = f"a finite number {ends}"
    with contextlib.suppress(RuntimeError):  # a tensor of the meta device holds no number
        value = value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value
    if is_bool(value) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be {accepted}; got {value!r} of type {type(value).__name__}")
    try:
        number = float(value)
    except OverflowError:  # a whole number of more than 308 digits
        number = math.inf
    inside = minimum < number < maximum if open_ends else minimum <= number <= maximum
    if not (inside and math.isfinite(number)):
        raise ValueError(f"{name} must be {accepted}; got {value!r}")
    return number


def is_bool(value: object) -> bool:
    """Whether a value is a boolean of Python, NumPy or torch."""
    return isinstance(value, bool) or str(getattr(value, "dtype", "")) in ("bool", "torch.bool")


def check_choice(name: str, choice: str, accepted: Sequence[str]) -> str:
    """Return `choice` if it is one of those accepted; raise an error otherwise."""
    if not isinstance(choice, str) or choice not in accepted:
        raise ValueError(f"{name} must be one of {', '.join(accepted)}; got {choice!r}")
    return choice


def check_flag(name: str, value: bool) -> bool:
    """Return `value` as a bool if it is True or False, of Python or NumPy; raise an error otherwise."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False; got {value!r}")
    return bool(value)


def scaling_hint(low: float, high: float) -> str:
    """Return words for an error message: how to turn numbers from `low` to `high` into pixels in [0, 1]."""
    if low >= 0:
        divisor = next((top for top in (16, 255, 1_023, 4_095, 65_535) if high <= top), high)
        return f"divide them by {divisor:g}"
    if low >= -1 and high <= 1:
        return "take (x + 1) / 2"
    return f"take (x - {low:.3g}) / {high - low:.3g}"
