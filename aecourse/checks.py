"""Clear errors before any work: each names the argument, what came and what is accepted."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Sequence

import numpy as np


def check_whole(name: str, value: int, *, least: int = 1, most: int | None = None) -> int:
    """`value` as an int if it is a whole number from `least` to `most`; otherwise an error that names it

    Whole numbers of NumPy and of torch (a tensor without dimensions) are accepted too; 2.0 and True are not.
    """
    accepted = f"a whole number, at least {least}" if most is None else f"a whole number from {least} to {most}"
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or _is_bool(value) or np.ndim(value) > 0:
        raise TypeError(f"{name} must be {accepted}; got {value!r} of type {type(value).__name__}")
    if number < least or (most is not None and number > most):
        raise ValueError(f"{name} must be {accepted}; got {number}")
    return number


def check_number(
    name: str, value: float, *, least: float = 0.0, most: float = math.inf, open_ends: bool = False
) -> float:
    """`value` as a float if it is finite and from `least` to `most` (strictly between them with `open_ends`)

    Numbers of NumPy and of torch (a tensor without dimensions) are accepted too; True is not.
    """
    ends = f"from {least:g} to {most:g}" if most < math.inf else f"from {least:g} up"
    if open_ends:
        ends = f"strictly between {least:g} and {most:g}" if most < math.inf else f"above {least:g}"
    accepted = f"a finite number {ends}"
    value = value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value
    if _is_bool(value) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be {accepted}; got {value!r} of type {type(value).__name__}")
    try:
        number = float(value)
    except OverflowError:  # a whole number of more than 308 digits
        number = math.inf
    inside = least < number < most if open_ends else least <= number <= most
    if not (inside and math.isfinite(number)):
        raise ValueError(f"{name} must be {accepted}; got {value!r}")
    return number


def _is_bool(value: object) -> bool:
    """True and False of Python, NumPy and torch"""
    return isinstance(value, bool) or str(getattr(value, "dtype", "")) in ("bool", "torch.bool")


def check_choice(name: str, choice: str, accepted: Sequence[str]) -> str:
    """`choice` itself if it is one of those accepted; otherwise an error that names it"""
    if not isinstance(choice, str) or choice not in accepted:
        raise ValueError(f"{name} must be one of {', '.join(accepted)}; got {choice!r}")
    return choice


def check_flag(name: str, value: bool) -> bool:
    """`value` as a bool if it is True or False, also NumPy's; otherwise an error that names it"""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False; got {value!r}")
    return bool(value)
