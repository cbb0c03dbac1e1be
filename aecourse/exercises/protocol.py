"""What a notebook asks and what came of it: predictions, exercises and claims, shown as sentences, kept as records.

A record is stored beside its sentence in the cell's output, as data of the MIME type `RECORD`. The report, the slides
and the tests read the records, never the sentences.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence

import ipywidgets as widgets

from aecourse.exercises.checking import mark
from aecourse.exercises.conversion import as_number
from aecourse.records import RECORD, VERSION, claim_in_words, read_records  # noqa: F401  (re-exported)

NAME = re.compile(r"\d\d\.[a-z0-9_]+")


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
    sentence = {
        "right": "✓ right.",
        "not yet": f"not yet. Hint: {marked.hint}",
        "not attempted": "not attempted yet. Replace the dots (…) and run the cell again.",
    }[marked.outcome]
    tell(f"Exercise {name}: {sentence}", kind="exercise", name=name, outcome=marked.outcome, hint=marked.hint)


def claim(
    name: str,
    sentence: str,
    value: float,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    digits: int = 3,
) -> None:
    """Show a sentence with the number that supports it, and fail if the number is out of bounds.

    Parameters
    ----------
    name : str
        The claim's permanent name, notebook and words, such as "03.gain_at_32".
    sentence : str
        What the number means.
    value : float
        The number measured.
    at_least, at_most : float, optional
        The bounds it must keep; at least one of them.
    digits : int
        Significant digits to print.

    Raises
    ------
    AssertionError
        If the number is out of bounds or not finite. Only a claim that holds leaves a record.
    """
    check_name(name)
    value, at_least, at_most = as_number(value), *(b if b is None else as_number(b) for b in (at_least, at_most))
    bounds = [bound for bound in (at_least, at_most) if bound is not None]
    if not bounds or not all(map(math.isfinite, bounds)):  # JSON has neither NaN nor infinity
        raise ValueError(f"claim needs at_least, at_most or both, as finite numbers; got {at_least} and {at_most}")
    low, high = (-math.inf if at_least is None else at_least), (math.inf if at_most is None else at_most)
    record = {"name": name, "sentence": sentence, "at_least": at_least, "at_most": at_most, "digits": digits}
    line = claim_in_words(record | {"value": value})
    assert math.isfinite(value) and low <= value <= high, f"✗ {line}"
    # The number differs between machines: it is metadata, which a comparison of stored outputs skips.
    tell(f"✓ {line}", {"value": value}, kind="claim", **record)


class Prediction(widgets.VBox):
    """A question with options, one of which is chosen before the result is computed.

    Parameters
    ----------
    name : str
        The question's permanent name, notebook and words, such as "03.which_wins".
    question : str
    options : sequence of str
        At least two.

    Attributes
    ----------
    value : str or None
        The option chosen.
    """

    def __init__(self, name: str, question: str, options: Sequence[str]) -> None:
        if isinstance(options, str) or len(options) < 2:
            raise ValueError(f"options must be two answers or more; got {options!r}")
        self.name, self.question, self.options = check_name(name), question, [str(option) for option in options]
        asked = widgets.HTML(f"<p style='font-size:15px;margin:0'><b>Predict first.</b> {html.escape(question)}</p>")
        self.buttons = widgets.RadioButtons(options=self.options, value=None, layout={"width": "auto"})
        super().__init__([asked, self.buttons])

    @property
    def value(self) -> str | None:
        """The option chosen, or None."""
        return self.buttons.value

    def reveal(self, answer: str) -> None:
        """Show what was predicted beside the answer, which should come from a measurement."""
        answer = str(answer)
        if answer not in self.options:
            raise ValueError(f"answer must be one of {self.options}; got {answer!r}")
        if self.value is None:
            sentence = f"Measured: {answer}. (You made no prediction: next time choose before you run.)"
        elif self.value == answer:
            sentence = f"Measured: {answer}. You predicted just that."
        else:
            sentence = f"Measured: {answer}. You predicted {self.value}: what did you assume that is not so?"
        tell(sentence, **self._record("prediction"), predicted=self.value, measured=answer)

    def _record(self, kind: str) -> dict:
        return {"kind": kind, "name": self.name, "question": self.question, "options": self.options}

    def _repr_mimebundle_(self, **kwargs) -> dict:
        bundle = super()._repr_mimebundle_(**kwargs)
        bundle["text/plain"] = "\n  ○ ".join([f"Predict first. {self.question}", *self.options])
        bundle[RECORD] = {"version": VERSION, **self._record("question")}
        return bundle


def check_name(name: str) -> str:
    """Return `name` if it is the number of a notebook, a dot and words; raise an error otherwise."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(
            f"name must be a notebook's number, a dot and small letters, such as '03.gain_at_32'; got {name!r}"
        )
    return name


def tell(sentence: str, measured: Mapping[str, object] | None = None, /, **record) -> None:
    """Show a sentence with its record beside it; outside a notebook, print only the sentence."""
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(sentence)
        return
    bundle = {"text/plain": sentence, RECORD: {"version": VERSION, **record}}
    display(bundle, raw=True, metadata={RECORD: dict(measured)} if measured else None)
