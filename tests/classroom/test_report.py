"""The homework report: what the real checks recorded is read back, nothing is run, nothing gets out of its quotes."""

from __future__ import annotations

import datetime
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
import torch
from helpers.learner import notebook, ran
from helpers.paths import NOTEBOOKS
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

import aecourse
from aecourse.classroom.answers import (
    NOT_ATTEMPTED,
    NOT_RUN,
    NOT_YET,
    RIGHT,
    STOPPED,
    UNREADABLE,
    Answer,
    SavedPrediction,
    read_answers,
)
from aecourse.classroom.report import main, prose, render
from aecourse.exercises import Prediction, check
from aecourse.records import RECORD

OPTIONS = ["a half", "less. You predicted a half: no", "less"]  # answers that would fool a careless reading
VOID = {"meta", "br", "hr", "img", "link", "input"}


def predicted(choice: str | None, measured: str) -> list[nbformat.NotebookNode]:
    """The two cells of a prediction, as run by a learner who chose `choice`."""
    space = {"Prediction": Prediction}
    asks = ran(
        f"guess = Prediction(\n    '00.left',\n    'How much is left?',\n    {OPTIONS!r},\n)\nguess", space=space
    )
    space["guess"].buttons.value = choice
    return [asks, ran(f"guess.reveal({measured!r})", count=2, space=space)]


@pytest.mark.parametrize("choice", [None, *OPTIONS])
@pytest.mark.parametrize("measured", OPTIONS)
def test_prediction_is_read_back(choice: str | None, measured: str) -> None:
    """Right, wrong or none, with options that contain each other and the very words of the sentence."""
    (prediction,) = read_answers(notebook(*predicted(choice, measured))).predictions
    assert prediction == SavedPrediction("How much is left?", choice, measured)
    assert prediction.right == (choice == measured)


def test_prediction_never_revealed() -> None:
    """A question whose result was not run is there, with nothing beside it."""
    asks, reveals = predicted("less", "less")
    reveals.outputs = []
    assert read_answers(notebook(asks, reveals)).predictions == [SavedPrediction("How much is left?")]
    assert read_answers(notebook(asks)).predictions == [SavedPrediction("How much is left?")]
    asks.outputs = []
    assert read_answers(notebook(asks)).predictions == [SavedPrediction("00.left")]


def test_prediction_revealed_twice_counts_as_last_revealed() -> None:
    """The second choice stands."""
    cells = [*predicted("less", "a half")[:1], *predicted("less", "a half")[1:], *predicted("a half", "a half")[1:]]
    assert read_answers(notebook(*cells)).predictions == [SavedPrediction("How much is left?", "a half", "a half")]


def test_two_predictions_in_one_cell_keep_their_order() -> None:
    """Each revealed answer goes to the question of its name."""
    space = {"Prediction": Prediction}
    asks = ran("a = Prediction('00.a', 'A?', ['x', 'y'])\nb = Prediction('00.b', 'B?', ['x', 'y'])", space=space)
    space["a"].buttons.value, space["b"].buttons.value = "x", "y"
    reveals = ran("b.reveal('x')\na.reveal('x')", count=2, space=space)
    assert read_answers(notebook(asks, reveals)).predictions == [
        SavedPrediction("A?", "x", "x"),
        SavedPrediction("B?", "y", "x"),
    ]


