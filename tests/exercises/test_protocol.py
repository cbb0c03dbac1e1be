"""Verdicts are data: what predictions, exercises and claims record, and that nobody has to read their sentences."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from helpers.learner import notebook, ran
from helpers.paths import ROOT
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from aecourse.classroom.answers import read_answers
from aecourse.exercises import Prediction, check, claim
from aecourse.records import FIELDS, RECORD, VERSION, has_foreign_records, read_records

SOURCES = [
    "guess = Prediction('00.how_many', 'How many?', ['one', 'two'])\nguess",
    "guess.value = 'one'\nguess.reveal('two')",
    "print('above')\nclaim('00.error', 'The error', 0.01234, at_most=0.02)\nprint('below')",
    "answer = ...\ncheck('00.1', answer)",
    "check('00.2', lambda x, x_hat: 1 / 0)\ncheck('00.1', 12.25)",
]
RECORDS = [
    {"kind": "question", "name": "00.how_many", "question": "How many?", "options": ["one", "two"]},
    {"kind": "prediction", "name": "00.how_many", "question": "How many?", "options": ["one", "two"]}
    | {"predicted": "one", "measured": "two"},
    {"kind": "claim", "name": "00.error", "sentence": "The error", "at_least": None, "at_most": 0.02, "digits": 3}
    | {"value": 0.01234},
    {"kind": "exercise", "name": "00.1", "outcome": "not attempted", "hint": ""},
    {"kind": "exercise", "name": "00.2", "outcome": "stopped"}
    | {"hint": "ZeroDivisionError: division by zero (line 1: check('00.2', lambda x, x_hat: 1 / 0))"},
    {"kind": "exercise", "name": "00.1", "outcome": "right", "hint": ""},
]
BOUNDS = [(2, {"at_most": 1}), (0, {"at_least": 1}), (3, {"at_least": 1, "at_most": 2})]
NOT_FINITE = [(float("nan"), {"at_most": 1}), (torch.inf, {"at_least": 1}), (torch.tensor(torch.nan), {"at_least": 1})]


def saved() -> nbformat.NotebookNode:
    """A notebook that asks, reveals, claims and checks, with the outputs of these calls."""
    space = {"check": check, "claim": claim, "Prediction": Prediction}
    return notebook(*(ran(source, count=i, space=space) for i, source in enumerate(SOURCES, start=1)))


def records(content: nbformat.NotebookNode) -> list[dict]:
    """All records of a notebook, in order."""
    return [record for cell in content.cells for record in read_records(cell.get("outputs", []))]


def test_each_call_leaves_its_record(tmp_path: Path) -> None:
    """Versioned, complete, JSON, and the same after the notebook is validated, written and read."""
    content = saved()
    assert records(content) == [{"version": VERSION} | record for record in RECORDS]
    assert all({"version", "kind", "name", *FIELDS[r["kind"]]} == set(r) for r in records(content))
    nbformat.validate(content)
    nbformat.write(content, tmp_path / "saved.ipynb")
    json.dumps(content, allow_nan=False)
    assert records(nbformat.read(tmp_path / "saved.ipynb", as_version=4)) == records(content)


@pytest.mark.slow
def test_a_kernel_stores_the_same() -> None:
    """In Jupyter as well, in order with what is printed, and told in words beside it."""
    content = new_notebook(cells=[new_code_cell("from aecourse import Prediction, check, claim")])
    content.cells += [new_code_cell(source) for source in SOURCES]
    NotebookClient(content, timeout=600, startup_timeout=600, store_widget_state=False).execute()
    nbformat.validate(content)
    assert records(content) == records(saved())
    above, claimed, below = content.cells[3].outputs
    assert (above.text, below.text) == ("above\n", "below\n")
    assert claimed.data["text/plain"] == "✓ The error: ≈ 0.0123 (claimed: at most 0.02)"


def test_other_words_change_no_verdict() -> None:
    """The report of a notebook is the same when none of its sentences is left."""
    content = saved()
    before = read_answers(content)
    for cell in content.cells:
        for output in cell.get("outputs", []):
            if "data" in output:
                output.data["text/plain"] = "…"
    assert read_answers(content) == before
    assert before.claims == 1 and before.predictions[0].predicted == "one"
    assert [answer.verdict for answer in before.answers] == ["right", "stopped"]


def test_what_nbval_compares_does_not_depend_on_the_number() -> None:
    """Another machine measures another value: only what stands behind ≈, and the metadata, may differ."""
    one, other = (ran(f"claim('00.error', 'The error', {v}, at_most=0.02)").outputs[0] for v in (0.01234, -1.5e-7))
    assert one.data[RECORD] == other.data[RECORD] and one.metadata != other.metadata
    rules = (ROOT / "tests" / "nbval_sanitize.cfg").read_text(encoding="utf-8")
    regex, replace = re.findall(r"^regex: (.*)\nreplace: (.*)$", rules, re.M)[0]
    texts = {re.sub(regex, replace, output.data["text/plain"]) for output in (one, other)}
    assert texts == {"✓ The error: ≈ number (claimed: at most 0.02)"}


@pytest.mark.parametrize(("value", "bounds"), BOUNDS + NOT_FINITE)
def test_a_claim_that_does_not_hold_fails_without_a_record(value: object, bounds: dict) -> None:
    """It stops the notebook and says what was measured; JSON would have no word for NaN or infinity."""
    with pytest.raises(AssertionError, match="✗ the error: ≈ "):
        claim("00.error", "the error", value, **bounds)
    space = {"claim": claim, "value": value, "bounds": bounds}
    (output,) = ran("claim('00.error', 'the error', value, **bounds)", space=space).outputs
    assert output.output_type == "error"


@pytest.mark.parametrize("bounds", [{}, {"at_least": -torch.inf}, {"at_most": float("nan")}])
def test_a_claim_needs_finite_bounds(bounds: dict) -> None:
    """One that could not fail claims nothing."""
    with pytest.raises(ValueError, match="at_least, at_most or both"):
        claim("00.error", "the error", 1, **bounds)


@pytest.mark.parametrize("number", [np.float32(0.5), np.int64(1), torch.tensor([0.5], requires_grad=True)])
def test_numbers_of_every_kind_are_recorded_as_json(number: object) -> None:
    """Values and bounds from NumPy and torch, too."""
    cell = ran("claim('00.n', 'A number', n, at_least=n, at_most=n)", space={"claim": claim, "n": number})
    (record,) = read_records(json.loads(json.dumps(cell.outputs)))
    assert record["value"] == record["at_least"] == record["at_most"] == float(torch.as_tensor(number).detach())
    assert cell.outputs[0].data["text/plain"] == f"✓ A number: {record['value']:g}"


@pytest.mark.parametrize(
    "name", ["error", "3.error", "03.Error", "03.an error", "03.a-b", "03.", "03.a\n", "", None, 3]
)
def test_names_are_checked(name: object) -> None:
    """A notebook's number, a dot and words; the sentence in its place is refused."""
    for call in (lambda: claim(name, "the error", 1, at_most=2), lambda: Prediction(name, "How many?", ["1", "2"])):
        with pytest.raises(ValueError, match="name must be a notebook's number"):
            call()


