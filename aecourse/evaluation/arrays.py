"""Checks for measures in NumPy: they take finite arrays, made from anything that holds numbers."""

from __future__ import annotations

import numpy as np

from aecourse.device import as_array


def as_numbers(name: str, values: object, *, kinds: str = "biuf") -> np.ndarray:
    """Return `values` as an array of any shape if they are numbers of these types; raise an error otherwise."""
    array = as_array(name, values)
    if array.dtype.kind not in kinds:
        got = getattr(values, "dtype", None) or type(values).__name__
        raise TypeError(f"{name} must be an array or dense tensor of numbers; got {got}")
    return array


def check_array(name: str, values: object, shape: str, *, kinds: str = "biuf", hint: str = "") -> np.ndarray:
    """Return numbers as an array of the dimensions that `shape` names; raise an error otherwise.

    Each must be finite and small enough to be squared in double precision. `kinds` are NumPy's letters of the types
    accepted: "b" for booleans, "i" and "u" for whole numbers, "f" for others.
    """
    array = as_numbers(name, values, kinds=kinds)
    if array.ndim != shape.count(",") + (not shape.endswith(",)")) or array.size == 0:
        raise ValueError(f"{name} must have shape {shape}; got {array.shape}{hint}")
    with np.errstate(over="ignore"):
        if array.dtype.kind == "f" and not np.isfinite(np.square(array, dtype=np.float64)).all():
            raise ValueError(f"{name} must hold finite numbers only, small enough to be squared; got others")
    return array
