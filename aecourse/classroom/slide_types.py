"""Which cell begins a slide: one rule for every notebook, so that nobody sets slide types by hand.

- A text cell with a chapter's heading begins a slide, every other text cell a slide below it.
- A short text after a figure explains it: it stays hidden below the figure until the speaker goes on.
- Code joins the text above it if both fit on the screen, and begins a slide below otherwise.
- The set-up cell is skipped; the folded solution of an exercise becomes a speaker's note.
"""

from __future__ import annotations

import itertools
import re

from nbformat import NotebookNode

from aecourse.classroom.cells import code_height, has_figure, has_question, splits_printed
from aecourse.classroom.layout import MAX_HEIGHT, height, pieces
from aecourse.classroom.notebook_files import tags

LOOKING_BACK = ("**Observe", "**Explain", "**Check")
MAX_EXPLANATION = 4.0  # lines of text that leave room for its figure


def write_slide_types(notebook: NotebookNode) -> None:
    """Write `metadata.slideshow.slide_type` into every cell, in place; a cell that continues a slide gets none."""
    for cell, kind in zip(notebook.cells, slide_types(notebook), strict=True):
        cell.metadata.pop("slideshow", None)
        if kind != "-":
            cell.metadata["slideshow"] = {"slide_type": kind}


def slide_types(notebook: NotebookNode) -> list[str]:
    """Return each cell's type: "slide", "subslide", "fragment", "-" (continues a slide), "skip" or "notes"."""
    kinds: list[str] = []
    room, above = 0.0, None  # lines left below the text just above; the cell above
    set_up = next((cell for cell in notebook.cells if cell.cell_type == "code" and "pick_device(" in cell.source), None)
    for cell, below in itertools.zip_longest(notebook.cells, notebook.cells[1:]):
        if cell.cell_type == "markdown" and cell.source.strip():
            kinds.append(_kind_of_text(cell, above, below) if "slide" in kinds else "slide")
            room = 0.0 if kinds[-1] == "fragment" else MAX_HEIGHT - height(pieces(cell.source)[-1])
        elif cell.cell_type == "code" and "solution" in tags(cell):
            kinds.append("notes")
        elif cell.cell_type != "code" or not cell.source.strip() or cell is set_up:
            kinds.append("skip")
        else:
            kinds.append("-" if code_height(cell) <= room else "subslide")
            room = 0.0
        above = cell
    return kinds


def _kind_of_text(cell: NotebookNode, above: NotebookNode | None, below: NotebookNode | None) -> str:
    if re.search(r"^##? ", cell.source, re.M):
        return "slide"
    fits_one_slide = len(pieces(cell.source)) == 1
    return "fragment" if fits_one_slide and figure_explanation(cell, above, below) else "subslide"


def figure_explanation(cell: NotebookNode, above: NotebookNode | None, below: NotebookNode | None) -> str:
    """Return the part of a text cell that explains the figure above it in a few lines; empty if there is none.

    A short text between a figure and code introduces the code, unless it begins with one of `LOOKING_BACK`.
    """
    if above is None or not has_figure(above) or has_question(above) or splits_printed(above):
        return ""
    first, *rest = pieces(cell.source)
    looks_back = rest or below is None or below.cell_type != "code" or first.startswith(LOOKING_BACK)
    return first if looks_back and not first.startswith("#") and height(first) <= MAX_EXPLANATION else ""
