"""From a marked notebook to one that projects well: long text cut, figures large, questions before code."""

from __future__ import annotations

import html
import re

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from aecourse.classroom.cells import ANSI, error_sentence, excerpt, has_figure, hides_code, prints_apart, question
from aecourse.classroom.layout import pieces
from aecourse.classroom.marking import explained, slide_types
from aecourse.classroom.shelf import tags
from aecourse.records import claim_in_words, read_records

HELD = '<ul class="held">'
WIDGET = "application/vnd.jupyter.widget-view+json"


def dress(notebook: NotebookNode) -> NotebookNode:
    """a copy to be projected

    - Text too tall for a slide becomes several.
    - A stored figure fills the slide; the code that drew it goes to the speaker, and a long explanation as well.
    - A prediction is the question in large type; the learner's own choice stays private.
    - Widgets are shown by their stored picture; progress bars are left out.

    The slide types stored in the notebook count; cells without one get it by the rule.
    """
    cells: list[NotebookNode] = []
    crumbs = ["", ""]  # the notebook's title and the chapter's, to stand above slides that have neither
    neighbours = list(zip([None, *notebook.cells], [*notebook.cells[1:], None], strict=False))
    for place, (cell, ruled) in enumerate(zip(notebook.cells, slide_types(notebook), strict=True)):
        kind = cell.metadata.get("slideshow", {}).get("slide_type") or ruled
        if kind == "skip" or not cell.source.strip():
            continue
        if kind == "notes":
            cells.append(_note(cell))
        elif cell.cell_type == "markdown":
            explanation = explained(cell, *neighbours[place])
            for piece in pieces(cell.source):
                _follow(crumbs, piece)
                kind = "fragment" if piece == explanation else _kind_of(piece, kind, cells)
                cells.append(_slide(new_markdown_cell(piece), kind, crumbs))
                kind = "subslide"
        elif cell.cell_type == "code":
            slide = _slide(_code(cell), kind, crumbs)
            cells += _split(slide, crumbs) if prints_apart(cell) else [slide]
            cells += _speaker(cell, *notebook.cells[place + 1 : place + 3])
    return new_notebook(cells=cells, metadata={"title": crumbs[0]})


def _kind_of(piece: str, kind: str, above: list) -> str:
    """a piece with a chapter's heading begins a slide; a piece without goes on below"""
    if piece.startswith(("# ", "## ")) or not above:
        return "slide"
    return "subslide" if kind in ("slide", "fragment") else kind


def _follow(crumbs: list[str], piece: str) -> None:
    """remember the headings just passed"""
    for level, heading in re.findall(r"^(##?) (.+)$", piece, re.M):
        crumbs[len(level) - 1 :] = [heading] if level == "##" else [heading, ""]


def _slide(cell: NotebookNode, kind: str, crumbs: list[str]) -> NotebookNode:
    cell.metadata["slideshow"] = {"slide_type": kind}
    if kind in ("slide", "subslide") and not cell.source.startswith(("# ", "## ")):
        cell.metadata["slideshow"]["data"] = {"crumbs": " › ".join(filter(None, crumbs)).replace("$", "")}
    return cell


def _code(cell: NotebookNode) -> NotebookNode:
    """the cell with outputs as plain HTML, and without code that belongs to the speaker"""
    outputs = [] if "exercise" in tags(cell) else cell.outputs
    parts: list[str] = []
    for output in _joined(outputs):
        part = shown(output)
        if part.startswith(HELD) and parts and parts[-1].startswith(HELD):  # claims in a row are one list
            parts[-1] = parts[-1].removesuffix("</ul>") + part.removeprefix(HELD)
        elif part:
            parts.append(part)
    body = [new_output("display_data", data={"text/html": part}) for part in parts]
    metadata = {"transient": {"remove_source": True}} if hides_code(cell) and parts else {}
    return NotebookNode(cell | {"source": excerpt(cell.source), "metadata": NotebookNode(metadata), "outputs": body})


def _joined(outputs: list) -> list[NotebookNode]:
    """the outputs, with what was printed bit by bit in one piece"""
    joined: list[NotebookNode] = []
    for output in outputs:
        if joined and output.output_type == "stream" and joined[-1].get("name") == output.name:
            joined[-1] = NotebookNode(joined[-1] | {"text": joined[-1].text + output.text})
        else:
            joined.append(output)
    return joined


def _split(cell: NotebookNode, crumbs: list[str]) -> list[NotebookNode]:
    """the code or the figures, and what was printed on a slide of its own"""
    figures = [output for output in cell.outputs if "<img " in output.data["text/html"]]
    printed = [output for output in cell.outputs if output not in figures]
    below = new_code_cell(outputs=printed, metadata={"transient": {"remove_source": True}})
    return [NotebookNode(cell | {"outputs": figures}), *([_slide(below, "subslide", crumbs)] if printed else [])]


def _speaker(cell: NotebookNode, below: NotebookNode | None = None, next_below: NotebookNode | None = None) -> list:
    """notes: what to say about a figure if the next slide says it, and the code that is not on the slide"""
    notes = []
    if has_figure(cell) and below is not None and below.cell_type == "markdown":
        words = pieces(below.source)[0]
        said_below = words.startswith("#") or explained(below, cell, next_below)
        notes += [] if said_below else [_note(new_markdown_cell(words))]
    return [*notes, _note(cell)] if hides_code(cell) else notes


def _note(cell: NotebookNode) -> NotebookNode:
    words = cell.source.replace("$", "")  # the speaker's view sets no formulas
    source = words if cell.cell_type == "markdown" else f"```python\n{cell.source}\n```"
    return new_markdown_cell(source, metadata={"slideshow": {"slide_type": "notes"}})


def shown(output: NotebookNode) -> str:
    """one stored output as HTML for a slide; empty for what nobody needs to see there"""
    if output.output_type == "stream":
        text = "" if output.name == "stderr" else ANSI.sub("", output.text).rstrip()
        return f"<pre>{html.escape(text)}</pre>" if text else ""
    if output.output_type == "error":
        return f'<pre class="error">{html.escape(error_sentence(output))}</pre>'
    data, text = output.get("data", {}), output.get("data", {}).get("text/plain", "")
    if "image/png" in data:
        alt = output.get("metadata", {}).get("image/png", {}).get("alt") or text
        return f'<img class="figure" src="data:image/png;base64,{data["image/png"].strip()}" alt="{html.escape(alt)}">'
    if asked := question(output):
        items = "".join(f"<li>{html.escape(option)}</li>" for option in asked[1])
        return f'<div class="predict"><p>{html.escape(asked[0])}</p><ol type="A">{items}</ol></div>'
    for record in read_records([output]):
        if record["kind"] == "claim":
            return f"{HELD}<li>{html.escape(claim_in_words(record))}</li></ul>"
        if record["kind"] == "prediction":  # under its question, and without what this learner had predicted
            asked, measured = html.escape(record["question"]), html.escape(record["measured"])
            return f'<p class="asked">{asked}</p><p class="measured">Measured: {measured}.</p>'
    if WIDGET in data or not text.strip():  # a progress bar, or words for screen readers that the picture has as well
        return ""
    return data.get("text/html") or f"<pre>{html.escape(text)}</pre>"
