"""Open experiments: what is missing is said, what is there is kept for the report, and nothing is marked."""

from __future__ import annotations

import pytest
import torch
from helpers.learner import notebook, ran
from nbformat.v4 import new_markdown_cell

from aecourse.classroom.answers import read_answers
from aecourse.classroom.report import render
from aecourse.exercises import experiment

TASK = new_markdown_cell("**01.6 (open)** How does the error fall with $k$?")
BEGUN = 'experiment("01.6", {"k = 2": 0.05, "k = 8": ...})'
DONE = 'experiment("01.6", {"k = 2": 0.05, "k = 8": 0.02}, "It falls <fast>, then slowly.")'


def test_what_is_missing_is_said(capsys) -> None:
    """Cell by cell of the table, and the sentence."""
    experiment("01.6", {"k = 2": torch.tensor(0.05), "k = 8": ...})
    experiment("01.6", {2: 0.05}, "It falls.")
    assert capsys.readouterr().out.splitlines() == [
        "Experiment 01.6: still missing: k = 8, your sentence.",
        "Experiment 01.6: noted for your report.",
    ]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("6", {"a": 1}), "name"),
        (("01.6", {}), "table"),
        (("01.6", [1, 2]), "table"),
        (("01.6", {"a": float("inf")}), "table"),
        (("01.6", {"a": "much"}), "number"),
        (("01.6", {"a": 1}, 3), "sentence"),
    ],
)
def test_wrong_use_says_what_is_wrong(arguments: tuple, word: str) -> None:
    """By the argument's name, before anything is kept."""
    with pytest.raises((TypeError, ValueError), match=word):
        experiment(*arguments)


@pytest.mark.parametrize(
    ("source", "begun", "complete", "words"),
    [
        (DONE, True, True, ["✓ complete", "k = 8", "0.02", "“It falls &lt;fast&gt;, then slowly.”"]),
        (BEGUN, True, False, ["begun", "0.05", "–"]),
        ('experiment("01.6", {"k = 2": ...})', False, False, ["not begun"]),
    ],
)
def test_the_report_collects_it(source: str, begun: bool, complete: bool, words: list[str]) -> None:
    """Table and sentence, read back from the saved notebook, escaped; the course's own solution does not count."""
    space = {"experiment": experiment}
    solution = ran(f"# Solution 01.6\n{DONE}", count=2, space=space, tag="solution")
    saved = read_answers(notebook(TASK, ran(source, space=space), solution))
    (found,) = saved.experiments
    assert (found.name, found.begun, found.complete) == ("01.6", begun, complete)
    page = render([("01.ipynb", "today", saved)])
    assert not [word for word in words if word not in page]


def test_one_that_was_never_run_is_named() -> None:
    """By its task."""
    cell = ran(DONE, space={"experiment": experiment})
    cell.outputs = []
    (found,) = read_answers(notebook(TASK, cell)).experiments
    assert (found.task, found.begun) == (TASK.source, False)