@pytest.mark.parametrize(
    ("source", "verdict", "detail"),
    [
        ('check("00.1", 12.25)', RIGHT, ""),
        ('check("00.1", 16)', NOT_YET, r"\w{3,}"),
        ('ratio = ...\ncheck("00.1", ratio)', NOT_ATTEMPTED, ""),
        ('def f(x, y):\n    return 1 / 0\n\n\ncheck("00.2", f)', NOT_YET, "ZeroDivisionError"),
        ('ratio = lost\ncheck("00.1", ratio)', STOPPED, "NameError: name 'lost'"),
        ('check("00.1", 16)\ncheck("00.1", 12.25)', RIGHT, ""),
        ('check("00.1", 12.25)\ncheck("00.1", 16)', NOT_YET, r"\w{3,}"),
        ('for answer in (16, 12.25):\n    check("00.1", answer)', RIGHT, ""),
    ],
)
def test_answer_is_read_back(source: str, verdict: str, detail: str) -> None:
    """What the real check recorded last, or the error that came before it."""
    task = new_markdown_cell("Some words.\n\n**00.1 (easy)** How many?\n\nMore words.\n\n**00.2 (medium)** Write it.")
    (answer,) = read_answers(notebook(task, ran(source, tag="exercise"))).answers
    assert (answer.code, answer.verdict, answer.doubt) == (source, verdict, "")
    assert re.search(detail, answer.detail) and bool(answer.detail) == bool(detail)
    assert answer.task.startswith(f"**{answer.name} (") and "More" not in answer.task


def test_cell_that_was_not_run() -> None:
    """No output, no verdict, and the number of such cells is told."""
    reading = read_answers(notebook(ran("1"), new_code_cell('check("00.1", 12.25)', metadata={"tags": ["exercise"]})))
    assert reading.answers[0].verdict == NOT_RUN
    assert reading.remarks == ["Not run: 1 of 2 code cells."]


def test_solution_is_no_answer() -> None:
    """Neither by its tag nor, untagged, by its first line."""
    stub = ran('ratio = ...\ncheck("00.1", ratio)', tag="exercise")
    tagged = ran('check("00.1", 12.25)', count=2, tag="solution")
    untagged = ran('# Solution 00.1\ncheck("00.1", 12.25)', count=3)
    assert [a.verdict for a in read_answers(notebook(stub, tagged, untagged)).answers] == [NOT_ATTEMPTED]
    assert [a.verdict for a in read_answers(notebook(stub, ran('check("00.1", 12.25)', count=2))).answers] == [RIGHT]


def test_the_best_of_several_tries_counts() -> None:
    """A wrong one after a right one takes nothing away."""
    for sources in (("16", "12.25"), ("12.25", "16"), ("12.25", "lost")):
        cells = [ran(f'check("00.1", {answer})', count=i) for i, answer in enumerate(sources, start=1)]
        assert [a.verdict for a in read_answers(notebook(*cells)).answers] == [RIGHT]


def test_another_version_of_the_course_is_named() -> None:
    """Its records are not understood, and not mistaken for cells that were not run."""
    cells = [
        *predicted("less", "less"),
        ran('check("00.1", 12.25)', count=3),
        ran('claim("00.c", "A", 1, at_most=1)', count=4),
    ]
    for cell in cells:
        cell.outputs[-1].data[RECORD]["version"] = 99
    reading = read_answers(notebook(*cells))
    assert reading.predictions == [SavedPrediction("00.left", missing=UNREADABLE)]
    assert [a.verdict for a in reading.answers] == [UNREADABLE] and "another version" in reading.answers[0].detail
    assert reading.claims == 0 and "another version of the course" in reading.remarks[0]
    page = Page(render([("00.ipynb", "today", reading)])).text
    assert "not run" not in page.split("Predictions")[-1] and "Saved by another version of the course" in page


def test_outputs_from_before_there_were_records_are_not_called_not_run() -> None:
    """A sentence alone is no verdict, but the cell did run."""
    printed = new_output("stream", name="stdout", text="Exercise 00.1: ✓ right.\n")
    cell = new_code_cell('check("00.1", 12.25)', execution_count=1, outputs=[printed])
    assert [a.verdict for a in read_answers(notebook(cell)).answers] == [UNREADABLE]


