"""Slides: the rule that marks cells, the cutting of long text, and pages that need no network."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from helpers.learner import ran
from helpers.paths import NOTEBOOKS
from hypothesis import given, strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from aecourse.classroom.cells import excerpt, hides_code, printed_lines
from aecourse.classroom.deck import output_html, prepare_deck
from aecourse.classroom.layout import MAX_HEIGHT, blocks, height, pieces
from aecourse.classroom.slide_types import slide_types, write_slide_types
from aecourse.classroom.slides import ASSETS, export_all, main, update_slide_types
from aecourse.exercises import Prediction, check, claim

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "a", "version_major": 2, "version_minor": 0}}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def text(source: str) -> nbformat.NotebookNode:
    """A text cell."""
    return new_markdown_cell(source)


def figure(source: str = "plot_image(x)\nshow(ax)") -> nbformat.NotebookNode:
    """A code cell that shows a picture."""
    picture = new_output("display_data", data={"image/png": PNG}, metadata={"image/png": {"alt": 'a "dot"'}})
    return new_code_cell(source, outputs=[picture])


def ask(space: dict | None = None) -> nbformat.NotebookNode:
    """A code cell that asks for a prediction."""
    return ran("guess = Prediction('01.guess', 'How many?', ['1', '<2'])\nguess", space=space)


def says(source: str, words: str) -> nbformat.NotebookNode:
    """A code cell that prints."""
    return new_code_cell(source, outputs=[new_output("stream", name="stdout", text=words)])


@each_notebook
def test_stored_marks_follow_the_rule(path: Path) -> None:
    """Every cell is marked as the rule says; after a change: python -m aecourse.classroom.slides --mark."""
    notebook = nbformat.read(path, as_version=4)
    stored = [cell.metadata.get("slideshow", {}).get("slide_type", "-") for cell in notebook.cells]
    assert stored == slide_types(notebook)
    assert stored[0] == "slide"


def test_rule_on_a_small_notebook() -> None:
    """Headings begin slides, short text shares one with code, set-up is skipped, solutions are the speaker's."""
    solution = new_code_cell("# Solution\n1", metadata={"tags": ["solution"]})
    cells = {
        "# 01 · Title": "slide",
        "Some words.": "subslide",
        "## 1 · Chapter\n\nWords.": "slide",
        "### Section\n\nWords.": "subslide",
    }
    notebook = new_notebook(cells=[text(source) for source in cells])
    notebook.cells += [
        figure(),  # 00 begins with an explorer, before its set-up
        new_code_cell("import x\ndevice = pick_device()"),
        text("Look:"),
        figure(),
        text("**Explain.** It is."),
    ]
    notebook.cells += [
        new_code_cell("x = 1"),
        text("Long. " * 200),
        new_code_cell("y = 1\n" * 12),
        solution,
        new_code_cell(""),
    ]
    expected = [
        *cells.values(),
        "-",
        "skip",
        "subslide",
        "-",
        "fragment",
        "subslide",
        "subslide",
        "subslide",
        "notes",
        "skip",
    ]
    assert slide_types(notebook) == expected
    write_slide_types(notebook)
    assert "slideshow" not in notebook.cells[7].metadata
    assert slide_types(notebook) == expected  # the rule does not read its own marks


