"""A question to answer before the result is computed; the answer is kept when the cell runs again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import anywidget
import traitlets

from aecourse.bundle import bundle
from aecourse.exercises.cards import card, tell
from aecourse.exercises.votes import EMPTY, keep, recall
from aecourse.records import RECORD, VERSION, check_name

HERE = Path(__file__).parent
OUTSIDE = "outside all options"
_shown: dict[str, Prediction] = {}


class Prediction(anywidget.AnyWidget):
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
    value : str
        The chosen option; empty before a choice.
    counted : str
        The option that was chosen when the result was first shown.
    measured : str
        The result; empty until it is shown.
    """

    _esm = bundle(HERE / "prediction.js")
    _css = bundle(HERE / "prediction.css")
    name = traitlets.Unicode().tag(sync=True)
    question = traitlets.Unicode().tag(sync=True)
    options = traitlets.List(traitlets.Unicode()).tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)
    counted = traitlets.Unicode().tag(sync=True)
    measured = traitlets.Unicode().tag(sync=True)

    def __init__(self, name: str, question: str, options: Sequence[str]) -> None:
        if not isinstance(question, str) or not question.strip():
            raise TypeError(f"question must be a text; got {question!r}")
        words = isinstance(options, Sequence) and not isinstance(options, str | bytes)
        if not words or len({str(option).strip() for option in options} - {"", OUTSIDE}) < max(2, len(options)):
            raise ValueError(f"options must be two answers or more, all different and none empty; got {options!r}")
        options = [str(option) for option in options]
        super().__init__(name=check_name(name), question=question, options=options, **recall(name, options))
        self.observe(lambda change: keep(name, {key: getattr(self, key) for key in EMPTY}), list(EMPTY))
        if name in _shown:  # by an earlier run of the cell, perhaps still there in another tab of the browser
            _shown[name].close()
        _shown[name] = self

    @traitlets.validate("value")
    def _one_of_the_options(self, proposal) -> str:
        if proposal["value"] not in ("", *self.options):
            raise traitlets.TraitError(f"value must be one of {self.options}; got {proposal['value']!r}")
        return proposal["value"]

    def reveal(self, answer: str | None, measured: str = "") -> None:
        """Show what was predicted beside the answer, which should come from a measurement.

        Parameters
        ----------
        answer : str or None
            The option that is right; None if what was measured lies outside all of them.
        measured : str
            The measurement itself, in words, such as "≈ 0.39 × PCA's error"; it stands before the option.
        """
        answer = OUTSIDE if answer is None else str(answer)
        if answer not in (*self.options, OUTSIDE):
            raise ValueError(f"answer must be one of {self.options}, or None; got {answer!r}")
        if not self.measured:
            self.counted = self.value
        words = f"{measured}, {'so ' if answer != OUTSIDE else ''}{answer}" if measured else answer
        self.measured = words if answer == OUTSIDE else answer
        voted, late = self.counted, self.value if not self.counted else ""
        found = f"Measured: {words}."
        look, verdict = "not yet", f"You predicted {voted}: what did you assume that is not so?"
        if late:
            look, verdict = "not attempted", f"You chose {late} after the result was shown."
        elif not voted:
            look, verdict = "not attempted", "You made no prediction: next time choose before you run."
        elif answer == OUTSIDE:
            look, verdict = "changed", f"You predicted {voted}. With the notebook's settings one option is right."
        elif voted == answer:
            look, verdict = "right", "You predicted just that."
        record = {"name": self.name, "question": self.question, "options": list(self.options)}
        drawn = card(look, self.question, found, verdict)
        tell(f"{found} {verdict}", drawn, kind="prediction", predicted=voted or None, measured=answer, **record)

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        data["text/plain"] = "\n  ○ ".join([f"Predict first. {self.question}", *self.options])
        record = {"kind": "question", "name": self.name, "question": self.question, "options": list(self.options)}
        return data | {RECORD: {"version": VERSION, **record}}, metadata