@pytest.mark.parametrize(
    "code",
    [
        "x = torch.zeros(2, 3)[..., 0]\nanswer = 12.25",
        "x = torch.zeros(2, 3)\nx[..., 0] = 1\nanswer = 12.25",
        "x = torch.zeros(2, 3)[..., None, :].sum()\nanswer = 12.25",
        "part = (..., 0)\nx = torch.zeros(2, 3)[part]\nanswer = 12.25",
        "def f(n: tuple[int, ...], rest=...) -> float:\n    return 12.25\n\n\nanswer = f(())",
        "def f():\n    return 12.25\n    ...\n\n\nanswer = f()",
        "def f():\n    'why'\n    return 12.25\n\n\nanswer = f()",
        "answer = 12.25 if torch is not ... else 0",
    ],
)
def test_right_code_with_dots_in_it_is_not_doubted(code: str) -> None:
    """An index, a type hint, a default, a line left over below the answer: none of these is a stub."""
    space = {"check": check, "torch": torch}
    (answer,) = read_answers(notebook(ran(f'{code}\ncheck("00.1", answer)', tag="exercise", space=space))).answers
    assert (answer.verdict, answer.doubt) == (RIGHT, "")


@pytest.mark.parametrize(
    "stub",
    [
        "answer = ...",
        "answer: int = ...",
        "codes, weights = ..., ...",
        "a = b = ...",
        "def f(x):\n    ...",
        "def f(x):\n    'what it gives'\n    ...",
        "class A:\n    def f(self): ...",
        "...",
    ],
)
def test_right_verdict_over_a_stub_is_doubted(stub: str) -> None:
    """Every form of a stub is seen."""
    cell = ran('check("00.1", 12.25)', tag="exercise")
    cell.source = f"{stub}\n{cell.source}"
    (answer,) = read_answers(notebook(cell)).answers
    assert answer.verdict == RIGHT and "changed after it ran" in answer.doubt


def test_code_that_contradicts_its_verdict_is_doubted() -> None:
    """Edited after it ran, as far as that can be seen."""
    right, stub = ran('check("00.1", 12.25)', tag="exercise"), ran('ratio = ...\ncheck("00.1", ratio)', tag="exercise")
    right.source, stub.source = stub.source, right.source
    for cell in (right, stub):
        (answer,) = read_answers(notebook(cell)).answers
        assert "changed after it ran" in answer.doubt
    broken = ran('check("00.1", 12.25)', tag="exercise")
    broken.source += "\nfor"
    assert "not valid Python" in read_answers(notebook(broken)).answers[0].doubt
    timed = ran('check("00.1", 12.25)', tag="exercise")
    timed.source = f"%%time\n{timed.source}"
    assert read_answers(notebook(timed)).answers[0].doubt == ""


def test_order_of_running_errors_and_claims() -> None:
    """What the execution counts and outputs tell."""
    cells = [ran("1", count=3), ran('claim("00.share", "A share", 0.5, at_most=1)', count=2), ran("1 / 0", count=4)]
    reading = read_answers(notebook(*cells))
    assert reading.claims == 1 and len(reading.remarks) == 2
    assert "top to bottom" in reading.remarks[0] and "Stopped with an error: 1 of 3" in reading.remarks[1]
    assert read_answers(notebook(ran("1"), ran("2", count=2))).remarks == []