def test_text_between_a_figure_and_code_introduces_the_code() -> None:
    """Unless it begins with one of the course's words for looking back, or no code follows."""
    for words, below, kind in (
        ("Now train.", new_code_cell("fit(x)"), "subslide"),
        ("**Observe.** See.", new_code_cell("fit(x)"), "fragment"),
        ("A ring.", text("more"), "fragment"),
        ("Long. " * 100, text("more"), "subslide"),
    ):
        assert slide_types(new_notebook(cells=[text("# T"), figure(), text(words), below]))[2] == kind


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_pieces_keep_every_word_and_fit(path: Path) -> None:
    """Cutting loses nothing but repeats the head of a table, and no piece is a wall."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "markdown":
            continue
        parts = pieces(cell.source)
        heads = {line for line in cell.source.splitlines() if line.startswith("|")}
        kept = [line for part in parts for line in part.splitlines() if line.strip() and line not in heads]
        assert kept == [line for line in cell.source.splitlines() if line.strip() and line not in heads]
        assert heads <= {line for part in parts for line in part.splitlines()}
        assert all(height(part) <= MAX_HEIGHT for part in parts)


@given(
    st.lists(
        st.sampled_from(
            ["Words. " * 30, "- item", "1. item", "## Head", "> promise", "$$\nx\n\ny\n$$", "```\na\n\n# b\n```"]
        ),
        min_size=1,
    )
)
def test_blocks_join_to_the_same_text(parts: list[str]) -> None:
    """Fences and formulas stay whole, order is kept, and every piece is non-empty."""
    source = "\n\n".join(parts)
    assert "".join("".join(block.split()) for block in blocks(source)) == "".join(source.split())
    assert "".join("".join(piece.split()) for piece in pieces(source)) == "".join(source.split())
    assert all(piece.strip() and piece.count("```") % 2 == 0 and piece.count("$$") % 2 == 0 for piece in pieces(source))


def test_tall_table_is_cut_under_the_same_head() -> None:
    """Each part has the head, and the rows come once."""
    rows = [f"| {i} | b |" for i in range(40)]
    parts = pieces("\n".join(["| a | b |", "| --- | --- |", *rows]))
    assert len(parts) > 1 and all(part.startswith("| a | b |\n| --- | --- |\n") for part in parts)
    assert [row for part in parts for row in part.splitlines()[2:]] == rows


def test_code_on_a_slide() -> None:
    """Code that draws, asks or reports goes to the speaker; claims are left out of the rest; broken code is kept."""
    assert (
        hides_code(figure("x = 1\nplot(x)"))
        and hides_code(ask())
        and hides_code(says("claim('01.a', 'a', 1)\nprint(2)", ""))
    )
    assert (
        not hides_code(new_code_cell("x = f(1)"))
        and not hides_code(new_code_cell("!ls"))
        and not hides_code(new_code_cell(""))
    )
    assert excerpt("a = 1\nclaim(\n    '01.x', 'x', a\n)  # fmt: skip\n\n\nb = 2") == "a = 1\n\nb = 2"
    assert excerpt("claim('01.x', 'x', 1)") == "claim('01.x', 'x', 1)" and excerpt("for") == "for"


def test_outputs_on_a_slide() -> None:
    """Pictures with their words, questions without radio buttons, no widget, no progress bar, no traceback."""
    assert (
        output_html(figure().outputs[0])
        == f'<img class="figure" src="data:image/png;base64,{PNG}" alt="a &quot;dot&quot;">'
    )
    assert "<li>&lt;2</li>" in output_html(ask().outputs[0]) and "widget" not in output_html(ask().outputs[0])
    assert output_html(new_output("display_data", data=WIDGET | {"text/plain": "training, 5 epochs"})) == ""
    for bar in ("training, 5 epochs           ", "one epoch:   0%|          | 0/860 [00:00<?, ?it/s]"):
        assert output_html(new_output("display_data", data={"text/plain": bar})) == ""  # stored without its widget
    assert output_html(new_output("stream", name="stderr", text="warning")) == ""
    error = new_output("error", ename="ValueError", evalue="<b>", traceback=["long"] * 50)
    assert output_html(error) == '<pre class="error">ValueError: &lt;b&gt;</pre>'


def test_printed_lines_on_a_slide() -> None:
    """Claims as a list, the measured answer without what this learner had predicted, the rest as it was."""
    source = "print('a  <b>')\n" + "\n".join(f"claim('01.c{i}', '{i} < 3', {i}, at_most=2)" for i in (1, 2))
    source += "\nguess = Prediction('01.guess', '<How>?', ['10 or more', '2'])\nguess.value = '2'"
    cell = ran(f"{source}\nguess.reveal('10 or more')\ncheck('00.1', 16)")
    assert len(printed_lines(cell)) == 5
    done = prepare_deck(new_notebook(cells=[text("# T"), cell])).cells
    pages = [output.data["text/html"] for cell in done for output in cell.get("outputs", [])]
    assert pages[:3] == [
        "<pre>a  &lt;b&gt;</pre>",
        '<ul class="held"><li>1 &lt; 3: ≈ 1 (claimed: at most 2)</li><li>2 &lt; 3: ≈ 2 (claimed: at most 2)</li></ul>',
        '<p class="asked">&lt;How&gt;?</p><p class="measured">Measured: 10 or more.</p>',
    ]
    assert "Exercise 00.1: not yet." in pages[3] and len(pages) == 4


def test_dressed_notebook() -> None:
    """The question stands above its answer; explanation and hidden code are in the notes; outcomes are not shown."""
    space = {"check": check, "claim": claim, "Prediction": Prediction}
    exercise = ran('r = ...\ncheck("01.1", r)', tag="exercise", space=space)
    question = ask(space)
    reveal = ran("guess.reveal('1')", space=space)
    cells = [
        text("# 01 · T\n\n> Promise.\n\nMore."),
        text("## 1 · The $k$ of it\n\nWords."),
        question,
        reveal,
        figure(),
    ]
    cells += [text("Slowly explained. " * 30), exercise]
    done = prepare_deck(new_notebook(cells=cells)).cells
    kinds = [cell.metadata.slideshow.slide_type for cell in done]
    assert kinds[:4] == ["slide", "subslide", "slide", "-"]
    assert done[1].metadata.slideshow.data.crumbs == "01 · T"
    answer = next(cell for cell in done if "Measured: 1." in str(cell.get("outputs")))
    assert '<p class="asked">How many?</p>' in answer.outputs[0].data["text/html"]
    assert answer.metadata.slideshow.data.crumbs == "01 · T › 1 · The k of it"
    assert "no prediction" not in str(done)
    notes = [cell.source for cell in done if cell.metadata.slideshow.slide_type == "notes"]
    assert any(note.startswith("Slowly") for note in notes) and "```python\nplot_image(x)\nshow(ax)\n```" in notes
    assert "not attempted" not in str(done) and any(cell.source.startswith("r = ...") for cell in done)


def test_code_and_results_too_tall_for_one_slide_get_two() -> None:
    """The code first, what it printed on the next."""
    tall = says("x = 1\n" * 20, "line\n" * 5)
    done = prepare_deck(new_notebook(cells=[text("# T"), tall])).cells
    assert [cell.metadata.slideshow.slide_type for cell in done] == ["slide", "subslide", "subslide"]
    assert done[1].outputs == [] and done[1].source and not done[2].source and "line" in str(done[2].outputs)


def test_pages_need_no_network(tmp_path: Path) -> None:
    """Scripts, styles and pictures come from the page or from static/, whose licences lie beside them."""
    pages = export_all([path for path in NOTEBOOKS if path.name[:2] in ("00", "03")], tmp_path)
    for page in pages:
        loaded = re.findall(r'<(?:script|img|link|iframe|source)\b[^>]*\b(?:src|href)="([^"]*)"', page.read_text())
        assert loaded and all(a.startswith("data:image/") or (tmp_path / a).is_file() for a in loaded)
        assert "@import" not in page.read_text() and "widget-view" not in page.read_text()
        assert all((tmp_path / a).is_file() for a in re.findall(r'href="(0[03]_[^"]*)"', page.read_text()))
    contents = (tmp_path / "index.html").read_text()
    assert all(f'href="{page.name}"' in contents for page in pages)
    assert {f.name for f in (ASSETS / "static").glob("LICENSE*")} == {"LICENSE-reveal.js", "LICENSE-MathJax"}
    assert sum(f.stat().st_size for f in ASSETS.rglob("*") if f.is_file()) < 4e6


def test_marking_a_file_changes_nothing_else(tmp_path: Path) -> None:
    """Taking the marks away and putting them back gives the same bytes; a second time changes nothing."""
    copy = tmp_path / NOTEBOOKS[0].name
    notebook = nbformat.read(NOTEBOOKS[0], as_version=4)
    for cell in notebook.cells:
        cell.metadata.pop("slideshow", None)
    nbformat.write(notebook, copy)
    assert update_slide_types(copy) and copy.read_bytes() == NOTEBOOKS[0].read_bytes()
    assert not update_slide_types(copy)


def test_edited_and_unrun_notebooks_are_exported(tmp_path: Path) -> None:
    """Without marks, without outputs, with a learner's half-written cells and endless output."""
    cells = [
        text("no heading"),
        new_code_cell("def f(:"),
        says("f()", "x\n" * 500),
        new_markdown_cell(""),
        text("![a](no.png)"),
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "77_mine.ipynb")
    assert main(["--folder", str(tmp_path), "--to", str(tmp_path / "out")]) == 0
    assert "def" in (tmp_path / "out" / "77_mine.html").read_text()


def test_command_line_errors(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """A missing folder, no such notebook, not a notebook, nothing to show: a sentence and an exit status."""
    (tmp_path / "00_bad.ipynb").write_text("{}")
    nbformat.write(new_notebook(), tmp_path / "01_empty.ipynb")
    for arguments, words in (
        (["--folder", str(tmp_path / "none")], "no folder"),
        (["99", "--folder", str(tmp_path)], "begins with 99"),
        (["00", "--folder", str(tmp_path)], "00_bad.ipynb is not a Jupyter notebook"),
        (["01", "--folder", str(tmp_path)], "no cell to show"),
    ):
        assert main([*arguments, "--to", str(tmp_path / "out")]) == 1
        assert words in capsys.readouterr().err
