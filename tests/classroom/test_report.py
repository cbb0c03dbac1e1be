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
from aecourse.classroom.answers import read_answers
from aecourse.classroom.formulas import prose
from aecourse.classroom.notebook_files import fingerprint, read_shipped
from aecourse.classroom.report import main, render
from aecourse.classroom.saved import (
    NOT_ATTEMPTED,
    NOT_RUN,
    NOT_YET,
    RIGHT,
    STOPPED,
    UNREADABLE,
    Answer,
    SavedPrediction,
)
from aecourse.exercises import Prediction, check
from aecourse.records import COPY, RECORD

OPTIONS = ["a half", "less. You predicted a half: no", "less"]  # answers that would fool a careless reading
VOID = {"meta", "br", "hr", "img", "link", "input"}


def predicted(choice: str | None, measured: str) -> list[nbformat.NotebookNode]:
    """The two cells of a prediction, as run by a learner who chose `choice`."""
    space = {"Prediction": Prediction}
    asks = ran(
        f"guess = Prediction(\n    '00.left',\n    'How much is left?',\n    {OPTIONS!r},\n)\nguess", space=space
    )
    space["guess"].value = choice or ""
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


def test_the_vote_before_the_result_counts() -> None:
    """Whoever votes anew and looks again has still predicted what stood when the result was first shown."""
    cells = [*predicted("less", "a half"), *predicted("a half", "a half")]
    assert read_answers(notebook(*cells)).predictions == [SavedPrediction("How much is left?", "less", "a half")]


def test_two_predictions_in_one_cell_keep_their_order() -> None:
    """Each revealed answer goes to the question of its name."""
    space = {"Prediction": Prediction}
    asks = ran("a = Prediction('00.a', 'A?', ['x', 'y'])\nb = Prediction('00.b', 'B?', ['x', 'y'])", space=space)
    space["a"].value, space["b"].value = "x", "y"
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
        ('def f(x, y):\n    return 1 / 0\n\n\ncheck("00.2", f)', STOPPED, "ZeroDivisionError"),
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
        "<strong>01.1 (easy)</strong> <em>Hint:</em> <code>a &lt; b</code>, "
        '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline"><mrow><mi>k</mi></mrow></math>'
    )


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"n \ge 2", "n≥2"),
        (r"a < b", "a<b"),
        (r"\|J\|_F^2", "‖J‖F2"),
        (r"\mathbb E[\,x \mid \tilde x\,]", "𝔼[x∣x~]"),
        (r"\text{<script>alert(1)</script>}", "<script>alert(1)</script>"),
        (r"\href{javascript:alert(1)}{x}", "x"),
        (r"\style{color:red}{x}", "x"),
        (r"\begin{matrix} 1", r"\begin{matrix} 1"),
        ("{", "{"),
    ],
)
def test_formulas_are_set(latex: str, shown: str) -> None:
    """As MathML without an address, a style or a script; what cannot be read stays as it was written."""
    page = Page(str(prose(f"**Let ${latex}$** be `$HOME` and `$PATH`")))
    assert page.text == f"Let {shown} be $HOME and $PATH"
    assert {tag for tag, _ in page.seen} & {"math", "code"} and "script" not in {tag for tag, _ in page.seen}
    assert not [name for _, attributes in page.seen for name in attributes if name in ("href", "style", "onclick")]


def test_every_formula_of_an_exercise_can_be_set() -> None:
    """None of the shipped tasks falls back to what was written."""
    tasks = [answer.task for path in NOTEBOOKS for answer in read_answers(nbformat.read(path, as_version=4)).answers]
    formulas = [formula for task in tasks for formula in re.findall(r"\$([^$]+)\$", task)]
    assert len(formulas) > 40
    assert not [formula for formula in formulas if "<math" not in prose(f"${formula}$")]


def shipped_pair() -> tuple[nbformat.NotebookNode, nbformat.NotebookNode]:
    """A notebook as it ships, with a question, a claim and a stub, and a copy of it."""
    stub = ran('ratio = ...\ncheck("00.1", ratio)', count=4, tag="exercise")
    cells = [*predicted(None, "less"), ran('claim("00.c", "A", 1, at_most=1)', count=3), stub]
    cells[0].outputs[0].data.pop("application/vnd.jupyter.widget-view+json")  # as tests/notebooks.py stores it
    shipped = notebook(*cells)
    return shipped, nbformat.from_dict(shipped)


