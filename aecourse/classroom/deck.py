"""Prepare a notebook for the projector: long text is cut, figures are large, questions come before code."""

from __future__ import annotations

import html
import re

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from aecourse.classroom.cells import ANSI, error_line, excerpt, has_figure, hides_code, read_question, splits_printed
from aecourse.classroom.layout import pieces
from aecourse.classroom.notebook_files import tags
from aecourse.classroom.slide_types import figure_explanation, slide_types
from aecourse.records import VIEW, claim_in_words, read_records

CLAIM_LIST = '<ul class="held">'
PROGRESS = re.compile(r"training, \d+ epochs? *$|[^\n]*\?it/s\]$")  # what is stored of a progress bar


def prepare_deck(notebook: NotebookNode) -> NotebookNode:
    """Return a copy of a notebook for the projector.

    - Text too tall for one slide becomes several.
    - A stored figure fills the slide; its code, and a long explanation, go into the speaker's notes.
    - A prediction is shown as its question in large type; the learner's own choice stays private.
    - Widgets are shown by their stored picture; progress bars are left out.

    Slide types stored in the notebook take precedence; other cells get theirs from `slide_types`.
    """
    cells: list[NotebookNode] = []
    headings = ["", ""]  # the notebook's title and the chapter's, to stand above slides that have neither
    neighbours = list(zip([None, *notebook.cells], [*notebook.cells[1:], None], strict=False))
    for place, (cell, by_rule) in enumerate(zip(notebook.cells, slide_types(notebook), strict=True)):
        kind = cell.metadata.get("slideshow", {}).get("slide_type") or by_rule
        if kind == "skip" or not cell.source.strip():
            continue
        if kind == "notes":
            cells.append(_notes_cell(cell))
        elif cell.cell_type == "markdown":
            explanation = figure_explanation(cell, *neighbours[place])
            for piece in pieces(cell.source):
                _update_headings(headings, piece)
                kind = "fragment" if piece == explanation else _type_of_piece(piece, kind, cells)
                cells.append(_slide(new_markdown_cell(piece), kind, headings))
                kind = "subslide"
        elif cell.cell_type == "code":
            slide = _slide(_code_slide(cell), kind, headings)
            cells += _split_printed(slide, headings) if splits_printed(cell) else [slide]
            cells += _speaker_notes(cell, *notebook.cells[place + 1 : place + 3])
    return new_notebook(cells=cells, metadata={"title": headings[0]})


def _type_of_piece(piece: str, kind: str, above: list) -> str:
    """Return the slide type of a piece of text: a chapter's heading begins a slide, other text goes on below."""
    if piece.startswith(("# ", "## ")) or not above:
        return "slide"
    return "subslide" if kind in ("slide", "fragment") else kind


def _update_headings(headings: list[str], piece: str) -> None:
    """Update the titles with the headings of this piece."""
    for level, heading in re.findall(r"^(##?) (.+)$", piece, re.M):
        headings[len(level) - 1 :] = [heading] if level == "##" else [heading, ""]


def _slide(cell: NotebookNode, kind: str, headings: list[str]) -> NotebookNode:
    cell.metadata["slideshow"] = {"slide_type": kind}
    if kind in ("slide", "subslide") and not cell.source.startswith(("# ", "## ")):
        cell.metadata["slideshow"]["data"] = {"crumbs": " › ".join(filter(None, headings)).replace("$", "")}
    return cell


def _code_slide(cell: NotebookNode) -> NotebookNode:
    """Return the cell with its outputs as plain HTML, and without code that belongs in the speaker's notes."""
    outputs = [] if "exercise" in tags(cell) else cell.outputs
    parts: list[str] = []
    for output in _join_printed(outputs):
        part = output_html(output)
        if part.startswith(CLAIM_LIST) and parts and parts[-1].startswith(CLAIM_LIST):  # claims in a row are one list
            parts[-1] = parts[-1].removesuffix("</ul>") + part.removeprefix(CLAIM_LIST)
        elif part:
            parts.append(part)
    body = [new_output("display_data", data={"text/html": part}) for part in parts]
    metadata = {"transient": {"remove_source": True}} if hides_code(cell) and parts else {}
    return NotebookNode(cell | {"source": excerpt(cell.source), "metadata": NotebookNode(metadata), "outputs": body})


def _join_printed(outputs: list) -> list[NotebookNode]:
    """Join consecutive pieces of printed output into one."""
    joined: list[NotebookNode] = []
    for output in outputs:
        if joined and output.output_type == "stream" and joined[-1].get("name") == output.name:
            joined[-1] = NotebookNode(joined[-1] | {"text": joined[-1].text + output.text})
        else:
            joined.append(output)
    return joined


def _split_printed(cell: NotebookNode, headings: list[str]) -> list[NotebookNode]:
    """Return the code or the figures, and a slide of its own for what was printed."""
    figures = [output for output in cell.outputs if "<img " in output.data["text/html"]]
    printed = [output for output in cell.outputs if output not in figures]
    below = new_code_cell(outputs=printed, metadata={"transient": {"remove_source": True}})
    return [NotebookNode(cell | {"outputs": figures}), *([_slide(below, "subslide", headings)] if printed else [])]


def _speaker_notes(
    cell: NotebookNode, below: NotebookNode | None = None, next_below: NotebookNode | None = None
) -> list:
    """Return notes: what to say about a figure, unless the next slide says it, and code that is not on the slide."""
    notes = []
    if has_figure(cell) and below is not None and below.cell_type == "markdown":
        words = pieces(below.source)[0]
        said_below = words.startswith("#") or figure_explanation(below, cell, next_below)
        notes += [] if said_below else [_notes_cell(new_markdown_cell(words))]
    return [*notes, _notes_cell(cell)] if hides_code(cell) else notes


def _notes_cell(cell: NotebookNode) -> NotebookNode:
    words = cell.source.replace("$", "")  # the speaker view renders no formulas
    source = words if cell.cell_type == "markdown" else f"```python\n{cell.source}\n```"
    return new_markdown_cell(source, metadata={"slideshow": {"slide_type": "notes"}})


def output_html(output: NotebookNode) -> str:
    """Return one stored output as HTML for a slide; empty for what nobody needs to see there."""
    if output.output_type == "stream":
        text = "" if output.name == "stderr" else ANSI.sub("", output.text).rstrip()
        return f"<pre>{html.escape(text)}</pre>" if text else ""
    if output.output_type == "error":
        return f'<pre class="error">{html.escape(error_line(output))}</pre>'
    data, text = output.get("data", {}), output.get("data", {}).get("text/plain", "")
    if "image/png" in data:
        alt = output.get("metadata", {}).get("image/png", {}).get("alt") or text
        return f'<img class="figure" src="data:image/png;base64,{data["image/png"].strip()}" alt="{html.escape(alt)}">'
    if asked := read_question(output):
        items = "".join(f"<li>{html.escape(option)}</li>" for option in asked[1])
        return f'<div class="predict"><p>{html.escape(asked[0])}</p><ol type="A">{items}</ol></div>'
    for record in read_records([output]):
        if record["kind"] == "claim":
            return f"{CLAIM_LIST}<li>{html.escape(claim_in_words(record))}</li></ul>"
        if record["kind"] == "prediction":  # under its question, without what this learner predicted
            asked, measured = html.escape(record["question"]), html.escape(record["measured"])
            return f'<p class="asked">{asked}</p><p class="measured">Measured: {measured}.</p>'
    if VIEW in data or not text.strip() or PROGRESS.match(text):  # a progress bar, or the text for screen readers
        return ""
    return data.get("text/html") or f"<pre>{html.escape(text)}</pre>"
