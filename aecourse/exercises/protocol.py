"""Show the outcomes of exercises and claims as cards, and keep them as records.

A record is stored beside its card in the cell's output, as data of the MIME type `RECORD`. The report, the site and
the tests read the records, never the sentences.
"""

from __future__ import annotations

import math
import os

from aecourse.checks import check_whole
from aecourse.exercises.cards import card, tell
from aecourse.exercises.checking import mark
from aecourse.exercises.conversion import AnswerError, as_number
from aecourse.records import check_name, claim_holds, claim_in_words

CHANGED = "With the notebook's settings it lies within these bounds. What did you change?"


def check(name: str, answer: object) -> None:
    """Mark the answer to an exercise and show the outcome: not attempted, not yet (with a hint), or right.

    Parameters
    ----------
    name : str
        Notebook and number of the exercise, such as "03.1".
    answer : object
        What the exercise asks for: a function, a number, an array, a model.
    """
    marked = mark(name, answer)
    shipped = _running_code().lstrip().startswith("# Solution")
    words = {
        "right": "the solution passes." if shipped else "✓ right.",
        "not yet": f"not yet. Hint: {marked.hint}",
        "stopped": f"your code stops. {marked.hint}",
        "not attempted": "not attempted yet. Replace the dots (…) and run the cell again.",
    }[marked.outcome]
    look = "noted" if shipped and marked.outcome == "right" else marked.outcome
    sentence = f"Exercise {name}: {words}"
    drawn = card(look, sentence.replace("✓ ", ""))
    tell(sentence, drawn, kind="exercise", name=name, outcome=marked.outcome, hint=marked.hint)


def claim(
    name: str,
    sentence: str,
    value: float,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    digits: int = 3,
) -> None:
    """Show a sentence with the number that supports it; if the number is out of bounds, say so, and fail in a test.

    When a learner runs the notebook, a number out of bounds shows a card and the cell goes on: settings may be changed.

    Parameters
    ----------
    name : str
        The claim's permanent name, notebook and words, such as "03.gain_at_32".
    sentence : str
        What the number means.
    value : float
        The number measured.
    at_least, at_most : float, optional
        The bounds of the number; at least one is needed.
    digits : int
        Significant digits to print.

    Raises
    ------
    AssertionError
        If the number is out of bounds or not finite, under test or outside a notebook.
    """
    check_name(name)
    if not isinstance(sentence, str) or not sentence.strip():
        raise TypeError(f"sentence must say in words what the number means; got {sentence!r}")
    digits = check_whole("digits", digits, maximum=17)
    value = _number("value", value)
    at_least = None if at_least is None else _number("at_least", at_least)
    at_most = None if at_most is None else _number("at_most", at_most)
    bounds = [bound for bound in (at_least, at_most) if bound is not None]
    if not bounds or not all(map(math.isfinite, bounds)) or bounds[0] > bounds[-1]:  # JSON has neither NaN nor infinity
        told = f"the first not above the second; got {at_least} and {at_most}"
        raise ValueError(f"claim needs at_least, at_most or both, as finite numbers, {told}")
    record = {"name": name, "sentence": sentence, "at_least": at_least, "at_most": at_most, "digits": digits}
    line, holds = claim_in_words(record | {"value": value}), claim_holds(record | {"value": value})
    assert holds or _is_learners_kernel(), f"✗ {line}"
    sentence, drawn = (
        (f"✓ {line}", card("right", line)) if holds else (f"≠ {line}. {CHANGED}", card("changed", line, CHANGED))
    )
    # The number differs between machines: it is metadata, which a comparison of stored outputs skips.
    number = value if math.isfinite(value) else str(value)  # JSON has neither NaN nor infinity
    tell(sentence, drawn, {"value": number}, kind="claim", **record)


def _number(name: str, value: object) -> float:
    """Return one number of any kind as a float; the error names the argument."""
    try:
        return as_number(value)
    except AnswerError as error:
        raise TypeError(f"{name} must be one number: {error}") from error


def _is_learners_kernel() -> bool:
    """Whether a notebook is being run by a person: not by a test, and not by `tests/notebooks.py`."""
    from IPython import get_ipython

    return get_ipython() is not None and not {"PYTEST_CURRENT_TEST", "AECOURSE_STRICT"} & os.environ.keys()


def _running_code() -> str:
    """The source of the cell that is running; empty outside a notebook."""
    from IPython import get_ipython

    return getattr(get_ipython(), "get_parent", dict)().get("content", {}).get("code", "")