def empty(copied: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A working copy: the same cells without outputs, and a mark that it began so."""
    for cell in copied.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    copied.metadata[COPY] = fingerprint(copied)
    return copied


def test_what_was_not_opened_is_said() -> None:
    """Neither the shipped notebook nor a working copy counts before something is run or written in it."""
    shipped, copied = shipped_pair()
    for untouched in (copied, empty(nbformat.from_dict(copied))):
        reading = read_answers(untouched, shipped)
        assert (reading.opened, reading.claims, reading.attempted) == (False, 0, 0)
        assert reading.predictions == [SavedPrediction("00.left")]
        page = Page(render([("00.ipynb", "today", reading)]))
        assert "not opened" in page.text and "How much is left?" not in page.text
    for touched in (copied, empty(nbformat.from_dict(copied))):
        touched.cells[-1].source = touched.cells[-1].source.replace("...", "16")
        assert read_answers(touched, shipped).opened


def test_a_working_copy_of_an_older_course_was_not_opened() -> None:
    """Its words differ from what ships today, but nobody wrote them here."""
    shipped, copied = shipped_pair()
    old = empty(copied)
    shipped.cells[0].source += " better said"
    assert not read_answers(old, shipped).opened
    old.cells[0].source += " my note"
    assert read_answers(old, shipped).opened


def test_the_shipped_notebook_is_found() -> None:
    """Under its name, and under that of a copy, whatever made it."""
    name = NOTEBOOKS[3].name
    for mark in ("_fresh", "_fresh_2", "-Copy1", " - Copy", " - Copy (2)", " copy 2", " (1)", "_fresh-Copy12"):
        assert read_shipped(name).cells == read_shipped(name.replace(".ipynb", f"{mark}.ipynb")).cells
    assert read_shipped("77_mine.ipynb") is None


def test_only_claims_run_here_count() -> None:
    """Whether the notebook came with outputs or without, and also if they agree to the letter."""
    shipped, copied = shipped_pair()
    copied.cells[-1] = ran('check("00.1", 16)', count=1, tag="exercise")  # alone, in the shipped notebook
    assert read_answers(copied, shipped).claims == 0
    working = empty(nbformat.from_dict(shipped))
    working.cells[3] = nbformat.from_dict(shipped.cells[3])  # in a working copy that was run half
    assert read_answers(working, shipped).claims == 1
    whole = nbformat.from_dict(shipped)
    whole.cells[1].outputs[0].data["application/vnd.jupyter.widget-view+json"] = {"model_id": "1"}
    assert read_answers(whole, shipped).claims == 1  # Run All: the questions are widgets again


def test_a_copy_is_shown_by_name_and_not_counted_twice() -> None:
    """In the summary; the sum at its foot is that of one."""
    reading = read_answers(notebook(ran('check("00.1", 12.25)', tag="exercise")))
    page = Page(render([(f"00_a{mark}.ipynb", "today", reading) for mark in ("-Copy1", "", "_fresh")]))
    assert page.text.count("not counted, as another copy holds as much") == 2
    assert "00_a-Copy1.ipynb: not counted" in page.text and "00_a_fresh.ipynb: not counted" in page.text
    assert page.text.count("1 of 1") == 4, "three rows and one sum"


@pytest.mark.parametrize("value", [2.5, "nan", "inf", None, 0.5])
def test_a_missed_claim_is_listed_with_its_value(value: object) -> None:
    """Outside its bounds, no number, or a whole one that is not equal."""
    cell = ran('claim("00.c", "A share", 1, at_least=0.75, at_most=1)')
    cell.outputs[-1].metadata[RECORD]["value"] = value
    reading = read_answers(notebook(cell))
    assert reading.claims == 0 and [claim.bounds for claim in reading.missed] == ["at least 0.75 and at most 1"]
    text = Page(render([("00.ipynb", "today", reading)])).text
    assert "Changed settings" in text and "at least 0.75" in text and f"{float(value or 'nan'):.3g}" in text


def test_an_exercise_run_again_later_is_noticed() -> None:
    """By its execution count alone, without the remark that the notebook was not run from top to bottom."""
    cells = [ran("1"), ran('check("00.1", 12.25)', count=9, tag="exercise"), ran("2", count=3), ran("3", count=4)]
    reading = read_answers(notebook(*cells))
    assert reading.answers[0].later and reading.remarks == []
    assert "run again later" in Page(render([("00.ipynb", "today", reading)])).text
    cells[1].execution_count = 2
    assert not read_answers(notebook(*cells)).answers[0].later
    assert not read_answers(notebook(cells[1])).answers[0].later  # nothing stands below it
    cells[2].execution_count = 1
    assert "top to bottom" in read_answers(notebook(*cells)).remarks[0]


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
