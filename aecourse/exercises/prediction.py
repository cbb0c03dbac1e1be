"""Commit to an answer before seeing the result; being wrong is how it sticks."""

from __future__ import annotations

import html
from collections.abc import Sequence

import ipywidgets as widgets


class Prediction(widgets.VBox):
    """a question with options to choose from before the result is computed

    Parameters
    ----------
    question : str
    options : sequence of str, at least two

    Attributes
    ----------
    value : the option chosen, or None
    """

    def __init__(self, question: str, options: Sequence[str]) -> None:
        if isinstance(options, str) or len(options) < 2:
            raise ValueError(f"options must be two answers or more; got {options!r}")
        self.question, self.options = question, [str(option) for option in options]
        asked = widgets.HTML(f"<p style='font-size:15px;margin:0'><b>Predict first.</b> {html.escape(question)}</p>")
        self.buttons = widgets.RadioButtons(options=self.options, value=None, layout={"width": "auto"})
        super().__init__([asked, self.buttons])

    @property
    def value(self) -> str | None:
        """the option chosen, or None"""
        return self.buttons.value

    def reveal(self, answer: str) -> None:
        """print what was predicted beside the answer, which should come from a measurement"""
        answer = str(answer)
        if answer not in self.options:
            raise ValueError(f"answer must be one of {self.options}; got {answer!r}")
        if self.value is None:
            print(f"Measured: {answer}. (You made no prediction: next time choose before you run.)")
        elif self.value == answer:
            print(f"Measured: {answer}. You predicted just that.")
        else:
            print(f"Measured: {answer}. You predicted {self.value}: what did you assume that is not so?")

    def _repr_mimebundle_(self, **kwargs) -> dict:
        bundle = super()._repr_mimebundle_(**kwargs)
        bundle["text/plain"] = "\n  ○ ".join([f"Predict first. {self.question}", *self.options])
        return bundle