class Page(HTMLParser):
    """Collects what a browser would act on, and complains about tags that do not match."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open, self.seen, self.text = [], [], ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        """Remember an element."""
        self.seen.append((tag, dict(attrs)))
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        """Close the element opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect the text."""
        self.text += data


def test_nothing_gets_out_of_its_quotes() -> None:
    """Code, names, questions, hints and titles that contain HTML are shown, and never become HTML."""
    evil = "</code></pre></title><script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    cells = [
        new_markdown_cell(f"**00.1 (easy)** {evil}"),
        ran(f'raise ValueError("""{evil} """)\ncheck("00.1", 1)', tag="exercise"),
        ran(f'q = Prediction("00.q", """{evil} """, ["a", "b"])\nq', count=2),
    ]
    reading = read_answers(notebook(*cells, title=evil))
    reading.remarks.append(evil)
    page = Page(render([(evil, evil, reading)], name=evil))
    tags = {tag for tag, _ in page.seen}
    assert not tags & {"script", "img", "iframe", "link", "object", "form", "base"}
    assert not [a for _, attributes in page.seen for a in attributes if a.startswith("on") or a in ("src", "style")]
    assert all(attributes["href"].startswith("#") for tag, attributes in page.seen if tag == "a")
    assert page.text.count("alert(1)") >= 12


def test_page_is_accessible_and_dated() -> None:
    """A language, one main heading, headed columns and rows, the version, the date and the name."""
    reading = read_answers(notebook(*predicted("less", "less"), ran('check("00.1", 12.25)', tag="exercise")))
    page = Page(render([("00.ipynb", "today", reading)], name="Ada", today=datetime.date(2031, 5, 4)))
    tags = [tag for tag, _ in page.seen]
    assert dict(page.seen[0][1]) == {"lang": "en"} and tags.count("h1") == 1 and "main" in tags
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in page.seen if tag == "th")
    for words in ("Ada", "2031-05-04", aecourse.__version__, "How much is left?", 'check("00.1", 12.25)', "1 of 1"):
        assert words in page.text


def test_prose_marks_up_and_escapes() -> None:
    """The little Markdown that exercises use."""
    assert prose("**01.1 (easy)** *Hint:* `a < b`, $k$") == (
        "<strong>01.1 (easy)</strong> <em>Hint:</em> <code>a &lt; b</code>, <var>k</var>"
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_shipped_notebooks_are_read_whole(path: Path) -> None:
    """Every question of the notebook measured and unpredicted, every exercise not attempted, no doubt, no remark."""
    content = nbformat.read(path, as_version=4)
    source = "\n".join(cell.source for cell in content.cells if cell.cell_type == "code")
    learners = [cell.source for cell in content.cells if not cell.source.startswith("# Solution")]
    stubs = [code for code in learners if re.search(r"^check\(", code, re.M)]
    open_ones = set(re.findall(r"^experiment\(\"(\d\d\.\d)", source, re.M))
    reading = read_answers(content)
    assert len(reading.predictions) == len(re.findall(r"= Prediction\(", source))
    assert all(len(f.question) > 20 and f.predicted is None and f.measured for f in reading.predictions)
    assert len(reading.answers) == len(stubs)
    assert {one.name for one in reading.experiments} == open_ones
    assert not [one for one in reading.experiments if one.begun or not one.task]
    assert all(isinstance(a, Answer) and a.verdict == NOT_ATTEMPTED and a.task and not a.doubt for a in reading.answers)
    assert reading.remarks == []  # stored by running all cells from top to bottom


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """The page is written and named; what cannot be read is named too, with an exit status."""
    nbformat.write(notebook(ran('check("00.1", 12.25)', tag="exercise")), tmp_path / "00_trial.ipynb")
    page = tmp_path / "deep" / "report.html"
    assert main(["--folder", str(tmp_path), "--to", str(page), "--name", 'Ada "Countess" L']) == 0
    assert "Ada &#34;Countess&#34; L" in page.read_text() and str(page) in capsys.readouterr().out
    for name, text in (("01_empty.ipynb", ""), ("01_list.ipynb", "[1]"), ("01_other.ipynb", '{"cells": 3}')):
        (tmp_path / name).write_text(text)
        assert main(["--folder", str(tmp_path), "--to", str(page)]) == 1
        assert f"{name} is not a Jupyter notebook: " in capsys.readouterr().err
        (tmp_path / name).unlink()
    assert main(["--folder", str(tmp_path / "nowhere")]) == 1
    assert "no folder" in capsys.readouterr().err
    (tmp_path / "none").mkdir()
    assert main(["--folder", str(tmp_path / "none")]) == 1
    assert main(["--folder", str(tmp_path), "--to", str(tmp_path)]) == 1


def test_report_needs_no_torch() -> None:
    """Reading saved notebooks costs neither torch nor a kernel."""
    program = "import sys, aecourse.classroom.report; print({'torch', 'matplotlib', 'ipywidgets'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600, check=True)
    assert done.stdout == "set()\n"