def test_options_are_words() -> None:
    """Numbers are written out, in the question as in the answer."""
    space = {"Prediction": Prediction}
    cell = ran("guess = Prediction('00.n', 'How many?', [1, 2.5])\nguess.reveal(2.5)\nguess", space=space)
    revealed, asked = read_records(cell.outputs)
    assert asked["options"] == ["1", "2.5"] and revealed["measured"] == "2.5" and revealed["predicted"] is None
    with pytest.raises(ValueError, match="answer must be one of"):
        space["guess"].reveal("three")
    for options in (["one"], "one"):
        with pytest.raises(ValueError, match="options must be two"):
            Prediction("00.n", "How many?", options)


def test_outside_a_notebook_the_sentence_is_printed(capsys: pytest.CaptureFixture) -> None:
    """A script says the same and keeps no record."""
    claim("00.error", "the error", 0.01234, at_most=0.02)
    check("00.1", 12.25)
    guess = Prediction("00.how_many", "How many?", ["one", "two"])
    for guess.value, guess.measured in (("", ""), ("two", ""), ("one", "")):
        guess.reveal("two")
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["✓ the error: ≈ 0.0123 (claimed: at most 0.02)", "Exercise 00.1: ✓ right."]
    for line, words in zip(lines[2:], ("no prediction", "just that", "You predicted one"), strict=True):
        assert line.startswith("Measured: two. ") and words in line


@pytest.mark.parametrize(
    "change", [{"version": VERSION + 1}, {"version": None}, {"kind": "song"}, {"kind": "question"}]
)
def test_what_cannot_be_read_is_left_out_and_noticed(change: dict) -> None:
    """Another version, another kind, a record that is not whole."""
    cell = ran("claim('00.error', 'the error', 1, at_most=2)")
    assert len(read_records(cell.outputs)) == 1 and not has_foreign_records(cell.outputs)
    cell.outputs[0].data[RECORD] |= change
    assert read_records(cell.outputs) == [] and has_foreign_records(cell.outputs)
    assert not has_foreign_records(ran("print(1)").outputs + ran("1 / 0").outputs)
