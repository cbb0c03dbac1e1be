"""Which cell begins a slide: one rule for every notebook, so that nobody marks cells by hand.

- A text cell with a chapter's heading begins a slide, every other text cell a slide below it.
- A short text after a figure explains it: it stays hidden below the figure until the speaker goes on.
- Code joins the text above it if both fit on the screen, and begins a slide below otherwise.
- The set-up cell is skipped; the folded solution of an exercise becomes the speaker's note.
"""

from __future__ import annotations

import itertools
import re

from nbformat import NotebookNode

from aecourse.classroom.cells import asks, code_height, has_figure, prints_apart
from aecourse.classroom.layout import FULL, height, pieces
from aecourse.classroom.shelf import tags

LOOKING_BACK = ("**Observe", "**Explain", "**Check")
EXPLANATION = 4.0  # lines that leave room for the figure they explain


def mark(notebook: NotebookNode) -> None:
    """write `metadata.slideshow.slide_type` into every cell, in place; a cell that only goes on has none"""
    for cell, kind in zip(notebook.cells, slide_types(notebook), strict=True):
        cell.metadata.pop("slideshow", None)
        if kind != "-":
            cell.metadata["slideshow"] = {"slide_type": kind}


def slide_types(notebook: NotebookNode) -> list[str]:
    """for each cell "slide", "subslide", "fragment", "-" (goes on), "skip" or "notes", by the rule"""
    kinds: list[str] = []
    room, above = 0.0, None  # lines left below the text just above; the cell above
    set_up = next((cell for cell in notebook.cells if cell.cell_type == "code"), None)
    for cell, below in itertools.zip_longest(notebook.cells, notebook.cells[1:]):
        if cell.cell_type == "markdown" and cell.source.strip():
            kinds.append(_kind_of_text(cell, above, below) if "slide" in kinds else "slide")
            room = 0.0 if kinds[-1] == "fragment" else FULL - height(pieces(cell.source)[-1])
        elif cell.cell_type == "code" and "solution" in tags(cell):
            kinds.append("notes")
        elif cell.cell_type != "code" or not cell.source.strip() or (cell is set_up and "pick_device(" in cell.source):
            kinds.append("skip")
        else:
            kinds.append("-" if code_height(cell) <= room else "subslide")
            room = 0.0
        above = cell
    return kinds


def _kind_of_text(cell: NotebookNode, above: NotebookNode | None, below: NotebookNode | None) -> str:
    if re.search(r"^##? ", cell.source, re.M):
        return "slide"
    alone = len(pieces(cell.source)) == 1
    return "fragment" if alone and explained(cell, above, below) else "subslide"


def explained(cell: NotebookNode, above: NotebookNode | None, below: NotebookNode | None) -> str:
    """the part of a text cell that says, in a few lines, what the figure above it shows; empty if it does not

    A short text between a figure and code introduces the code, unless it begins with one of the course's words for
    looking back.
    """
    if above is None or not has_figure(above) or asks(above) or prints_apart(above):
        return ""
    first, *rest = pieces(cell.source)
    looks_back = rest or below is None or below.cell_type != "code" or first.startswith(LOOKING_BACK)
    return first if looks_back and not first.startswith("#") and height(first) <= EXPLANATION else ""
