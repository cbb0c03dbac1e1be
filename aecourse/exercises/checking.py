"""The register of exercises, and the one function that marks an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

Verdict = str | None


@dataclass(frozen=True)
class Exercise:
    """one exercise of a notebook

    Attributes
    ----------
    name : str, notebook and number, e.g. "01.2"
    level : "easy", "medium" or "stretch"
    verify : answer → None if it is right, else a hint that does not give the answer away
    """

    name: str
    level: str
    verify: Callable[[object], Verdict]


EXERCISES: dict[str, Exercise] = {}


def exercise(name: str, level: str) -> Callable:
    """register the decorated function as the check of exercise `name`"""

    def register(verify: Callable[[object], Verdict]) -> Callable[[object], Verdict]:
        if name in EXERCISES:
            raise ValueError(f"exercise {name!r} is registered twice")
        EXERCISES[name] = Exercise(name, level, verify)
        return verify

    return register


def check(name: str, answer: object) -> None:
    """mark the answer to an exercise and print the verdict: not attempted, not yet (with a hint), or right"""
    print(f"Exercise {name}: {verdict(name, answer)}")


def verdict(name: str, answer: object) -> str:
    """the sentence that `check` prints

    Untouched is None, `...`, or a function whose body is only `...`.
    """
    if name not in EXERCISES:
        raise ValueError(f"name must be one of {', '.join(sorted(EXERCISES))}; got {name!r}")
    if answer is None or answer is ... or _is_stub(answer):
        return "not attempted yet. Replace the dots (…) and run the cell again."
    try:
        hint = EXERCISES[name].verify(answer)
    except Exception as error:  # a learner's code may fail in any way: that is a hint too
        hint = f"it stops with {type(error).__name__}: {error}"
    return f"not yet. Hint: {hint}" if hint else "✓ right."


def _bare(): ...


def _documented():
    """what an untouched exercise function looks like"""


_STUBS = {stub.__code__.co_code for stub in (_bare, _documented)}


def _is_stub(answer: object) -> bool:
    """a function whose body is only `...`, perhaps under a docstring"""
    code = getattr(answer, "__code__", None)
    if code is None or code.co_code not in _STUBS or code.co_names or code.co_freevars:
        return False
    return code.co_consts[-1] is None  # the same bytecode with another constant returns that constant


def same_array(got: object, expected: object, *, tolerance: float = 1e-6) -> Verdict:
    """None if both hold the same numbers in the same shape, else what differs, as a hint"""
    got, expected = (np.asarray(a.detach().cpu() if isinstance(a, torch.Tensor) else a, float) for a in (got, expected))
    if got.shape != expected.shape:
        return f"the result has shape {got.shape}; it should be {expected.shape}"
    difference = float(np.abs(got - expected).max(initial=0))
    return None if difference <= tolerance else f"the shape is right, but a value is off by {difference:.3g}"
