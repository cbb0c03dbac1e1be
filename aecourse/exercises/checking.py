"""The register of exercises, the function that marks an answer, and the comparison with the right result."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from aecourse.device import own_random_numbers
from aecourse.exercises.conversion import AnswerError, as_array, as_number, refuse_nan

Hint = str | None


@dataclass(frozen=True)
class Exercise:
    """One exercise of a notebook.

    Attributes
    ----------
    name : str
        Notebook and number, e.g. "01.2".
    level : {"easy", "medium", "stretch"}
    verify : callable
        Takes an answer; returns None if it is right, else a hint that does not give the answer away.
    """

    name: str
    level: str
    verify: Callable[[object], Hint]


EXERCISES: dict[str, Exercise] = {}


def exercise(name: str, level: str) -> Callable:
    """Register the decorated function as the check of exercise `name`."""

    def register(verify: Callable[[object], Hint]) -> Callable[[object], Hint]:
        if name in EXERCISES:
            raise ValueError(f"exercise {name!r} is registered twice")
        EXERCISES[name] = Exercise(name, level, verify)
        return verify

    return register


@dataclass(frozen=True)
class Mark:
    """The outcome of an answer.

    Attributes
    ----------
    outcome : {"right", "not yet", "stopped", "not attempted"}
    hint : str
        What is wrong, if the outcome is "not yet"; the error and the learner's line, if the code "stopped".
    """

    outcome: str
    hint: str = ""


def mark(name: str, answer: object) -> Mark:
    """Decide whether the answer to an exercise is right, and give a hint if it is not.

    An answer counts as not attempted if it is None, `...`, or a function whose body is only `...`. The global random
    state stays as it was.
    """
    if not isinstance(name, str) or name not in EXERCISES:
        raise ValueError(f"name must be one of {', '.join(sorted(EXERCISES))}; got {name!r}")
    if answer is None or answer is ... or _is_stub(answer):
        return Mark("not attempted")
    try:
        with own_random_numbers():
            refuse_nan(answer, "the answer")
            hint = EXERCISES[name].verify(answer)
    except AnswerError as error:
        hint = str(error)
    except Exception as error:  # a learner's code may fail in any way: that is a hint too
        return Mark("stopped", f"{type(error).__name__}: {error}{_where(error)}")
    return Mark("not yet", hint) if hint else Mark("right")


def _where(error: Exception) -> str:
    """Return the line of the learner's own code in which an error arose; empty if there is none."""
    package = str(Path(__file__).parent.parent)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith(package) and "site-packages" not in frame.filename and frame.line:
            return f" (line {frame.lineno}: {frame.line})"
    return ""


def _bare(): ...


def _documented():
    """What an untouched exercise function looks like."""


_STUBS = {stub.__code__.co_code for stub in (_bare, _documented)}


def _is_stub(answer: object) -> bool:
    """Whether the answer is a function whose body is only `...`, perhaps below a docstring."""
    code = getattr(answer, "__code__", None)
    if code is None or code.co_code not in _STUBS or code.co_names or code.co_freevars:
        return False
    return code.co_consts[-1] is None  # the same bytecode with another constant returns that constant


def agree(got: torch.Tensor, other: torch.Tensor, tolerance: float) -> bool:
    """Whether two tensors have the same shape and the same numbers, up to a `tolerance` relative to their size."""
    if got.shape != other.shape:
        return False
    finite = other[other.isfinite()].abs()
    scale = min(max(finite.max().item(), 0.01), 1.0) if finite.numel() else 1.0
    return bool(((got == other) | ((got - other).abs() <= tolerance * other.abs().clamp(min=scale))).all())


def recognise(got: torch.Tensor, mistakes: Mapping[str, object], tolerance: float = 1e-4) -> Hint:
    """Return the hint of the first known mistake that results in `got`, or None."""
    return next((hint for hint, wrong in mistakes.items() if agree(got, as_array(wrong), tolerance)), None)


def compare(
    got: object,
    expected: object,
    mistakes: Mapping[str, object] | None = None,
    *,
    tolerance: float = 1e-4,
    otherwise: str = "",
) -> Hint:
    """Return None if `got` is `expected`, else the hint of a known mistake that gives `got`, else how the two differ.

    Parameters
    ----------
    mistakes : mapping, optional
        {hint: what the mistake results in}; the shape may differ from the expected one.
    otherwise : str
        The hint if no known mistake gives `got`.
    """
    got, expected = as_array(got), as_array(expected)
    if expected.ndim == 0 and got.numel() == 1:
        got = got.reshape(())
    if agree(got, expected, tolerance):
        return None
    if hint := recognise(got, mistakes or {}, tolerance):
        return hint
    _ = as_array(got, expected.shape) if expected.ndim else as_number(got)  # raises an AnswerError for another shape
    if otherwise:
        return otherwise
    if got.ndim == 2 and agree(got, expected.T, tolerance):
        return "the numbers are right, but rows and columns are exchanged: transpose it"
    return f"the shape is right, but a value is off by {(got - expected).abs().max().item():.3g}"
