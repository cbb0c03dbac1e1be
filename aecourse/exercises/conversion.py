"""Convert what a learner hands in, from Python, NumPy or torch, to numbers, arrays and results of functions."""

from __future__ import annotations

import copy
import numbers
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import torch


class AnswerError(ValueError):
    """An answer of the wrong kind; its message is the hint."""


def call(answer: object, *inputs: object, before: Callable[[], object] | None = None) -> object:
    """Return the result of a learner's function for fresh copies of the inputs; refuse NaN and None.

    The function gets tensors; if it fails with them, it may have been written for NumPy and gets arrays.

    Parameters
    ----------
    before : callable, optional
        Called before each of the two attempts, to forget what the inputs recorded in the first.
    """
    if isinstance(answer, type):
        raise AnswerError(f"hand in a function; got the class {answer.__name__} itself")
    if not callable(answer):
        raise AnswerError(f"hand in the function, not its result; got {describe(answer)}")
    first: Exception | None = None
    for convert in (lambda tensor: tensor, _to_numpy):
        if before:
            before()
        try:
            with warnings.catch_warnings():  # NumPy functions on tensors warn of changes in NumPy
                warnings.simplefilter("ignore", DeprecationWarning)
                result = answer(*(convert(copy.deepcopy(value)) for value in inputs))
            break
        except AnswerError:
            raise
        except Exception as error:
            first = first or error
    else:
        raise first
    if result is None:
        raise AnswerError("your function returns None: is `return` missing?")
    refuse_nan(result, "the result of your function")
    return result


def _to_numpy(value: object) -> object:
    return value.numpy() if isinstance(value, torch.Tensor) else value


def refuse_nan(value: object, what: str) -> None:
    """Raise an AnswerError if a number, an array or a list of them holds NaN."""
    if isinstance(value, list | tuple):
        for part in value:
            refuse_nan(part, what)
        return
    if isinstance(value, torch.Tensor):
        nan = bool(value.isnan().any())
    else:
        array = np.asarray(value if isinstance(value, np.ndarray | np.generic | float) else 0)
        nan = array.dtype.kind in "fc" and bool(np.isnan(array).any())
    if nan:
        raise AnswerError(f"{what} holds NaN (not a number), as 0 / 0 or the logarithm of a negative number gives")


def as_number(value: object) -> float:
    """Return one number of Python, NumPy or torch, or an array that holds only one, as a float."""
    array = _to_array(value, "one number")
    if array.size != 1:
        raise AnswerError(f"the answer is one number; got {describe(value)}")
    return float(array.reshape(()))


def as_array(value: object, shape: tuple[int, ...] | None = None) -> torch.Tensor:
    """Return numbers of Python (also nested lists), NumPy or torch as a float64 tensor, checked against `shape`."""
    array = torch.from_numpy(_to_array(value, "an array of numbers"))
    if shape is None or array.shape == tuple(shape):
        return array
    got, wanted = tuple(array.shape), tuple(shape)
    turned = len(shape) == 2 and got == wanted[::-1]
    raise AnswerError(f"the result has shape {got}; it should be {wanted}{': transpose it' if turned else ''}")


def as_parts(value: object, *names: str) -> Sequence[object]:
    """Return the parts of an answer that consists of several things, one for each name."""
    parts = list(value) if isinstance(value, torch.Tensor | np.ndarray) and value.ndim else value
    if isinstance(parts, tuple | list) and len(parts) == len(names):
        return parts
    raise AnswerError(f"the answer is {len(names)} things: {', '.join(names)}; got {describe(value)}")


def _to_array(value: object, wanted: str) -> np.ndarray:
    """Return numbers of any kind as a float64 array, and raise an AnswerError that asks for `wanted` otherwise."""
    if isinstance(value, list | tuple | range):
        parts = [_to_array(part, wanted) for part in value]
        if len({part.shape for part in parts}) > 1:
            raise AnswerError(f"the answer is {wanted}; got {describe(value)} that do not have the same shape")
        return np.stack(parts) if parts else np.zeros(0)
    if isinstance(value, torch.Tensor):
        array = (value.float() if value.dtype == torch.bfloat16 else value).numpy(force=True)
    elif isinstance(value, numbers.Real) and not isinstance(value, bool):  # whole numbers of any size, and fractions
        try:
            array = np.asarray(float(value))
        except OverflowError:
            raise AnswerError("the number is larger than a computer's floating-point numbers can be") from None
    else:
        array = np.asarray(value if isinstance(value, np.ndarray | np.generic) else None)
    if array.dtype.kind not in "iuf":
        raise AnswerError(f"the answer is {wanted}; got {describe(value)}")
    return array.astype(np.float64)


def describe(value: object) -> str:
    """Describe in a few words what kind of thing a learner handed in."""
    if isinstance(value, torch.Tensor | np.ndarray):
        kind = str(value.dtype).removeprefix("torch.")
        odd = "" if kind.startswith(("float", "bfloat", "int", "uint")) else f" of {kind}"
        return f"an array of shape {tuple(value.shape)}{odd}"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {len(value)} {'thing' if len(value) == 1 else 'things'}"
    if isinstance(value, type):
        return f"the class {value.__name__} itself"
    if isinstance(value, torch.nn.Module):
        return f"a model, {type(value).__name__}"
    if callable(value):
        return "a function: hand in what it returns"
    if isinstance(value, str):
        return f"text in quotes, {value!r}"
    if value is None or isinstance(value, numbers.Number | np.generic):
        return repr(value)
    return f"something of type {type(value).__name__}"
