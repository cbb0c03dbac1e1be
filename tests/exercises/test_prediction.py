"""A vote outlives its cell, its kernel and its day, and counts as it stood when the result was first shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import traitlets
from helpers.learner import ran

from aecourse.exercises import Prediction, claim, protocol, votes
from aecourse.records import read_records

OPTIONS = ["one", "two"]


def ask(options: list[str] | None = None) -> Prediction:
    """The question as its cell makes it, each time anew."""
    return Prediction("00.how_many", "How many?", options or OPTIONS)


def revealed(guess: Prediction, answer: str = "'two'") -> tuple[dict, str, str]:
    """The record, the words and the card of a reveal."""
    (output,) = ran(f"guess.reveal({answer})", space={"guess": guess}).outputs
    (record,) = read_records([output])
    return record, output.data["text/plain"], output.data["text/html"]


def test_a_vote_stays_when_the_cell_runs_again() -> None:
    """By the name of its question, unless the options are others now."""
    ask().value = "two"
    assert ask().value == "two"
    assert ask(["two", "three"]).value == "two"
    assert ask(["three", "four"]).value == ""
    assert Prediction("00.another", "How many?", OPTIONS).value == ""


def test_the_vote_before_the_result_counts() -> None:
    """Whoever chooses otherwise afterwards has still predicted the first; the widget shows both."""
    guess = ask()
    guess.value = "one"
    revealed(guess)
    guess.value = "two"
    record, words, card = revealed(ask())
    assert record["predicted"] == "one" and "You predicted one" in words and "How many?" in card
    assert (ask().counted, ask().measured) == ("one", "two")


def test_a_vote_after_the_result_is_called_so() -> None:
    """It is no prediction."""
    guess = ask()
    assert "You made no prediction" in revealed(guess)[1]
    guess.value = "two"
    record, words, _ = revealed(guess)
    assert record["predicted"] is None and "You chose two after the result was shown" in words


def test_a_result_outside_all_options() -> None:
    """It is said, with the measurement; nobody is right and nobody is wrong."""
    guess = ask()
    guess.value = "one"
    record, words, _ = revealed(guess, "None, measured='6.93'")
    assert record["measured"] == "outside all options" and record["predicted"] == "one"
    assert words.startswith("Measured: 6.93, outside all options. You predicted one.")
    assert revealed(guess, "'one', measured='1.1'")[1] == "Measured: 1.1, so one. You predicted just that."


def test_a_value_is_one_of_the_options() -> None:
    """A misspelt one is refused."""
    with pytest.raises(traitlets.TraitError, match="value must be one of"):
        ask().value = "three"


def test_a_vote_comes_back_from_the_saved_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JupyterLab saves the state of widgets in the notebook, and names the notebook to the kernel."""
    guess = ask()
    guess.value = "two"
    state = {name: getattr(guess, name) for name in ("name", "value", "counted", "measured", "_anywidget_id")}
    others = {"1": {"state": {"value": 3}}, "2": {"state": state}}
    path = tmp_path / "00_自 编码.ipynb"
    path.write_text(json.dumps({"metadata": {"widgets": {votes.STATE: {"state": others}}}}))
    votes._kept.clear()
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    votes._saved.cache_clear()
    assert ask().value == "two"


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"metadata": {"widgets": 3}}', None])
def test_a_notebook_without_votes_gives_none(text: str | None, tmp_path: Path, monkeypatch) -> None:
    """Damaged, of another program, or not there."""
    path = tmp_path / "n.ipynb"
    if text is not None:
        path.write_text(text)
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    assert ask().value == ""


@pytest.mark.parametrize("value", [6.93, float("nan")])
def test_a_learner_who_misses_a_claim_is_asked_and_goes_on(value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings may be changed: the card says what was measured and what the notebook's settings give."""
    monkeypatch.setattr(protocol, "_is_learners_kernel", lambda: True)
    cell = ran("claim('03.gain', 'The gain', v, at_most=0.5)\nprint('goes on')", space={"claim": claim, "v": value})
    printed, card = cell.outputs
    assert printed.text == "goes on\n"
    assert f"≈ {value:g} (claimed: at most 0.5). With the notebook's settings" in card.data["text/plain"]
    (record,) = read_records(json.loads(json.dumps(cell.outputs, allow_nan=False)))
    assert record["value"] == (6.93 if value == 6.93 else "nan")
